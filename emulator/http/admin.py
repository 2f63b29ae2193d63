"""The emulator's own calls, under `/_emulator/`: what a test can have happen that on AWS just happens.

* `POST /_emulator/throttling` `{"Enforced": true, "TableName"?}`: enforce throughput on tables of a name, or on all.
* `POST /_emulator/transactions` `{"TableName", "Key", "Seconds"}` or `{"ClientRequestToken", "Seconds"}`: declare that a
  transaction is under way on an item, or with a token, for some seconds of the emulator's clock; 0 ends it.
* `GET /_emulator/clock`, `POST /_emulator/clock`: look at the emulator's clock, and move it; see admin_clock.py.
* `POST /_emulator/copy` `{"Folder"}`: copy the data folder to another folder, which is missing or empty, while the server
  goes on; see copying.py. `{"Folder": its absolute path, "Bytes": of its data file}`.
* `POST /_emulator/ttl` `{"TableName"?}`: delete all that has expired, in tables of a name or in all, before the answer:
  `{"Deleted": how many items, "Tables": {ARN: how many of them}}`.

They need no credentials. An empty body counts as `{}`. A call that is not understood answers 400 (or 404) and says what was
expected.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import orjson

from emulator import errors
from emulator.app import Emulator
from emulator.database import declarations
from emulator.database.database import Database, report_full
from emulator.database.declarations import BadDeclaration, Body
from emulator.database.jobs import ttl_sweep
from emulator.database.schema.table import Table
from emulator.http import admin_clock
from emulator.http.failures import log_failure
from emulator.slices import Steps
from storage import Full, Interrupted

PREFIX: Final = b"/_emulator/"
CLOCK: Final = PREFIX + b"clock"

_BUSY: Final = 503  # Service Unavailable
_NO_ROOM: Final = 507  # Insufficient Storage

Call = Callable[[Emulator, Body], Mapping[str, Any] | Steps[Mapping[str, Any]]]
"""Returns what is answered, or steps that do: other requests are answered between two of them."""


def _declared(declare: Callable[[Database, Body], None]) -> Call:
    """Return the call that makes a declaration. It answers nothing, but says where a table is not there yet."""

    def call(emulator: Emulator, body: Body) -> Mapping[str, Any]:
        database = emulator.database
        database.rerun(lambda: declare(database, body))
        name = body.get("TableName")
        if name is None or _named(database, name):
            return {}
        return {"message": f"there is no table {name} now; this will hold for one that is created"}

    return call


def _named(database: Database, name: str) -> list[Table]:
    """Return the tables of a name in every account and region, or the one of an ARN."""
    return [table for table in database.catalog.everything() if name in (table.name, table.arn)]


def _sweep(emulator: Emulator, body: Body) -> Steps[Mapping[str, Any]]:
    database = emulator.database
    swept = ttl_sweep.tables(database)
    if "TableName" in body:
        name = declarations.member(body, "TableName", str)
        named = _named(database, name)
        if not named:
            raise BadDeclaration(f"there is no table {name}")
        swept = [table for table in swept if table in named]
        if not swept:
            raise BadDeclaration(f"the time to live of table {name} is not enabled: UpdateTimeToLive enables it")
    deleted = yield from ttl_sweep.sweep(database, swept)
    return {"Deleted": deleted.total(), "Tables": deleted}


def _copy(emulator: Emulator, body: Body) -> Steps[Mapping[str, Any]]:
    from emulator.http import copying  # noqa: PLC0415 - most servers never copy

    return copying.copy(emulator, body)


_CALLS: Final[Mapping[tuple[str, bytes], Call]] = {
    ("POST", b"throttling"): _declared(declarations.throttling),
    ("POST", b"transactions"): _declared(declarations.transaction),
    ("GET", b"clock"): admin_clock.state,
    ("POST", b"clock"): admin_clock.move,
    ("POST", b"ttl"): _sweep,
    ("POST", b"copy"): _copy,
}


def answer(emulator: Emulator, method: str, path: bytes, body: bytes) -> Steps[tuple[int, bytes]]:
    """Answer a call, most of them in one step; return its status and JSON body. path is what follows PREFIX."""
    call = _CALLS.get((method, path))
    if call is None:
        known = ", ".join(f"{verb} {PREFIX.decode()}{name.decode()}" for verb, name in _CALLS)
        return 404, orjson.dumps({"message": f"there is no such call; there are: {known}"})
    if emulator.database.versions.hinted():
        emulator.database.refresh()
    try:
        parsed = orjson.loads(body or b"{}")
        told = call(emulator, parsed if isinstance(parsed, dict) else {})
        if isinstance(told, Generator):
            told = yield from told
        return 200, orjson.dumps(told)
    except orjson.JSONDecodeError:
        return 400, orjson.dumps({"message": "the body is no JSON"})
    except BadDeclaration as error:
        return 400, orjson.dumps({"message": str(error)})
    except Interrupted as error:
        log_failure(f"{method} {(PREFIX + path).decode('latin-1')}", error)
        return _BUSY, orjson.dumps({"message": "other processes kept this call from running: send it again"})
    except Full as error:
        report_full(error)
        return _NO_ROOM, orjson.dumps({"message": errors.storage_full().message})
