"""The work of StartBulkPutItems: puts the records of a bucket's objects into an existing table.

A record is `{"Item": item}`. It may also have a condition, written with the members of PutItem:
ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues. AWS documents neither how
a record states its condition nor the form of the output (control-plane 14). Our output is:

    <prefix>/AWSDynamoDB/<id>/ERROR/<name>.json.gz                     records without a valid item
    <prefix>/AWSDynamoDB/<id>/CONDITION_CHECK_FAILURE/<name>.json.gz   items with a false condition
    <prefix>/AWSDynamoDB/<id>/manifest-files.json, manifest-summary.json and their checksums

A line in CONDITION_CHECK_FAILURE has the refused item and, if the table has an item with the same
key, also that item.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from emulator import errors
from emulator.database.database import Database
from emulator.database.definitions.s3_jobs import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    COMPLETED_WITH_ERRORS,
    FAILED,
    VECTOR,
    Progress,
    S3Job,
)
from emulator.database.definitions.tables import ACTIVE, UPDATING
from emulator.database.items.requested import Put
from emulator.database.items.write import store
from emulator.database.s3_jobs import Failure, key_of
from emulator.database.schema.table import Table
from emulator.objects.opening import local_folder
from emulator.objects.store import Bucket
from emulator.s3_jobs.importing import advanced, gone
from emulator.s3_jobs.local_log import LOGS, LocalLog, lines_of
from emulator.s3_jobs.outputs import DataObject, encryption_of, folder, new_name, put_manifests
from emulator.s3_jobs.reading import Batch, ObjectFormat, ObjectReader, check_libraries, listed
from emulator.s3_jobs.storing import conditional_put, put_of, readable, unthrottled
from emulator.s3_jobs.work import Call, JobContext, Pause, Work, in_slice
from emulator.values.rows import decode_row, row_size
from storage import WriteTxn

log = logging.getLogger("emulator")

ERROR: Final = "ERROR"
CONDITION: Final = "CONDITION_CHECK_FAILURE"
"""The values of OutputType in a request: which records to write to the output bucket."""

_CANCELLED: Final = ("Cancelled", "The bulk operation was cancelled.")


def putting(context: JobContext, job: S3Job) -> Work[None]:
    """Put all records of the job's objects into its table.

    Raises ObjectError if the job has failed.
    """
    database = context.database
    source, target = job.request["InputS3Configuration"], job.request["OutputS3Configuration"]
    object_format = ObjectFormat(source["InputFormat"], source["InputCompressionType"])
    store_of = partial(context.store, job.access_key, job.region)
    yield Call(partial(check_libraries, object_format))
    bucket = yield Call(lambda: store_of().bucket(source["S3Bucket"], source.get("S3BucketOwner")))
    output = yield Call(
        lambda: store_of().bucket(target.get("S3Bucket", source["S3Bucket"]), target.get("S3BucketOwner"))
    )
    objects = yield Call(partial(listed, bucket, source.get("S3KeyPrefix", "")))
    total = sum(each.size for each in objects)
    progress = yield from in_slice(database, partial(_begin, database, job, total))
    logs = {kind: _log(context, job, kind) for kind in target["OutputType"]}
    reader = ObjectReader(bucket, objects, object_format, progress.object, progress.record)
    maximum = job.request.get("MaxWriteRequestUnits")
    try:
        while not _is_cancelled(database, job) and (batch := (yield Call(reader.batch))) is not None:
            done: _Slice = yield from in_slice(database, partial(_store, database, job, progress, batch, logs))
            progress = done.progress
            if maximum is not None:
                yield Pause(done.units / maximum)
    finally:
        reader.close()
    yield Call(partial(_write_output, output, job, progress, logs))
    yield from in_slice(database, partial(end, database, job, _CANCELLED if _is_cancelled(database, job) else None))
    for each in logs.values():
        yield Call(each.remove)


def _log(context: JobContext, job: S3Job, kind: str) -> LocalLog:
    """Return the local file for the refused records of one type of output: ERROR or CONDITION."""
    return LocalLog(local_folder(context.settings, LOGS) / "aws-dynamodb/bulk-operations" / job.id / kind)


def _begin(database: Database, job: S3Job, total: int) -> Progress:
    """Store the total size of the objects in the job's progress, and return the progress.

    After a restart of the server, the progress says which records are already done.
    """
    with database.write() as txn:
        progress = replace(database.s3_jobs.progress(txn, job), total=total)
        database.s3_jobs.save_progress(txn, job, progress)
    return progress


def _is_cancelled(database: Database, job: S3Job) -> bool:
    """Return True if the user has cancelled the job.

    Raises ObjectError if the control `reset` has removed the job.
    """
    current = database.s3_jobs.stored(key_of(job))
    if current is None:
        raise gone(job)
    return current.status == CANCELLING


@dataclass(slots=True)
class _Slice:
    """The result of storing one batch in a slice.

    progress: the job's progress after the batch.
    units: the consumed write capacity units.
    written: the number of stored items.
    usage: the bytes written to the table and to each index, see `Progress.usage`.
    refused: type of output (ERROR or CONDITION) -> lines about the refused records.
    """

    progress: Progress
    units: float = 0.0
    written: int = 0
    usage: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {ERROR: [], CONDITION: []})


def _table(database: Database, job: S3Job) -> Table:
    """Return the job's table. Raises ObjectError if the table was deleted or recreated."""
    table = database.catalog.caller(job.access_key, job.region).tables.get(job.table)
    usable = table is not None and table.definition.status in (ACTIVE, UPDATING)
    if table is None or not usable or table.definition.uuid != job.table_uuid:
        raise gone(job)
    return table


