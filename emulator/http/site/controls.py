"""Serves the controls (emulator/controls) over HTTP, under `/_emulator/`.

The calls need no credentials. An empty body counts as `{}`, and so does JSON that is not an object.
A control runs to its end even if its client goes away.
"""

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator import errors
from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.controls.registry import Control
from emulator.errors import ApiError
from emulator.http.control_calls import run
from emulator.http.front.answers import PLAIN_JSON
from emulator.http.front.failures import log_failure
from emulator.http.front.front import Front, PeerFailed
from emulator.http.site.responses import response
from storage import Full, Interrupted

_PREFIX: Final = "/_emulator/"
_BUSY: Final = 503  # Service Unavailable
_NO_ROOM: Final = 507  # Insufficient Storage


class Controls:
    """Answers the calls of controls."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def answer(self, request: Request) -> Response:
        """Answer a call."""
        method, path = request.method, request.scope["path"]
        name = path.removeprefix(request.scope["root_path"]).removeprefix("/")
        try:
            status, body = await self._call(method, name, await request.body())
        except Exception as error:  # noqa: BLE001 - is logged
            log_failure(f"{method} {path}", error)
            return response(self._front.endpoint.failed(error))
        # The type is plain JSON, because browsers show it. Bodies of unknown types are saved as
        # files.
        return response(self._front.endpoint.answers.make(status, body, {}).typed(PLAIN_JSON))

    async def _call(self, method: str, name: str, text: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        calls = registry.by_call()
        control = calls.get((method, name))
        if control is None:
            known = ", ".join(f"{each.method} {_PREFIX}{each.path}" for each in sorted(calls.values(), key=_by_path))
            return 404, _message(f"there is no such call; there are: {known}")
        try:
            body = orjson.loads(text or b"{}")
        except orjson.JSONDecodeError:
            return 400, _message("the body is not JSON")
        try:
            return 200, orjson.dumps(await run(self._front, control, body if isinstance(body, dict) else {}))
        except BadDeclaration as error:
            return 400, _message(str(error))
        except Interrupted as error:
            log_failure(f"{method} {_PREFIX}{name}", error)
            return _BUSY, _message("other processes changed the store during this call: send it again")
        except PeerFailed as error:
            log_failure(f"{method} {_PREFIX}{name}", error)
            return _BUSY, _message(str(error))
        except Full:  # the commit failed
            return _NO_ROOM, _message(errors.storage_full().message)
        except ApiError as error:
            if not isinstance(error.__cause__, Full):
                raise
            return _NO_ROOM, _message(error.message)


def _by_path(control: Control) -> tuple[str, str]:
    return control.path, control.method


def _message(text: str | None) -> bytes:
    return orjson.dumps({"message": text})
