"""The work of ExportTableToPointInTime.

A full export writes the items that a table had at one time, read from a frozen view. An incremental
export writes the changes between two times. An export writes these objects:

    <prefix>/AWSDynamoDB/<id>/_started                an empty object, written first
    <prefix>/AWSDynamoDB/<id>/data/<name>.json.gz     data files of a full export
    <prefix>/AWSDynamoDB/data/<name>.json.gz          data files of an incremental export
    <prefix>/AWSDynamoDB/<id>/manifest-files.json     the list of data files
    <prefix>/AWSDynamoDB/<id>/manifest-summary.json   written last; each manifest has a checksum

See control-plane 4.3. A data file ends after the slice in which it reaches `FILE` items. If the
server is killed, the export continues after its last complete data file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import orjson

from emulator.database.database import Database
from emulator.database.definitions.s3_jobs import COMPLETED, FAILED, Progress, S3Job
from emulator.database.definitions.tables import TableDefinition
from emulator.database.history import differences, past_items
from emulator.database.history.differences import Difference
from emulator.database.s3_jobs import Failure, close_view, key_of
from emulator.database.schema.table import Table
from emulator.formats.export_folders import DATA, ENDINGS, ION, SUMMARY
from emulator.formats.ion import ion_line, record_line
from emulator.objects.store import Bucket, ObjectError, put
from emulator.operations.export_filter import Selection, selection_of
from emulator.operations.exports import INCREMENTAL
from emulator.s3_jobs.importing import gone
from emulator.s3_jobs.outputs import DataObject, encryption_of, folder, new_name, put_manifests
from emulator.s3_jobs.work import Call, JobContext, Work, in_slice
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.types import Item

FILE: Final = 100_000
"""The number of items after which a data file ends."""

_ITEMS: Final = 500  # the maximum number of items that one slice reads; this takes 2 ms
_CHANGES: Final = 200  # the maximum number of changed items that one slice reads; this takes 2 to 4 ms
_SIZE: Final = 256 << 10  # a slice ends after this many bytes of rows

_BILLED_UNIT: Final = 1_000_000
# For an incremental export, the service bills at least this many bytes (control-plane 4.2).
_LEAST_BILLED: Final = 10_000_000
_STARTED: Final = "_started"


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of an export that one slice has read.

    lines: a function that returns the lines to write. It decodes rows, which takes long, so the
    thread of the job calls it.
    size: the number of bytes of all items read, including items that the filter excludes.
    after: the key at which the next slice begins; None after the last slice.
    """

    lines: Callable[[], list[bytes]]
    size: int
    after: bytes | None


_Read = Callable[[bytes], _Part]


def exporting(context: JobContext, job: S3Job) -> Work[None]:
    """Run an export: write all its objects. Raises ObjectError if the export has failed."""
    database = context.database
    request = job.request
    store_of = partial(context.store, job.access_key, job.region)
    bucket = yield Call(lambda: store_of().bucket(request["S3Bucket"], request.get("S3BucketOwner")))
    encryption = encryption_of(request)
    start = folder(request.get("S3Prefix"), job.id)
    yield Call(partial(put, bucket, start + _STARTED, b"", encryption))
    read = _reader(database, job)
    progress: Progress = yield from in_slice(database, partial(_progress, database, job))
    while progress.key is not None:
        progress = yield from _file(database, job, bucket, read, progress)
        yield from in_slice(database, partial(_save, database, job, progress))
    ended = database.clock.now()
    billed = progress.size // _BILLED_UNIT * _BILLED_UNIT
    if request.get("ExportType") == INCREMENTAL:
        billed = max(_LEAST_BILLED, billed)
    progress = replace(progress, billed=billed, manifest=start + SUMMARY)
    yield Call(partial(put_manifests, bucket, start, progress.files, _summary(job, progress, ended), encryption))
    yield from in_slice(database, partial(_save, database, job, progress))
    yield from in_slice(database, partial(end, database, job, None))


def _file(database: Database, job: S3Job, bucket: Bucket, read: _Read, before: Progress) -> Work[Progress]:
    """Write the next data file; return the progress after it.

    read: a function that reads one slice. before: the progress before the file.
    """
    ending = ENDINGS[job.request["ExportFormat"]]
    parts = () if job.request.get("ExportType") == INCREMENTAL else (job.id,)
    key = f"{folder(job.request.get('S3Prefix'), *parts)}{DATA}/{new_name()}{ending}"
    data = DataObject(bucket, key, encryption_of(job.request))
    size = 0
    after: bytes | None = bytes.fromhex(before.key or "")
    try:
        while after is not None and data.items < FILE:
            part: _Part = yield from in_slice(database, partial(read, after))
            yield Call(partial(_write, data, part.lines))
            size += part.size
            after = part.after
        line = yield Call(data.finish)
    except BaseException:
        data.discard()
        raise
    return replace(
        before,
        key=None if after is None else after.hex(),
        files=(*before.files, line),
        size=before.size + size,
        written=before.written + line["itemCount"],
    )


def _write(data: DataObject, lines: Callable[[], list[bytes]]) -> None:
    made = lines()
    data.write(b"".join(made), len(made))


def _progress(database: Database, job: S3Job) -> Progress:
    with database.read() as txn:
        return database.s3_jobs.progress(txn, job)


def _save(database: Database, job: S3Job, progress: Progress) -> None:
    if database.s3_jobs.stored(key_of(job)) is None:
        raise gone(job)
    with database.write() as txn:
        database.s3_jobs.save_progress(txn, job, progress)


# --- reading --------------------------------------------------------------------------------------


