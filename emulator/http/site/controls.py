"""The controls over HTTP, under `/_emulator/`: status codes and JSON bodies (emulator/controls).

They need no credentials. An empty body counts as `{}`, and so does JSON that is not an object.
"""

from typing import Final

import orjson

from emulator import errors
from emulator.app import Emulator
from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.database.database import report_full
from emulator.http.front.failures import log_failure
from emulator.slices import Steps
from storage import Full, Interrupted

PREFIX: Final = b"/_emulator/"
CLOCK: Final = PREFIX + b"clock"

_BUSY: Final = 503  # Service Unavailable
_NO_ROOM: Final = 507  # Insufficient Storage


def answer(emulator: Emulator, method: str, path: bytes, body: bytes) -> Steps[tuple[int, bytes]]:
    """Answer a call, most of them in one step; return its status and JSON body. path: what follows PREFIX."""
    name = path.decode("latin-1")
    found = registry.by_call().get((method, name))
    if found is None:
        known = ", ".join(f"{verb} {PREFIX.decode()}{each}" for verb, each in sorted(registry.by_call(), key=_by_path))
        return 404, _message(f"there is no such call; there are: {known}")
    try:
        parsed = orjson.loads(body or b"{}")
        result = yield from registry.begin(emulator, found, parsed if isinstance(parsed, dict) else {})
        return 200, orjson.dumps(result)
    except orjson.JSONDecodeError:
        return 400, _message("the body is not JSON")
    except BadDeclaration as error:
        return 400, _message(str(error))
    except Interrupted as error:
        log_failure(f"{method} {PREFIX.decode()}{name}", error)
        return _BUSY, _message("other processes kept this call from running: send it again")
    except Full as error:
        report_full(error)
        return _NO_ROOM, _message(errors.storage_full().message)


def _by_path(call: tuple[str, str]) -> tuple[str, str]:
    return call[1], call[0]


def _message(text: str | None) -> bytes:
    return orjson.dumps({"message": text})
