"""ExportTableToPointInTime, DescribeExport, ListExports (control-plane 4).

emulator/s3_jobs/exporting.py does the work of an export. It reads the table from a frozen view,
which this module opens when the export begins.
"""

from dataclasses import replace
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import arns, recovery
from emulator.database.definitions.s3_jobs import COMPLETED, EXPORT, Progress, S3Job
from emulator.database.history import past_items
from emulator.database.schema.table import Table
from emulator.model.request import Request
from emulator.operations.export_filter import selection_of
from emulator.operations.parameters import check_problems
from emulator.operations.registry import Response, operation
from emulator.operations.s3_jobs import (
    PAGE,
    described,
    job_of,
    new_id,
    of_table,
    page,
    seconds,
    token_of,
    with_token,
)

FULL: Final = "FULL_EXPORT"
INCREMENTAL: Final = "INCREMENTAL_EXPORT"
_SPECIFICATION: Final = "IncrementalExportSpecification"

_SHORTEST: Final = 15 * 60  # seconds: the shortest period of an incremental export
_LONGEST: Final = 24 * 3600
_CONCURRENT: Final = 300  # the maximum number of unfinished exports of an account and region (control-plane 4.1)
_ECHOED: Final = (
    "S3Bucket",
    "S3Prefix",
    "S3BucketOwner",
    "S3SseAlgorithm",
    "S3SseKmsKeyId",
    "ExportFormat",
    "ExportType",
    "FilterSpecification",
)


def _check(request: Request) -> None:
    if request.problems:
        check_problems(request.problems, "new")


