"""StartBulkPutItems, and the operations that describe, list and cancel bulk operations.

See control-plane 14 and features 2.

emulator/s3_jobs/putting.py does the work of a bulk operation.
"""

from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.s3_jobs import BULK, CANCELLING, VECTOR, Progress, S3Job
from emulator.database.definitions.tables import ACTIVE, UPDATING, TableDefinition
from emulator.model.request import Request
from emulator.operations.registry import Response, operation
from emulator.operations.s3_jobs import (
    PAGE,
    described,
    job_of,
    new_id,
    page,
    progress_of,
    seconds,
    token_of,
    with_token,
)

# The maximum number of unfinished bulk operations. We do not know the service's limit, so this is
# the limit for imports.
_CONCURRENT: Final = 50
_ECHOED: Final = ("InputS3Configuration", "OutputS3Configuration", "MaxWriteRequestUnits", "PerformanceTier")


def _check(request: Request) -> None:
    output = request["OutputS3Configuration"]
    if "S3SseKmsKeyId" in output and output.get("S3SseAlgorithm") != "KMS":
        raise errors.kms_key_unsupported()


@operation("StartBulkPutItems", check=_check)
def start_bulk_put_items(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Begin a bulk operation, which puts the records of a bucket's objects into a table."""
    definition = database.described(caller, request["TableName"]).definition
    source = {"InputCompressionType": "NONE", **request["InputS3Configuration"]}
    echoed = {member: request[member] for member in _ECHOED if member in request}
    members = {"PerformanceTier": "STANDARD", **echoed, "InputS3Configuration": source}
    known = with_token(database, caller, BULK, request.get("ClientToken"))
    if known is not None:
        if known.request != members or known.table_uuid != definition.uuid:
            raise errors.idempotent_parameter_mismatch()
        return {"BulkOperationDescription": _description(database, known, progress_of(database, known))}
    _refuse_busy(definition)
    jobs = database.s3_jobs
    now = database.clock.now()
    if sum(job.unfinished for job in jobs.of(caller.tenant, BULK, now)) >= _CONCURRENT:
        raise errors.too_many_jobs("bulk operations", _CONCURRENT)
    job = S3Job(
        kind=BULK,
        id=new_id(database, caller, BULK, now),
        owner=caller.tenant,
        access_key=caller.access_key,
        account=caller.account,
        region=caller.region,
        table=definition.name,
        table_uuid=definition.uuid,
        started=now,
        begins=database.catalog.until(now),
        request=members,
        token=token_of(request),
        plan={
            "local": [index.name for index in definition.indexes if index.local],
            "global": [index.name for index in definition.indexes if not index.local],
            "vector": [index.name for index in definition.vectors],
        },
    )
    with database.registries.changing() as change:
        jobs.forget_old(change, now)
        jobs.save(change, job)
    return {"BulkOperationDescription": _description(database, job, Progress())}


def _refuse_busy(definition: TableDefinition) -> None:
    """Raise ResourceInUseException if the table or an index is neither ACTIVE nor UPDATING.

    See control-plane 14.
    """
    if definition.status not in (ACTIVE, UPDATING):
        raise errors.being_changed(definition.name, definition.status)
    for index in definition.indexes:
        if index.status not in (ACTIVE, UPDATING):
            raise errors.index_being_changed(definition.name, index.name, index.status)


@operation("DescribeBulkOperation")
def describe_bulk_operation(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return the settings and the progress of a bulk operation."""
    job = _job(database, caller, request["BulkOperationArn"])
    return described(
        database, job, "BulkOperationDescription", lambda job, progress: _description(database, job, progress)
    )


@operation("ListBulkOperations")
def list_bulk_operations(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return a page of the caller's bulk operations, newest first."""
    jobs = database.s3_jobs.of(caller.tenant, BULK, database.clock.now())
    found, token = page(jobs, caller, request.get("NextToken"), request.get("MaxResults", PAGE), "bulk operations")
    summaries = [
        {"BulkOperationArn": job.arn, "BulkOperationStatus": job.status, "StartTime": seconds(job.started)}
        | ({} if job.ended is None else {"EndTime": seconds(job.ended)})
        for job in found
    ]
    return {"BulkOperationsSummaryList": summaries} | ({} if token is None else {"NextToken": token})


@operation("CancelBulkOperation")
def cancel_bulk_operation(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Set a bulk operation to CANCELLING. It ends later; the items that it has put stay."""
    job = _job(database, caller, request["BulkOperationArn"])
    if not job.unfinished:
        raise errors.bulk_operation_ended(job.arn, job.status)
    if job.status != CANCELLING:
        with database.registries.changing(urgent=True) as change:
            database.s3_jobs.save(change, replace(job, status=CANCELLING))
    return {"BulkOperationArn": job.arn, "BulkOperationStatus": CANCELLING}


def _job(database: Database, caller: Caller, arn: str) -> S3Job:
    invalid, missing = errors.bulk_operation_arn_invalid(), errors.bulk_operation_not_found(arn)
    return job_of(database, caller, BULK, arn, invalid=invalid, missing=missing)


def _description(_database: Database, job: S3Job, progress: Progress) -> dict[str, Any]:
    """Return the member BulkOperationDescription of responses (features 2.2)."""
    description: dict[str, Any] = {
        "BulkOperationArn": job.arn,
        "BulkOperationStatus": job.status,
        "TableDetails": [{"TableName": job.table, "TableId": job.table_uuid}],
        "ClientToken": job.token,
        "StartTime": seconds(job.started),
        **{member: job.request[member] for member in _ECHOED if member in job.request},
        "ProcessedItemCount": progress.processed,
        "ProcessedInputBytes": progress.size,
        "FailedItemCount": progress.failed,
        "BulkOperationUsage": [_usage(job, progress)],
    }
    if progress.total is not None:
        description["TotalInputBytes"] = progress.total
    if job.ended is not None:
        description["EndTime"] = seconds(job.ended)
    if job.failure_code is not None:
        description |= {"FailureCode": job.failure_code, "FailureMessage": job.failure_message}
    return description


def _usage(job: S3Job, progress: Progress) -> dict[str, Any]:
    """Return an element of BulkOperationUsage: bytes written to the table and to each index."""
    usage: dict[str, Any] = {
        "TableName": job.table,
        "BulkPutBytes": sum(size for name, size in progress.usage.items() if not name.startswith(VECTOR)),
        "Table": {"BulkPutBytes": progress.usage.get("", 0)},
    }
    for member, kind in (("LocalSecondaryIndexes", "local"), ("GlobalSecondaryIndexes", "global")):
        indexes = {name: {"BulkPutBytes": progress.usage.get(name, 0)} for name in job.plan[kind]}
        if indexes:
            usage[member] = indexes
    if job.plan["vector"]:
        usage["VectorIndexes"] = {
            name: {"BulkPutVectorBytes": progress.usage.get(VECTOR + name, 0)} for name in job.plan["vector"]
        }
    return usage
