"""`--init PATH`: loads files into the emulator of this process before the server is ready.

Only missing tables are created and filled. A table that exists is not changed: so when a server
restarts on its data folder, the changes of its clients remain. The tables belong to the access key
and region in the environment variables of AWS, as with the command `load` (client/options.py).

If the load has a problem, the created tables are deleted again, and the server does not start. The
next start loads all files again. During the load, a file in the data folder lists the tables that
existed before. If the process is killed during the load, the next start first deletes all tables
that are not in this list.
"""

import logging
import os
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.app import Emulator
from emulator.client.endpoint import Refused
from emulator.client.options import default_access_key, default_region
from emulator.errors import ApiError
from emulator.formats.detection import inputs
from emulator.formats.records import ReadOptions
from emulator.transfer import tables
from emulator.transfer.endpoints import Connect
from emulator.transfer.loading import Loader
from emulator.transfer.progress import Progress
from emulator.wording import counted

log = logging.getLogger("emulator")

_MARK: Final = "init-unfinished.json"
# Seconds between two polls for the end of a deletion. With --delay-transient-statuses, a table is
# DELETING for 3 s.
_POLL: Final = 0.05


class InitialDataError(Exception):
    """The files of --init cannot be loaded. The user has already seen the problems."""


class EmulatorEndpoint:
    """The emulator in this process as an endpoint, for one access key and region."""

    def __init__(self, emulator: Emulator, access_key: str, region: str) -> None:
        self._emulator = emulator
        self._caller = emulator.caller(access_key, region)

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation and return its answer. Raises Refused if the answer is an error."""
        raw = orjson.loads(orjson.dumps(body))
        try:
            answer = self._emulator.call(operation, raw, self._caller)
        except ApiError as error:
            raise Refused(error.status, error.code, error.message or "", {}) from error
        self._emulator.tick()
        answered: dict[str, Any] = orjson.loads(answer) if answer else {}
        return answered

    def close(self) -> None:
        """Commit the writes of all requests that were made with `call`."""
        self._emulator.database.commit()


def load_initial(emulator: Emulator, paths: Sequence[str]) -> None:
    """Load files and folders into an emulator.

    Raises InitialDataError if a file has a problem, or StorageError if the store fails.
    """
    access_key, region = default_access_key(), default_region()

    def connect() -> EmulatorEndpoint:
        return EmulatorEndpoint(emulator, access_key, region)

    folder = emulator.settings.folder
    mark = None if folder is None else folder / _MARK
    if mark is not None and mark.exists():
        _drop_unfinished(emulator, mark)
    before = list(tables.names(connect()))
    if mark is not None:
        new = mark.with_suffix(".new")
        new.write_bytes(orjson.dumps({"AccessKey": access_key, "Region": region, "Tables": before}))
        new.replace(mark)
    problems = _load(connect, paths, emulator.settings.log_format)
    if problems:
        _drop_new(connect(), before)
    if mark is not None:
        mark.unlink()
    if problems:
        raise InitialDataError(f"{counted(problems, 'problem')} in {', '.join(paths)}")


def _drop_unfinished(emulator: Emulator, mark: Path) -> None:
    """Delete the tables that an earlier process created before it was killed during its load.

    mark: the file with the names of the tables that existed before that load. Raises
    InitialDataError if the file cannot be read.
    """
    try:
        found = orjson.loads(mark.read_bytes())
        endpoint = EmulatorEndpoint(emulator, str(found["AccessKey"]), str(found["Region"]))
        before = set(found["Tables"])
    except (ValueError, LookupError, TypeError):
        text = f"{mark} cannot be read: check the tables in this data folder, then delete the file"
        raise InitialDataError(text) from None
    _drop_new(endpoint, before)


def _load(connect: Connect, paths: Sequence[str], form: str) -> int:
    """Load files and folders, and return the number of problems.

    form: the value of the setting log_format.
    """
    with Progress("--init: loaded", log=log if form == "json" else None) as progress:
        loader = Loader(connect, progress, fresh=True, threaded=False)
        loader.load(inputs(paths, ReadOptions(environment=os.environ)))
    if not progress.problems:
        log.info("%s", progress.summary(f"into {counted(len(loader.created), 'new table')}"))
    return progress.problems


def _drop_new(endpoint: EmulatorEndpoint, before: Collection[str]) -> None:
    """Delete each table that is not in `before`, and wait until it no longer exists."""
    for name in [each for each in tables.names(endpoint) if each not in before]:
        endpoint.call("UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})
        endpoint.call("DeleteTable", {"TableName": name})
        while tables.describe(endpoint, name) is not None:
            time.sleep(_POLL)
    endpoint.close()
