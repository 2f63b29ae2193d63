"""Lines for the report of a failed test: the test's last requests."""

from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from dynamodb_emulator._accounts import Account
from dynamodb_emulator.server import ControlError


def lines_of(account: Account, most: int) -> list[str]:
    """Return a line for each of the last requests of a test, or [] if the server has ended.

    most: the maximum number of requests to show. A line before them has the number of earlier
    requests.
    """
    try:
        requests = account.requests()
    except (OSError, HTTPException, ControlError):
        return []
    earlier = len(requests) - most
    return [f"({earlier} earlier requests)"] * (earlier > 0) + [_line(each) for each in requests[-most:]]


def _line(request: Mapping[str, Any]) -> str:
    """Return a line such as `GetItem Orders: 400 ValidationException: message (reason), 0.1 ms`."""
    subject = f"{request.get('Operation', 'a request')} {', '.join(request.get('Tables', ()))}".rstrip()
    index = f"/{request['Index']}" if "Index" in request else ""
    error = f" {request['Code']}: {request.get('Message', '')}" if "Code" in request else ""
    reason = f" ({request['Reason']})" if "Reason" in request else ""
    return f"{subject}{index}: {request['Status']}{error}{reason}, {request['Milliseconds']:.1f} ms"
