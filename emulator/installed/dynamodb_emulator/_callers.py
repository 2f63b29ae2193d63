"""Adds a header to each request. The header says which line of the program sends the request.

This line is the caller. The findings of the advisor name it. During a test, each request to the
server gets the header, with file, line and function of the caller. The header is added after the
request was signed. So the signature does not cover it, and the other headers do not change.

The code replaces the method with which botocore sends all requests, as `_guard.py` does. So it also
works for clients that exist already. A handler for botocore's events would work only for clients
that are made afterwards.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Any
from urllib.parse import quote

from dynamodb_emulator._guard import senders

HEADER = "X-Dynamodb-Emulator-Caller"

_LIBRARIES = ("botocore", "boto3", "aiobotocore", "aioboto3", "s3transfer", "urllib3", "dynamodb_emulator")
_STANDARD = os.path.dirname(os.__file__)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@contextmanager
def naming_callers(url: str, root: str) -> Iterator[None]:
    """Until the end of a `with` block, add the caller's header to each request to a server.

    url: the server's URL. root: the header names files relative to this folder.
    """
    # Import botocore now, because `senders` finds only imported classes. A test may import botocore
    # later, for its first client.
    with suppress(ImportError):
        import botocore.httpsession  # noqa: F401, PLC0415 - see above
    with ExitStack() as stack:
        for sender in senders():
            stack.enter_context(_naming(sender, url.rstrip("/") + "/", root))
        yield


@contextmanager
def _naming(sender: Any, url: str, root: str) -> Iterator[None]:  # noqa: ANN401 - a class of botocore
    send = sender.send

    def naming(self: Any, request: Any) -> Any:  # noqa: ANN401 - objects of botocore
        if request.url.startswith(url):
            request.headers[HEADER] = caller(sys._getframe(1), root)  # noqa: SLF001 - traceback takes 100 times as long
        return send(self, request)

    sender.send = naming
    try:
        yield
    finally:
        sender.send = send


def caller(frame: FrameType | None, root: str) -> str:
    """Return the value of the header: file, line and function of the caller, and a client id.

    The client id has the process id and the id() of the botocore client. The caller is the
    innermost frame of the user's program. If the stack has no such frame, the caller is the
    innermost frame of an installed library that is not in _LIBRARIES.
    """
    client = ""
    other: FrameType | None = None
    while frame is not None:
        code = frame.f_code
        module = frame.f_globals.get("__name__", "").partition(".")[0]
        if module == "botocore" and code.co_name == "_make_api_call":
            client = f"{os.getpid():x}-{id(frame.f_locals.get('self')):x}"
        if module not in _LIBRARIES and not code.co_filename.startswith("<"):
            if not _is_installed(code.co_filename):
                break
            if other is None and not code.co_filename.startswith(_STANDARD):
                other = frame
        frame = frame.f_back
    frame = frame or other
    if frame is None:
        return f"; client={client}"
    file, function = frame.f_code.co_filename, frame.f_code.co_name
    if file.startswith(root + os.sep):
        file = os.path.relpath(file, root)
    return f"{quote(file.replace(os.sep, '/'))}:{frame.f_lineno}; function={quote(function)}; client={client}"


def _is_installed(file: str) -> bool:
    return file.startswith(_STANDARD) or any(part in file for part in _INSTALLED)
