"""Buckets of exports and imports as local folders, which tests fill and read."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from emulator.s3_jobs.runner import run_all
from emulator.s3_jobs.work import Call, Pause, Work
from tests.support.in_process import InProcess


class Bucket:
    """A bucket that is a local folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        folder.mkdir(parents=True)

    def put(self, key: str, content: bytes | str) -> None:
        """Store an object."""
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def put_items(self, key: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Store items as lines of DynamoDB JSON."""
        self.put(key, b"".join(orjson.dumps({"Item": item}) + b"\n" for item in items))

    def get(self, key: str) -> bytes:
        """Return the content of an object."""
        return (self.folder / key).read_bytes()

    def all_keys(self) -> list[str]:
        """Return the keys of all objects."""
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(found)

    def json(self, key: str) -> Any:
        """Return the JSON value in an object."""
        return json.loads(self.get(key))

    def lines(self, key: str) -> list[Any]:
        """Return the values in an object of JSON lines, decompressed if its key ends with .gz."""
        content = self.get(key)
        return [
            json.loads(line) for line in (gzip.decompress(content) if key.endswith(".gz") else content).splitlines()
        ]

    def remove(self) -> None:
        """Delete the bucket with all its objects."""
        shutil.rmtree(self.folder, ignore_errors=True)


def run_jobs(db: InProcess) -> None:
    """Run the exports, imports and bulk operations of an emulator in process."""
    run_all(db.emulator.database, db.emulator.settings)


def steps(work: Work[None]) -> Iterator[None]:
    """Run an S3 job; yield after each of its blocking calls, such as a read of an object."""
    step: Callable[[], Call | Pause] = work.__next__
    while True:
        try:
            wanted = step()
        except StopIteration:
            return
        assert isinstance(wanted, Call), "nothing to wait for"
        result = wanted.function()
        yield
        step = partial(work.send, result)
