"""The emulator's own calls, under `/_emulator/`: what a test can have happen that on AWS just happens.

* `POST /_emulator/throttling` `{"Enforced": true, "TableName"?}`: enforce throughput on tables of a name, or on all.
* `POST /_emulator/transactions` `{"TableName", "Key", "Seconds"}` or `{"ClientRequestToken", "Seconds"}`: declare that a
  transaction is under way on an item, or with a token, for some seconds of the emulator's clock; 0 ends it.

They need no credentials. A call that is not understood answers 400 (or 404) and says what was expected.
"""

from collections.abc import Callable, Mapping
from typing import Final

import orjson

from emulator.app import Emulator
from emulator.database import declarations
from emulator.database.database import Database

PREFIX: Final = b"/_emulator/"


_CALLS: Final[Mapping[tuple[str, bytes], Callable[[Database, declarations.Body], None]]] = {
    ("POST", b"throttling"): declarations.throttling,
    ("POST", b"transactions"): declarations.transaction,
}


def answer(emulator: Emulator, method: str, path: bytes, body: bytes) -> tuple[int, bytes]:
    """Answer a call; return its status and JSON body. path is what follows PREFIX."""
    call = _CALLS.get((method, path))
    if call is None:
        known = ", ".join(f"{verb} {PREFIX.decode()}{name.decode()}" for verb, name in _CALLS)
        return 404, orjson.dumps({"message": f"there is no such call; there are: {known}"})
    try:
        parsed = orjson.loads(body)
        call(emulator.database, parsed if isinstance(parsed, dict) else {})
    except orjson.JSONDecodeError:
        return 400, orjson.dumps({"message": "the body is no JSON"})
    except declarations.BadDeclaration as error:
        return 400, orjson.dumps({"message": str(error)})
    return 200, b"{}"