def _store(database: Database, job: S3Job, before: Progress, batch: Batch, logs: dict[str, LocalLog]) -> _Slice:
    """Put the records of a batch and save the job's progress, in one transaction."""
    _is_cancelled(database, job)
    table = _table(database, job)
    done = _Slice(before)
    with database.write() as txn, unthrottled(table):
        for index, record in enumerate(batch.records, batch.first):
            put: Put | None = None
            try:
                found = readable(record)
                put = conditional_put(table, found.content) if found.item is None else put_of(table, found)
                _put(txn, table, put, done)
            except errors.ApiError as error:
                if put is not None and error.about == "condition":
                    done.refused[CONDITION].append(_attempt(txn, put))
                else:
                    pointer = {"bucket": job.request["InputS3Configuration"]["S3Bucket"], "key": batch.object.key}
                    line = {"itemS3Pointer": {**pointer, "itemIndex": index}, "errorMessages": [error.message]}
                    done.refused[ERROR].append(line)
        ended = batch.object.size if batch.ended else 0
        done.progress = replace(
            advanced(before, batch),
            processed=before.processed + len(batch.records),
            written=before.written + done.written,
            failed=before.failed + len(done.refused[ERROR]),
            size=before.size + ended,
            usage=Counter(before.usage) + done.usage,
            log={kind: log.append(before.log.get(kind, 0), done.refused[kind]) for kind, log in logs.items()},
        )
        database.s3_jobs.save_progress(txn, job, done.progress)
    return done


def _put(txn: WriteTxn, table: Table, put: Put, done: _Slice) -> None:
    change = put.prepare(txn)
    consumed = store(txn, table, change)
    done.units += consumed.total()
    done.written += 1
    done.usage[""] += put.size
    for entry in change.entries:
        if entry.new_key is not None:
            done.usage[entry.index.name] += row_size(entry.new_row)
    for name, size in (consumed.vector_indexes or {}).items():
        done.usage[VECTOR + name] += size


def _attempt(txn: WriteTxn, put: Put) -> dict[str, Any]:
    """Return the output line about a put with a false condition.

    The line has the item of the put and, if there is one, the existing item with the same key.
    """
    row = txn.get(put.key)
    line: dict[str, Any] = {"Item": put.key_item}
    return line if row is None else {**line, "ExistingItem": decode_row(row)}


# --- the output -----------------------------------------------------------------------------------


def _write_output(bucket: Bucket, job: S3Job, progress: Progress, logs: dict[str, LocalLog]) -> None:
    """Write the refused records and the manifests to the bucket, with blocking I/O.

    Raises ObjectError.
    """
    target = job.request["OutputS3Configuration"]
    encryption = encryption_of(target)
    start = folder(target.get("S3KeyPrefix"), job.id)
    lines = []
    for kind, each in logs.items():
        length = progress.log.get(kind, 0)
        if not length:
            continue
        data = DataObject(bucket, f"{start}{kind}/{new_name()}.json.gz", encryption)
        try:
            for line in lines_of(each.path, length):
                data.write(line, 1)
            lines.append({**data.finish(), "outputType": kind})
        except BaseException:
            data.discard()
            raise
    summary = {
        "bulkOperationArn": job.arn,
        "tableArn": job.table_arn,
        "tableId": job.table_uuid,
        "s3Bucket": target.get("S3Bucket"),
        "s3Prefix": target.get("S3KeyPrefix"),
        "s3SseAlgorithm": encryption.algorithm,
        "s3SseKmsKeyId": encryption.key,
        "itemCount": sum(line["itemCount"] for line in lines),
        "processedItemCount": progress.processed,
        "failedItemCount": progress.failed,
    }
    put_manifests(bucket, start, lines, summary, encryption)


def end(database: Database, job: S3Job, failure: Failure) -> None:
    """Store the final status of a bulk operation.

    failure: FailureCode and FailureMessage; _CANCELLED if the user has cancelled the operation;
    None if it has succeeded.
    """
    with database.registries.changing(urgent=True) as change:
        progress = database.s3_jobs.progress(change.txn, job)
        if failure is _CANCELLED:
            status = CANCELLED
        elif failure is not None:
            status = FAILED
        else:
            status = COMPLETED_WITH_ERRORS if progress.failed else COMPLETED
        database.s3_jobs.end(change, job, status, database.clock.now(), failure)