@operation("ExportTableToPointInTime", check=_check)
def export_table(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Begin an export: of a table as it was at one time, or of its changes between two times."""
    table = _table(database, caller, request["TableArn"])
    sent = {member: value for member, value in request.items() if member != "ClientToken"}
    known = with_token(database, caller, EXPORT, request.get("ClientToken"))
    if known is not None and known.table_uuid == table.definition.uuid:
        if known.plan["request"] != orjson.loads(orjson.dumps(sent)):
            raise errors.export_conflict()
        return {"ExportDescription": _description(known, Progress())}
    now = database.clock.now()
    window = recovery.window(table.definition, now)
    if window is None:
        raise errors.recovery_disabled(table.name)
    _check_time(request.get("ExportTime"), window, now)
    if "S3SseKmsKeyId" in request and request.get("S3SseAlgorithm") != "KMS":
        raise errors.kms_key_unsupported()
    specification = _incremental(request, table, window, now)
    selection_of(request.get("FilterSpecification"), table)
    views, jobs = database.views, database.s3_jobs
    if sum(job.unfinished for job in jobs.of(caller.tenant, EXPORT, now)) >= _CONCURRENT:
        raise errors.too_many_jobs("exports", _CONCURRENT)
    echoed = {member: request[member] for member in _ECHOED if member in request}
    echoed = {"S3SseAlgorithm": "AES256", "ExportFormat": "DYNAMODB_JSON", **echoed}
    if specification is None:
        echoed["ExportTime"] = seconds(request.get("ExportTime", now))
        moment = request.get("ExportTime")
    else:
        echoed[_SPECIFICATION] = specification
        moment = specification["ExportToTime"]
    job = S3Job(
        kind=EXPORT,
        id=new_id(database, caller, EXPORT, now),
        owner=caller.tenant,
        access_key=caller.access_key,
        account=caller.account,
        region=caller.region,
        table=table.name,
        table_uuid=table.definition.uuid,
        started=now,
        begins=database.catalog.until(now),
        request=echoed,
        token=token_of(request),
    )
    with database.registries.changing() as change:
        jobs.forget_old(change, now)
        past = past_items.open_past(views, change, table.definition, moment)
        plan = {"view": past.view, "table": orjson.loads(table.definition.dump()), "request": sent}
        jobs.save(change, replace(job, plan=plan))
    return {"ExportDescription": _description(job, Progress())}


def _table(database: Database, caller: Caller, arn: str) -> Table:
    """Return the table with an ARN.

    Raises ApiError if the ARN is malformed, or if the caller cannot export the table. The possible
    errors are the first ones in the list of control-plane 4.1.
    """
    if not arn:
        raise errors.export_arn_empty()
    parsed = arns.parsed(arn)
    if parsed is None:
        raise errors.export_arn_invalid()
    if parsed.kind != "table":
        raise errors.export_arn_of_another_resource()
    if not caller.shared and parsed.account != caller.account:
        raise errors.access_denied()
    table = caller.tables.get(parsed.table)
    if table is not None and table.transient:
        table = database.catalog.settle(table)
    if table is None or table.definition.filling is not None or not (caller.shared or parsed.region == caller.region):
        raise errors.backup_table_not_found(arn)
    return table


def _check_time(moment: float | None, window: recovery.Window, now: float) -> None:
    if moment is None:
        return
    if moment > now or moment < window.earliest:
        raise errors.export_time_invalid()
    if moment > window.latest:
        raise errors.export_time_unavailable()


def _incremental(request: Request, table: Table, window: recovery.Window, now: float) -> dict[str, Any] | None:
    """Check the period of an incremental export; return its IncrementalExportSpecification.

    The result has default values for missing members, as in the export's description. For a full
    export, return None.
    """
    specification = request.get(_SPECIFICATION)
    kind = request.get("ExportType")
    if specification is None:
        if kind == INCREMENTAL:
            raise errors.incremental_specification_missing()
        return None
    if kind is None:
        raise errors.export_type_missing()
    if kind == FULL:
        raise errors.incremental_specification_with_full_export()
    begin = specification.get("ExportFromTime")
    if begin is None:
        raise errors.export_from_time_missing()
    end = specification.get("ExportToTime", now)
    if begin < int(table.definition.created):
        raise errors.export_from_time_before_table(begin)
    if end > now:
        raise errors.export_to_time_in_future(end)
    if end - begin < _SHORTEST:
        raise errors.export_period_too_short()
    if end - begin > _LONGEST:
        raise errors.export_period_too_long()
    if begin < window.earliest:
        raise errors.export_time_unavailable()
    view_type = specification.get("ExportViewType", "NEW_AND_OLD_IMAGES")
    return {"ExportFromTime": seconds(begin), "ExportToTime": seconds(end), "ExportViewType": view_type}


@operation("DescribeExport")
def describe_export(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return the settings and the state of an export."""
    arn = request["ExportArn"]
    job = job_of(
        database,
        caller,
        EXPORT,
        arn,
        invalid=errors.job_arn_invalid("Export"),
        missing=errors.export_not_found(arn),
        elsewhere=errors.export_of_another_region(),
    )
    return described(database, job, "ExportDescription", _description)


@operation("ListExports")
def list_exports(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return a page of the caller's exports, newest first.

    With TableArn, exports of an earlier, deleted table with the same ARN are left out.
    """
    arn = request.get("TableArn")
    jobs = of_table(database.s3_jobs.of(caller.tenant, EXPORT, database.clock.now()), arn)
    if arn is not None:
        jobs = [job for job in jobs if _still_exists(database, caller, job)]
    found, token = page(jobs, caller, request.get("NextToken"), request.get("MaxResults", PAGE), f"exports of {arn}")
    summaries = [
        {"ExportArn": job.arn, "ExportStatus": job.status, "ExportType": job.request.get("ExportType", FULL)}
        for job in found
    ]
    return {"ExportSummaries": summaries} | ({} if token is None else {"NextToken": token})


def _still_exists(database: Database, caller: Caller, job: S3Job) -> bool:
    table = database.catalog.find(caller, job.table, expected=False)
    return table is not None and table.definition.uuid == job.table_uuid


def _description(job: S3Job, progress: Progress) -> dict[str, Any]:
    """Return the member ExportDescription of responses (control-plane 4.2)."""
    description: dict[str, Any] = {
        "ExportArn": job.arn,
        "ExportStatus": job.status,
        "StartTime": seconds(job.started),
        "TableArn": job.table_arn,
        "TableId": job.table_uuid,
        "ClientToken": job.token,
        "DestinationType": "S3",
        **job.request,
    }
    if job.ended is not None:
        description["EndTime"] = seconds(job.ended)
    if job.status == COMPLETED:
        description |= {
            "ExportManifest": progress.manifest,
            "ItemCount": progress.written,
            "BilledSizeBytes": progress.billed,
        }
    if job.failure_code is not None:
        description |= {"FailureCode": job.failure_code, "FailureMessage": job.failure_message}
    return description
