"""The toy ASGI application. LIMIT_MODE selects its mode.

| mode | what it does |
|---|---|
| `fixed` | reads the body, answers 200 fixed bytes (raw ASGI) |
| `starlette` | the same through a Starlette Route, Request, Response |
| `lmdb` | `orjson.loads`, LMDB, stored JSON spliced into the answer (raw ASGI) |
| `lmdbparse` | the same, but stored JSON is parsed and dumped again, as projections need |
| `sorted` | `orjson.loads`, a SortedDict of parsed items, `orjson.dumps` (raw ASGI) |
| `sortedraw` | the same, with items kept as JSON |
| `real` | `lmdbparse` behind Starlette, with a request id, x-amz-crc32 and a walk over every written item |

    LIMIT_MODE=lmdb LIMIT_DB=/some/folder uvicorn tests.bench.limits.app:app --port 8000 --no-access-log

LIMIT_GC=off turns the cyclic garbage collector off. The modes with Starlette need it installed.
Each mode imports only what it needs, so `fixed` is a bare uvicorn.
"""

import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any

MODES = ("fixed", "starlette", "lmdb", "lmdbparse", "sorted", "sortedraw", "real")
FIXED = b'{"Item":{"pk":{"S":"' + b"p" * 176 + b'"}}}'
MISSING = b'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}'
CONTENT_TYPE = "application/x-amz-json-1.0"

Headers = list[tuple[bytes, bytes]]
Answer = Callable[[Headers, bytes], tuple[int, bytes]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def make_app(mode: str) -> Asgi:
    """Return the application of a mode."""
    assert mode in MODES, f"LIMIT_MODE is one of {', '.join(MODES)}"
    answer = _fixed if mode in ("fixed", "starlette") else _operations_of(mode)
    return _behind_starlette(answer, full=mode == "real") if mode in ("starlette", "real") else _raw(answer)


def _fixed(headers: Headers, body: bytes) -> tuple[int, bytes]:
    return 200, FIXED


def _operations_of(mode: str) -> Answer:
    from orjson import loads

    from tests.bench.limits.operations import operations
    from tests.bench.limits.stores import LmdbStore, SortedStore

    store = SortedStore(raw=mode == "sortedraw") if mode.startswith("sorted") else LmdbStore()
    form = {"lmdb": "splice", "sortedraw": "splice", "sorted": "dict"}.get(mode, "parse")
    known = operations(store, form, check=mode == "real")

    def answer(headers: Headers, body: bytes) -> tuple[int, bytes]:
        found = known[_operation(headers)](loads(body))
        return (400, MISSING) if found is None else (200, found)

    return answer


def _raw(answer: Answer) -> Asgi:
    content_type = (b"content-type", CONTENT_TYPE.encode())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        body = await _body(receive)
        status, out = answer(scope["headers"], body)
        headers = [content_type, (b"content-length", b"%d" % len(out))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": out})

    return app


async def _body(receive: Any) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _lifespan(receive: Any, send: Any) -> None:
    message: dict[str, Any] = {"type": ""}
    while message["type"] != "lifespan.shutdown":
        message = await receive()
        await send({"type": message["type"] + ".complete"})


def _operation(headers: Headers) -> str:
    for name, value in headers:
        if name == b"x-amz-target":
            return value.partition(b".")[2].decode()
    return ""


def _behind_starlette(answer: Answer, *, full: bool) -> Asgi:
    import uuid
    import zlib

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        status, out = answer(request.scope["headers"], body)
        extra = None
        if full:
            extra = {"x-amzn-RequestId": uuid.uuid4().hex.upper(), "x-amz-crc32": str(zlib.crc32(out))}
        return Response(out, status, extra, media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/", endpoint, methods=["POST"])])


if os.environ.get("LIMIT_GC") == "off":
    gc.disable()
app = make_app(os.environ.get("LIMIT_MODE", "fixed"))
