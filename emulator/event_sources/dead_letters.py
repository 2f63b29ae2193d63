"""The file of dead letters: records that were given up before a function processed them.

Each line is the JSON that AWS sends to an on-failure destination (Lambda: "Retain discarded records
for a DynamoDB event source"). `payload` is the whole event, as in the records that Lambda sends to
S3. `condition` is `RetryAttemptsExhausted` or `RecordAgeExceeded`. We infer `RecordAgeExceeded`.

The id of a letter is its `requestId`, which is the first value in each line. Only the process that
delivers to functions writes the file. So the same process can also remove letters (redelivery.py)
without a conflict with another writer.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.database.definitions.streams import sequence_text
from emulator.escaping import printable
from emulator.event_sources.events import payload
from emulator.event_sources.lanes import Discard
from emulator.event_sources.mapping import EventSourceMapping
from storage.data_folder import new_file

log = logging.getLogger("emulator")

FILE: Final = "dead-letters.jsonl"
OLDER: Final = "dead-letters.1.jsonl"

_LARGE: Final = 10 << 20  # bytes; a file that has reached this size is renamed before the next letter is written
_BEFORE_ID: Final = b'{"requestContext":{"requestId":"'
_ID: Final = slice(len(_BEFORE_ID), len(_BEFORE_ID) + 36)
"""The position of the letter's id, a UUID, in a line of the file."""


def letter(mapping: EventSourceMapping, shard_id: str, discard: Discard, request_id: str, now: float) -> dict[str, Any]:
    """Return the dead letter (a JSON object) about a batch that was given up.

    request_id: the id of the batch's last invocation, or a new id if the batch was given up because
    it was too old.
    now: the time, in seconds since the epoch.
    """
    first, last = discard.records[0], discard.records[-1]
    written: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": mapping.function_arn,
            "condition": discard.condition,
            "approximateInvokeCount": discard.invoked,
        }
    }
    if discard.last is not None and discard.last.kind != "unreachable":
        response: dict[str, Any] = {"statusCode": discard.last.status, "executedVersion": "$LATEST"}
        if discard.last.kind == "failed":
            response["functionError"] = "Unhandled"
        written["responseContext"] = response
    written["version"] = "1.0"
    written["timestamp"] = _iso(now, "milliseconds")
    written["DDBStreamBatchInfo"] = {
        "shardId": shard_id,
        "startSequenceNumber": sequence_text(first.sequence),
        "endSequenceNumber": sequence_text(last.sequence),
        "approximateArrivalOfFirstRecord": _iso(first.time, "seconds"),
        "approximateArrivalOfLastRecord": _iso(last.time, "seconds"),
        "batchSize": len(discard.records),
        "streamArn": mapping.stream_arn,
    }
    written["payload"] = payload(discard.records).decode()
    return written


def _iso(moment: float, precision: str) -> str:
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


class DeadLetters:
    """The two files of dead letters: FILE, and OLDER with earlier letters.

    A FILE that has become large is renamed to OLDER, which replaces the previous OLDER.

    folder: the folder of the database. If it is None, the first use makes a temporary folder.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @cached_property
    def file(self) -> Path:
        """The path of FILE, to which letters are appended."""
        folder = self._folder or Path(tempfile.mkdtemp(prefix="dynamodb-emulator-"))
        return folder.resolve() / FILE

    def _rotate(self) -> None:
        with suppress(FileNotFoundError):
            if self.file.stat().st_size >= _LARGE:
                self.file.replace(self.file.with_name(OLDER))

    def append(self, letter: dict[str, Any]) -> None:
        """Append a letter to the file and log a warning.

        If the file cannot be written, log the whole letter as an error instead.
        """
        line = orjson.dumps(letter, option=orjson.OPT_APPEND_NEWLINE)
        context = letter["requestContext"]
        size = letter["DDBStreamBatchInfo"]["batchSize"]
        try:
            self._rotate()
            os.close(new_file(self.file))
            with self.file.open("ab") as file:
                file.write(line)
        except OSError as error:
            log.error("cannot write %s (%s); discarded: %s", self.file, error.strerror, json.dumps(letter))  # noqa: TRY400
            return
        log.warning(
            "%d records for %s will not be sent again (%s after %d invocations); they are in %s",
            size,
            printable(context["functionArn"]),
            context["condition"],
            context["approximateInvokeCount"],
            self.file,
        )

    def lines(self) -> Iterator[bytes]:
        """Yield each dead letter as a line of JSON, the oldest letter first."""
        for file in self._files:
            with suppress(FileNotFoundError), file.open("rb") as opened:
                # Skip a line that is not complete, because a crash has cut it off.
                yield from (line for line in opened if line.startswith(_BEFORE_ID) and line.endswith(b"\n"))

    def replace(self, changes: Mapping[str, dict[str, Any] | None]) -> None:
        """Replace or remove letters in the two files.

        If a file cannot be written, log an error and leave this file unchanged.

        changes: id of a letter -> the letter that replaces it, None to remove the letter.
        """
        by_id = {name.encode(): letter for name, letter in changes.items()}
        for file in self._files:
            try:
                self._rewrite(file, by_id)
            except OSError as error:
                log.error("cannot remove processed records from %s (%s)", file, error.strerror)  # noqa: TRY400

    @property
    def _files(self) -> tuple[Path, Path]:
        return self.file.with_name(OLDER), self.file

    def _rewrite(self, file: Path, changes: Mapping[bytes, dict[str, Any] | None]) -> None:
        if not file.exists():
            return
        lines = file.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if line[_ID] not in changes]
        new = [changes[line[_ID]] for line in lines if line[_ID] in changes]
        if not new:
            return
        kept += [orjson.dumps(letter, option=orjson.OPT_APPEND_NEWLINE) for letter in new if letter is not None]
        written = file.with_name(f"{file.name}.new")
        with suppress(FileNotFoundError):
            written.unlink()
        os.close(new_file(written))
        written.write_bytes(b"".join(kept))
        written.replace(file)
