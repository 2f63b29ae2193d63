"""Copies a table from another endpoint by a parallel scan.

Each segment of the scan has a thread that reads its pages. The caller's thread starts each read,
puts the items of the page, and then saves the position of the segment. So an interrupted copy can
continue where it stopped, and puts at most one page of each segment a second time.

The rate of reads may be limited to a number of capacity units in a second. After a page that used
n units, the next read waits n / rate seconds.
"""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emulator.formats.records import ItemRecord, Place
from emulator.transfer.endpoints import Connect, Endpoint
from emulator.transfer.progress import Progress
from emulator.transfer.writing import ItemWriter, Sleep, Written, persist


class BadState(Exception):
    """The state file cannot be read, or it belongs to a run that copies something else."""


@dataclass(slots=True)
class _Segment:
    """A segment of the scan.

    start: the ExclusiveStartKey of the next page; None for the first page.
    done: True if the whole segment is copied.
    """

    number: int
    start: dict[str, Any] | None = None
    done: bool = False


def _segment(number: int, stored: Mapping[str, Any]) -> _Segment:
    """Convert `stored`, the JSON object of one segment in the state file, to a segment.

    Raises KeyError or TypeError if the object is not the state of a segment.
    """
    start, done = stored["Start"], stored["Done"]
    if not isinstance(start, dict | None) or not isinstance(done, bool):
        raise TypeError("Start must be an object or null, and Done a boolean")
    return _Segment(number, start, done)


class State:
    """The progress of a copy: which part of each segment of the scan is already copied.

    path: the state file, or None to keep the progress only in memory.
    copied: a JSON object that identifies the copy: its source, its Scan request and the number of
    segments. A state file with a different object belongs to another copy.
    """

    def __init__(self, path: Path | None, copied: Mapping[str, Any], segments: int) -> None:
        self._path = path
        self._copied = dict(copied)
        self.segments = [_Segment(number) for number in range(segments)]
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            found = orjson.loads(path.read_bytes())
            copied = found["Copied"]
            segments = [_segment(number, each) for number, each in enumerate(found["Segments"])]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadState(f"{path} is not the state of a copy: {error}") from None
        if copied != self._copied:
            raise BadState(f"{path} is the state of a different copy: {json.dumps(copied)}")
        # With a wrong number of segments, the copy would leave out some items.
        if len(segments) != len(self.segments):
            raise BadState(f"{path} is not the state of a copy: it has {len(segments)} segments")
        self.segments = segments

    def save(self) -> None:
        """Write the state to the file, atomically: the file has either the old or the new state."""
        if self._path is None:
            return
        segments = [{"Start": each.start, "Done": each.done} for each in self.segments]
        new = self._path.with_name(self._path.name + ".new")
        new.write_bytes(orjson.dumps({"Copied": self._copied, "Segments": segments}))
        new.replace(self._path)

    def remove(self) -> None:
        """Remove the state file. Call this after the copy is complete."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class Rate:
    """Limits how many capacity units are used in a second. units: the limit; None for no limit."""

    def __init__(
        self, units: float | None, sleep: Sleep = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._units = units
        self._sleep = sleep
        self._clock = clock
        self._paid = clock()  # the time at which more units may be used

    def use(self, units: float) -> None:
        """Count `units` that were used, and sleep until more may be used."""
        if self._units is None:
            return
        now = self._clock()
        self._paid = max(self._paid, now) + units / self._units
        self._sleep(self._paid - now)


def copy(
    source: Connect,
    target: Connect,
    request: Mapping[str, Any],
    state: State,
    progress: Progress,
    rate: Rate,
    sleep: Sleep = time.sleep,
) -> None:
    """Scan a table of `source`, and put its items into the table of the same name in `target`.

    request: members of the Scan, such as TableName and FilterExpression.
    state: the progress of the copy. It is saved after each page, and removed at the end.
    Raises Refused or Unreachable if a server fails.
    """

    def done(written: Written) -> None:
        progress.advance(written.items)
        for problem in written.problems:
            progress.problem(problem)

    open_segments = [segment for segment in state.segments if not segment.done]
    table = request["TableName"]
    place = Place(f"table {table}")
    with ExitStack() as stack:
        writer = stack.enter_context(ItemWriter(target, done, sleep))
        endpoints = {segment.number: stack.enter_context(closing(source())) for segment in open_segments}
        threads = ThreadPoolExecutor(max(len(open_segments), 1))
        stack.callback(threads.shutdown, cancel_futures=True)

        def read(segment: _Segment, start: dict[str, Any] | None) -> Future[dict[str, Any]]:
            page = {**request, "ReturnConsumedCapacity": "TOTAL"}
            if len(state.segments) > 1:
                page |= {"Segment": segment.number, "TotalSegments": len(state.segments)}
            if start is not None:
                page["ExclusiveStartKey"] = start
            return threads.submit(_scan, endpoints[segment.number], page, sleep)

        waiting = {read(segment, segment.start): segment for segment in open_segments}
        while waiting:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                segment = waiting.pop(future)
                answer = future.result()
                last = answer.get("LastEvaluatedKey")
                rate.use(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
                if last is not None:
                    waiting[read(segment, last)] = segment
                for item in answer["Items"]:
                    writer.put(table, ItemRecord(place, table, item))
                writer.flush()
                segment.start, segment.done = last, last is None
                state.save()
    state.remove()


def _scan(endpoint: Endpoint, request: Mapping[str, Any], sleep: Sleep) -> dict[str, Any]:
    answer: dict[str, Any] = {}

    def scan() -> bool:
        answer.update(endpoint.call("Scan", request))
        return True

    persist(scan, sleep)
    return answer
