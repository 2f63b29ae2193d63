"""ImportTable, DescribeImport, ListImports (control-plane 5).

emulator/s3_jobs/importing.py does the work of an import.
"""

from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.s3_jobs import IMPORT, Progress, S3Job
from emulator.model.request import Request
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
from emulator.operations.tables import rules, settings, throughput

_CONCURRENT: Final = 50  # the maximum number of unfinished imports of an account and region (control-plane 5.1)
_ECHOED: Final = (
    "S3BucketSource",
    "InputFormat",
    "InputFormatOptions",
    "InputCompressionType",
    "TableCreationParameters",
)
_COUNTS: Final = {
    "ErrorCount": "failed",
    "ProcessedSizeBytes": "size",
    "ProcessedItemCount": "processed",
    "ImportedItemCount": "written",
}
_LISTED: Final = (
    "ImportArn",
    "ImportStatus",
    "TableArn",
    "S3BucketSource",
    "CloudWatchLogGroupArn",
    "InputFormat",
    "StartTime",
    "EndTime",
)


def _check(request: Request) -> dict[str, Any]:
    """Check the request; return TableCreationParameters as the client sent them.

    The checks change TableCreationParameters in the request, so the result is a copy that is made
    before the checks.
    """
    creation = request["TableCreationParameters"]
    sent = dict(creation)
    rules.check_create(creation)
    if "InputFormatOptions" in request and request["InputFormat"] != "CSV":
        raise errors.input_options_unsupported(request["InputFormat"])
    return sent


@operation("ImportTable", check=_check)
def import_table(database: Database, caller: Caller, request: Request, sent: dict[str, Any]) -> Response:
    """Begin an import. emulator/s3_jobs/importing.py creates the table later."""
    creation = request["TableCreationParameters"]
    name = creation["TableName"]
    known = with_token(database, caller, IMPORT, request.get("ClientToken"))
    if known is not None and known.table != name:
        raise errors.import_conflict()
    if known is not None and known.unfinished:
        return {"ImportTableDescription": _description(known, Progress())}
    if database.catalog.find(caller, name, expected=False) is not None:
        raise errors.table_exists(name)
    throughput.check_quotas(creation, creation.get("GlobalSecondaryIndexes", ()), caller.region)
    jobs = database.s3_jobs
    now = database.clock.now()
    if sum(job.unfinished for job in jobs.of(caller.tenant, IMPORT, now)) >= _CONCURRENT:
        raise errors.too_many_jobs("imports", _CONCURRENT)
    definition = settings.definition_of(creation, caller, 0, now, now)
    echoed = {member: request[member] for member in _ECHOED if member in request}
    source = {"S3BucketOwner": caller.account, **request["S3BucketSource"]}
    job = S3Job(
        kind=IMPORT,
        id=new_id(database, caller, IMPORT, now),
        owner=caller.tenant,
        access_key=caller.access_key,
        account=caller.account,
        region=caller.region,
        table=name,
        table_uuid=definition.uuid,
        started=now,
        begins=database.catalog.until(now),
        request={"InputCompressionType": "NONE", **echoed, "S3BucketSource": source, "TableCreationParameters": sent},
        token=token_of(request),
        plan={"table": orjson.loads(definition.dump())},
    )
    with database.registries.changing() as change:
        jobs.forget_old(change, now)
        jobs.save(change, job)
    return {"ImportTableDescription": _description(job, Progress())}


@operation("DescribeImport")
def describe_import(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return the settings and the progress of an import."""
    arn = request["ImportArn"]
    invalid, missing = errors.job_arn_invalid("Import"), errors.import_not_found(arn)
    job = job_of(database, caller, IMPORT, arn, invalid=invalid, missing=missing)
    return described(database, job, "ImportTableDescription", _description)


@operation("ListImports")
def list_imports(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return a page of the caller's imports, newest first.

    Imports of deleted tables are included.
    """
    arn = request.get("TableArn")
    jobs = of_table(database.s3_jobs.of(caller.tenant, IMPORT, database.clock.now()), arn)
    found, token = page(jobs, caller, request.get("NextToken"), request.get("PageSize", PAGE), f"imports of {arn}")
    summaries = []
    for job in found:
        description = _description(job, Progress())
        summaries.append({member: description[member] for member in _LISTED if member in description})
    return {"ImportSummaryList": summaries} | ({} if token is None else {"NextToken": token})


def _description(job: S3Job, progress: Progress) -> dict[str, Any]:
    """Return the member ImportTableDescription of responses (control-plane 5.3)."""
    description: dict[str, Any] = {
        "ImportArn": job.arn,
        "ImportStatus": job.status,
        "TableArn": job.table_arn,
        "TableId": job.table_uuid,
        "ClientToken": job.token,
        "CloudWatchLogGroupArn": f"arn:aws:logs:{job.region}:{job.account}:log-group:/aws-dynamodb/imports:*",
        "StartTime": seconds(job.started),
        **{member: job.request[member] for member in _ECHOED if member in job.request},
        **{member: getattr(progress, name) for member, name in _COUNTS.items()},
    }
    if job.ended is not None:
        description["EndTime"] = seconds(job.ended)
    if job.failure_code is not None:
        description |= {"FailureCode": job.failure_code, "FailureMessage": job.failure_message}
    return description
