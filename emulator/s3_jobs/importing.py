"""The work of ImportTable: creates a table, and puts items from objects into it.

The table is CREATING until the last item is stored (control-plane 5.2). The work looks for the
bucket before it creates the table. So if the bucket is missing, no table is created. A wrong record
is written to the error log, and all correct records are still imported. Then the import ends as
FAILED (control-plane 5.4).
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.numbering import with_new_ids
from emulator.database.definitions.s3_jobs import COMPLETED, FAILED, IMPORT, Progress, S3Job
from emulator.database.definitions.tables import Filling, TableDefinition
from emulator.database.items.write import load
from emulator.database.s3_jobs import Failure
from emulator.database.schema.table import Table
from emulator.formats.records import ReadOptions
from emulator.objects.opening import local_folder
from emulator.objects.store import ObjectError
from emulator.s3_jobs.local_log import LOGS, LocalLog
from emulator.s3_jobs.reading import Batch, ObjectFormat, ObjectReader, check_libraries, listed
from emulator.s3_jobs.storing import put_of, readable
from emulator.s3_jobs.work import Call, JobContext, Work, in_slice

log = logging.getLogger("emulator")

GROUP: Final = "aws-dynamodb/imports"
"""The log group of error logs, without the slash at the start of its name."""

# The maximum number of errors that an import logs, as on the service (AWS's documentation).
_MOST_LOGGED: Final = 10_000

_INVALID: Final = (
    "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more "
    "details."
)
INVALID: Final = ("ItemValidationError", _INVALID)


def importing(context: JobContext, job: S3Job) -> Work[None]:
    """Run an import. Raises ObjectError if the import has failed."""
    database = context.database
    source = job.request["S3BucketSource"]
    object_format = format_of(job)
    store_of = partial(context.store, job.access_key, job.region)
    yield Call(partial(check_libraries, object_format))
    bucket = yield Call(lambda: store_of().bucket(source["S3Bucket"], source.get("S3BucketOwner")))
    objects = yield Call(partial(listed, bucket, source.get("S3KeyPrefix", "")))
    yield from in_slice(database, partial(_begin, database, job))
    errors_log = error_log(context, job)
    progress = yield from in_slice(database, partial(_progress, database, job))
    errors_log.cut(progress.log.get("error", 0))
    reader = ObjectReader(bucket, objects, object_format, progress.object, progress.record)
    try:
        while (batch := (yield Call(reader.batch))) is not None:
            progress = yield from in_slice(database, partial(_store, database, job, progress, batch, errors_log))
    finally:
        reader.close()
        errors_log.cut(progress.log.get("error", 0))
    failure = INVALID if progress.failed else None
    if failure:
        log.warning(
            "import %s: %s of %s items were not imported; for the reasons, see %s",
            job.arn,
            progress.failed,
            progress.processed,
            errors_log.path,
        )
    yield from in_slice(database, partial(end, database, job, failure))


def format_of(job: S3Job) -> ObjectFormat:
    """Return the format of the objects that an import reads."""
    options = job.request.get("InputFormatOptions", {}).get("Csv", {})
    header = options.get("HeaderList")
    creation = job.request["TableCreationParameters"]
    return ObjectFormat(
        job.request["InputFormat"],
        job.request["InputCompressionType"],
        ReadOptions(delimiter=options.get("Delimiter", ","), header=None if header is None else tuple(header)),
        {each["AttributeName"]: each["AttributeType"] for each in creation["AttributeDefinitions"]},
    )


def error_log(context: JobContext, job: S3Job) -> LocalLog:
    """Return the local file that is the error log of an import."""
    return LocalLog(local_folder(context.settings, LOGS) / GROUP / job.id / "error")


def _caller(database: Database, job: S3Job) -> Caller:
    return database.catalog.caller(job.access_key, job.region)


def _table(database: Database, job: S3Job) -> Table | None:
    """Return the table that the import fills; None if it does not exist."""
    table = _caller(database, job).tables.get(job.table)
    return table if table is not None and table.definition.uuid == job.table_uuid else None


def _begin(database: Database, job: S3Job) -> None:
    """Create the table, unless the import created it before the server was restarted.

    Raises ObjectError if another table has the name.
    """
    if _table(database, job) is not None:
        return
    if database.catalog.find(_caller(database, job), job.table, expected=False) is not None:
        raise ObjectError("TableAlreadyExists", f"Table already exists: {job.table}")
    with database.catalog.changing() as change:
        if database.s3_jobs.progress(change.txn, job).processed:
            raise gone(job)
        definition = TableDefinition.load(orjson.dumps(job.plan["table"]), account=database.catalog.account)
        definition = with_new_ids(change.txn, definition)
        now = database.clock.now()
        database.catalog.save(
            change,
            replace(
                definition,
                created=now,
                until=now,
                indexes=tuple(replace(index, until=now) for index in definition.indexes),
                vectors=tuple(replace(index, until=now) for index in definition.vectors),
                filling=Filling(IMPORT, job.arn),
            ),
        )


def gone(job: S3Job) -> ObjectError:
    """Return the error for a table that was deleted while a job used it."""
    return ObjectError("TableNotFound", f"Table not found: {job.table}")


def _progress(database: Database, job: S3Job) -> Progress:
    with database.read() as txn:
        return database.s3_jobs.progress(txn, job)


def _store(database: Database, job: S3Job, before: Progress, batch: Batch, errors_log: LocalLog) -> Progress:
    """Put the items of a batch, and log its wrong records; return the new progress.

    One transaction stores the items and the progress. before: the progress before the batch.
    """
    table = _table(database, job)
    if table is None:
        raise gone(job)
    lines: list[dict[str, Any]] = []
    with database.write() as txn:
        for index, record in enumerate(batch.records, batch.first):
            try:
                put = put_of(table, readable(record))
            except errors.ApiError as error:
                lines.append(_line(job, batch.object.key, index, [error.message]))
            else:
                load(txn, table, put.prepare(txn))
        progress = replace(
            advanced(before, batch),
            processed=before.processed + len(batch.records),
            written=before.written + len(batch.records) - len(lines),
            failed=before.failed + len(lines),
            size=before.size + batch.size,
            log={"error": errors_log.append(before.log.get("error", 0), lines[: max(0, _MOST_LOGGED - before.failed)])},
        )
        database.s3_jobs.save_progress(txn, job, progress)
    return progress


def advanced(progress: Progress, batch: Batch) -> Progress:
    """Return the progress after a batch: the next record to read is the one after the batch."""
    if batch.ended:
        return replace(progress, object=batch.object.key, record=0)
    return replace(progress, record=batch.first + len(batch.records))


def _line(job: S3Job, key: str, index: int, messages: Sequence[str | None]) -> dict[str, Any]:
    """Return the line of the error log for a wrong record (control-plane 5.4).

    key: the key of the object. index: the position of the record in the object.
    """
    pointer = {"bucket": job.request["S3BucketSource"]["S3Bucket"], "key": key, "itemIndex": index}
    return {"itemS3Pointer": pointer, "importArn": job.arn, "errorMessages": list(messages)}


def end(database: Database, job: S3Job, failure: Failure) -> None:
    """End an import, and make its table ACTIVE.

    failure: FailureCode and FailureMessage; None if the import is COMPLETED.
    """
    with database.catalog.changing(urgent=True) as change:
        table = _table(database, job)
        if table is not None and table.definition.filling is not None:
            database.catalog.save(change, replace(table.definition, filling=None))
        status = COMPLETED if failure is None else FAILED
        database.s3_jobs.end(change, job, status, database.clock.now(), failure)