def _reader(database: Database, job: S3Job) -> _Read:
    """Return a function that reads one slice of an export, from the key that it is given."""
    definition = TableDefinition.load(orjson.dumps(job.plan["table"]), account=database.catalog.account)
    selection = selection_of(job.request.get("FilterSpecification"), table := Table(definition))
    ion = job.request["ExportFormat"] == ION
    if job.request.get("ExportType") == INCREMENTAL:
        return partial(_read_changes, database, job, table, selection, ion=ion)
    return partial(_read_items, database, job, selection, ion=ion)


def _past(database: Database, job: S3Job, txn: Any) -> past_items.Past:  # noqa: ANN401 - a transaction
    past = past_items.find(database.views, txn, job.plan["view"])
    if past is None:
        raise ObjectError("TableNotFound", f"The data of table {job.table} no longer exist")
    return past


def _read_items(database: Database, job: S3Job, selection: Selection, start: bytes, *, ion: bool) -> _Part:
    """Read the items of one slice of a full export, from the key `start` on."""
    views = database.views
    with database.read() as txn:
        past = _past(database, job, txn)
        found, after = past_items.page(views, txn, past, max(start, selection.start), _ITEMS, _SIZE)
    if selection.stop is not None:
        found = [each for each in found if each[0] < selection.stop]
        after = None if after is None or after >= selection.stop else after
    rows = [row for _, row in found]
    lines = (
        partial(_plain_lines, rows) if selection.whole and not ion else partial(_item_lines, rows, selection, ion=ion)
    )
    return _Part(lines, sum(map(row_size, rows)), after)


def _plain_lines(rows: list[bytes]) -> list[bytes]:
    return [b'{"Item":%b}\n' % row_json(row) for row in rows]


def _item_lines(rows: list[bytes], selection: Selection, *, ion: bool) -> list[bytes]:
    line = ion_line if ion else _json_line
    return [line(selection.projected(item)) for item in filter(selection.takes, map(decode_row, rows))]


def _json_line(item: Item) -> bytes:
    return orjson.dumps({"Item": item}, option=orjson.OPT_APPEND_NEWLINE)


def _read_changes(
    database: Database, job: S3Job, table: Table, selection: Selection, start: bytes, *, ion: bool
) -> _Part:
    """Read the changed items of one slice of an incremental export, from the key `start` on.

    See control-plane 4.4.
    """
    specification = job.request["IncrementalExportSpecification"]
    window = specification["ExportFromTime"], specification["ExportToTime"]
    views = database.views
    with database.read() as txn:
        past = _past(database, job, txn)
        found, after = differences.page(views, txn, past, window, max(start, selection.start), _CHANGES, _SIZE)
    if selection.stop is not None:
        found = [each for each in found if each.item < selection.stop]
        after = None if after is None or after >= selection.stop else after
    with_old = specification["ExportViewType"] != "NEW_IMAGE"
    size = sum(row_size(row) for each in found for row in (each.before, each.after) if row is not None)
    return _Part(partial(_change_lines, table, selection, found, with_old=with_old, ion=ion), size, after)


def _change_lines(
    table: Table, selection: Selection, found: list[Difference], *, with_old: bool, ion: bool
) -> list[bytes]:
    records = (_record(table, selection, each, with_old=with_old) for each in found)
    line = record_line if ion else _line
    return [line(record) for record in records if record is not None]


def _line(record: Mapping[str, Any]) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _record(table: Table, selection: Selection, change: Difference, *, with_old: bool) -> dict[str, Any] | None:
    """Return the record of a changed item in an incremental export.

    Return None if the item was created and also deleted in the exported period, or if the filter
    excludes it. with_old: True to include OldImage.
    """
    new = None if change.after is None else decode_row(change.after)
    old = None if change.before is None else decode_row(change.before)
    newest = old if new is None else new
    if newest is None or not selection.takes(newest):
        return None
    record = {
        "Metadata": {"WriteTimestampMicros": {"N": str(change.micros)}},
        "Keys": table.key_attributes(newest),
    }
    if new is not None:
        record["NewImage"] = selection.projected(new)
    if old is not None and with_old:
        record["OldImage"] = selection.projected(old)
    return record


# --- ending an export -----------------------------------------------------------------------------


def _time(seconds: float) -> str:
    """Return a time as manifests have it, such as 2026-10-09T00:40:14.432Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _summary(job: S3Job, progress: Progress, ended: float) -> dict[str, Any]:
    """Return the members of manifest-summary.json."""
    request = job.request
    summary = {
        "exportArn": job.arn,
        "startTime": _time(job.started),
        "endTime": _time(ended),
        "tableArn": job.table_arn,
        "tableId": job.table_uuid,
        "s3Bucket": request["S3Bucket"],
        "s3Prefix": request.get("S3Prefix"),
        "s3SseAlgorithm": request["S3SseAlgorithm"],
        "s3SseKmsKeyId": request.get("S3SseKmsKeyId"),
        "billedSizeBytes": progress.billed,
        "itemCount": progress.written,
        "outputFormat": request["ExportFormat"],
    }
    if request.get("ExportType") != INCREMENTAL:
        return summary | {"exportTime": _time(request["ExportTime"])}
    specification = request["IncrementalExportSpecification"]
    return summary | {
        "exportType": INCREMENTAL,
        "exportFromTime": _time(specification["ExportFromTime"]),
        "exportToTime": _time(specification["ExportToTime"]),
        "outputView": specification["ExportViewType"],
    }


def end(database: Database, job: S3Job, failure: Failure) -> None:
    """End an export, and close its frozen view.

    failure: FailureCode and FailureMessage; None if the export is COMPLETED.
    """
    views = database.views
    with database.registries.changing(urgent=True) as change:
        close_view(change, job, views)
        status = COMPLETED if failure is None else FAILED
        database.s3_jobs.end(change, job, status, database.clock.now(), failure)
