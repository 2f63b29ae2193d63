"""`--init PATH`: loads files into an emulator of this process before it is ready.

Only tables that are missing are created, and only these get items. So a server that starts again on
its data folder keeps what its clients have changed. The tables belong to the access key and region
that the AWS variables of the server's process name, as for commands (client/options.py).

If anything is wrong, the tables that were created are deleted again, and the server does not start:
the next start tries again.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from emulator.app import Emulator
from emulator.client.endpoint import Refused
from emulator.client.options import default_access_key, default_region
from emulator.errors import ApiError
from emulator.formats.records import ReadOptions
from emulator.formats.sources import sources
from emulator.transfer.loading import Loader
from emulator.transfer.progress import Progress


class InitialDataError(Exception):
    """The initial data cannot be loaded. The problems were shown before."""


class EmulatorEndpoint:
    """The operations of an emulator in this process, for one access key and region."""

    def __init__(self, emulator: Emulator, access_key: str, region: str) -> None:
        self._emulator = emulator
        self._caller = emulator.caller(access_key, region)

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation; return its answer. Raises Refused."""
        raw = orjson.loads(orjson.dumps(body))
        try:
            answer = self._emulator.call(operation, raw, self._caller)
        except ApiError as error:
            raise Refused(error.status, error.code, error.message or "", {}) from error
        self._emulator.tick()
        answered: dict[str, Any] = orjson.loads(answer) if answer else {}
        return answered

    def close(self) -> None:
        """Commit what was written."""
        self._emulator.database.commit()


def load_initial(emulator: Emulator, paths: Sequence[str]) -> None:
    """Load paths into an emulator. Raises InitialDataError, StorageError."""

    def connect() -> EmulatorEndpoint:
        return EmulatorEndpoint(emulator, default_access_key(), default_region())

    with Progress("--init: loaded") as progress:
        loader = Loader(connect, progress, fresh=True, threaded=False)
        loader.load(sources(paths, ReadOptions(environment=os.environ)))
    if progress.problems:
        endpoint = connect()
        for table in loader.created:
            endpoint.call("DeleteTable", {"TableName": table})
        endpoint.close()
        count = progress.problems
        raise InitialDataError(f"{count} {'problem' if count == 1 else 'problems'} in {', '.join(paths)}")
