"""The error that reaches a client.

`ApiError` is the only exception that reaches a client. Only the factories of this package make it,
and those of Lambda's errors in event_sources/errors.py.

An error's *envelope* is the prefix "1 validation error detected: ". Whether a request problem
comes inside it or bare depends on the operation (behaviour 2.1, 3.6): checks raise
the bare error, the operation registry applies `enveloped`.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

SERVICE: Final = "com.amazonaws.dynamodb.v20120810#"
CORAL: Final = "com.amazon.coral.service#"
VALIDATE: Final = "com.amazon.coral.validate#"

ENVELOPE: Final = "1 validation error detected: "

About = Literal["request", "transaction", "key", "item", "condition", "conflict", "capacity"]
"""What an error is about. Code that treats errors differently decides by this, never by a text.

request: what the request says, whatever is stored; a key or an item that no table could have too
transaction: a statement that is right, but that no transaction may contain
key: a key, of the table or of an index, that does not suit the table
item: what the request would make of the stored item, or of its collection
condition: a condition that does not hold
conflict: another transaction has the item
capacity: throughput that is used up; the same request may succeed later
"""


class ApiError(Exception):
    """An answer that is an error.

    code: the error's name; message: its text, None where the service sends none; status: HTTP
    status; namespace: what precedes '#' in `__type`; message_member: "message" or "Message";
    extra: members beside the message; about: what the error is about; bare: the envelope never
    goes around it.
    """

    def __init__(
        self,
        code: str,
        message: str | None,
        *,
        status: int = 400,
        namespace: str = SERVICE,
        message_member: str = "message",
        extra: Mapping[str, Any] | None = None,
        about: About = "request",
        bare: bool = False,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.namespace = namespace
        self.message_member = message_member
        self.extra = extra or {}
        self.about: About = about
        self.bare = bare

    def body(self) -> dict[str, Any]:
        """Return the JSON body: `__type`, the message and the extra members (behaviour 1.2)."""
        body: dict[str, Any] = {"__type": self.namespace + self.code}
        if self.message is not None:
            body[self.message_member] = _answerable(self.message)
        body.update(self.extra)
        return body


LONGEST_WHOLE: Final = 68_000
"""Bytes of JSON. A longer message is cut: a request could make one as long as itself.

Where the service cuts its messages is not recorded. So all that a client may see by an ordinary mistake
stays whole, such as an attribute name of one byte over the limit of 65,535."""
LONGEST_CUT: Final = 60_000
"""Bytes of JSON that are left of a message that is cut."""

_CUT: Final = "..."  # our own


def _answerable(message: str) -> str:
    if len(message) * _JSON_GROWTH <= LONGEST_WHOLE or json_size(message) <= LONGEST_WHOLE:
        return message
    return shortened(message, LONGEST_CUT)


def shortened(text: str, most: int) -> str:
    """Return a text that is at most that many bytes of JSON, cut and marked where it is longer."""
    if len(text) * _JSON_GROWTH <= most or (len(text) <= most and json_size(text) <= most):
        return text
    text = text[:most]
    room = max(most - len(_CUT), 0)
    while (size := json_size(text)) > room:
        text = text[: min(len(text) * room // size, len(text) - 1)]
    return text + _CUT


def json_size(text: str) -> int:
    """Return the bytes that a text takes in JSON at most, without its quotes."""
    data = text.encode()
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return len(data) + data.count(b'"') + data.count(b"\\") + 5 * controls


_CONTROLS: Final = bytes(range(32))
_JSON_GROWTH: Final = 6  # bytes of JSON that a character takes at most: \u0001


def enveloped(error: ApiError) -> ApiError:
    """Return the error inside the envelope, unless it is one that always comes bare."""
    if error.code != "ValidationException" or error.message is None or error.bare:
        return error
    return ApiError(error.code, ENVELOPE + error.message, namespace=VALIDATE, about=error.about, bare=True)
