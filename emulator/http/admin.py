"""The emulator's own calls, under `/_emulator/`: what a test can have happen that on AWS just happens.

| call                             | JSON body                                        | does                                     |
|----------------------------------|--------------------------------------------------|------------------------------------------|
| `POST /_emulator/throttling`     | `{"Enforced": true, "TableName"?}`               | enforces throughput on tables of a name, |
|                                  |                                                  | or on all                                |
| `POST /_emulator/transactions`   | `{"TableName", "Key", "Seconds"}` or             | declares that a transaction is under way |
|                                  | `{"ClientRequestToken", "Seconds"}`              | on an item, or with a token, for a while |

They need no credentials. A call that is not understood answers 400 (or 404) and says what was expected.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from emulator.app import Emulator
from emulator.errors import ApiError
from emulator.values.wire import Problem, parse_map

PREFIX: Final = b"/_emulator/"

Body = Mapping[str, Any]


class BadCall(Exception):
    """The call is not understood; the text says what was expected."""


def _member(body: Body, name: str, kind: type | tuple[type, ...]) -> Any:  # noqa: ANN401 - of the kind
    value = body.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadCall(f"the member {name} is missing or of a wrong type")
    return value


def _throttling(emulator: Emulator, body: Body) -> dict[str, Any]:
    table = _member(body, "TableName", str) if "TableName" in body else None
    emulator.database.enforcer.set_throttling(table, enforced=_member(body, "Enforced", bool))
    emulator.database.catalog.refresh()
    return {}


def _transactions(emulator: Emulator, body: Body) -> dict[str, Any]:
    enforcer = emulator.database.enforcer
    seconds = float(_member(body, "Seconds", (int, float)))
    if "ClientRequestToken" in body:
        enforcer.hold_token(_member(body, "ClientRequestToken", str), seconds)
        return {}
    problems: list[Problem] = []
    try:
        key = parse_map(_member(body, "Key", dict), problems)
    except ApiError as error:
        raise BadCall(f"the member Key is no key: {error.message}") from None
    if problems:
        raise BadCall(f"the member Key is no key: {problems[0].text()}")
    enforcer.hold_item(_member(body, "TableName", str), key, seconds)
    emulator.database.catalog.refresh()
    return {}


_CALLS: Final[Mapping[tuple[str, bytes], Callable[[Emulator, Body], dict[str, Any]]]] = {
    ("POST", b"throttling"): _throttling,
    ("POST", b"transactions"): _transactions,
}


def answer(emulator: Emulator, method: str, path: bytes, body: bytes) -> tuple[int, bytes]:
    """Answer a call; return its status and JSON body. path is what follows PREFIX."""
    call = _CALLS.get((method, path))
    if call is None:
        known = ", ".join(f"{verb} {PREFIX.decode()}{name.decode()}" for verb, name in _CALLS)
        return 404, orjson.dumps({"message": f"there is no such call; there are: {known}"})
    try:
        parsed = orjson.loads(body)
        if not isinstance(parsed, dict):
            raise BadCall("the body is no JSON object")
        return 200, orjson.dumps(call(emulator, parsed))
    except orjson.JSONDecodeError:
        return 400, orjson.dumps({"message": "the body is no JSON"})
    except BadCall as error:
        return 400, orjson.dumps({"message": str(error)})
