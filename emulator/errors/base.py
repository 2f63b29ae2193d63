"""The class of all errors that clients see, and the envelope of their messages.

`ApiError` is the only exception that becomes an answer to a client. Only functions of this package
and of event_sources/errors.py (Lambda's errors) make one.

An error's *envelope* is the prefix "1 validation error detected: ". Some operations report a
problem of the request with the envelope, others without it (behaviour 2.1, 3.6). So checks raise
the error without the envelope, and the operation registry adds it with `enveloped` if the operation
needs it.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

SERVICE: Final = "com.amazonaws.dynamodb.v20120810#"
CORAL: Final = "com.amazon.coral.service#"
VALIDATE: Final = "com.amazon.coral.validate#"

ENVELOPE: Final = "1 validation error detected: "

About = Literal["request", "transaction", "key", "item", "condition", "conflict", "capacity"]
"""The subject of an error.

Code that treats some errors differently decides by the subject, never by a text.

request: the request is wrong, whatever the tables are
transaction: a valid statement that is not allowed in a transaction
key: a key in the request, of the table or of an index, that does not fit the table
item: the item that the change would store, or the item's collection after the change
condition: a condition that is not met
conflict: another transaction in progress uses the item
capacity: throughput that is used up; the same request may succeed later
"""


class ApiError(Exception):
    """An error response.

    code: the error's name.
    message: the error's text, or None if the service sends no text.
    status: the HTTP status.
    namespace: the beginning of `__type`, up to '#'.
    message_member: the member of the response that has the message: "message" or "Message".
    extra: members of the response in addition to the message.
    about: the subject of the error, as explained at `About`.
    bare: True if the message never gets the prefix "1 validation error detected: ".
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

    def located(self, _text: bytes) -> "ApiError":
        """Return this error with a message that fits the request's body as the client sent it.

        Only DecodingError changes its message, because the message has a position in the body.
        """
        return self


LONGEST_WHOLE: Final = 68_000
"""The maximum number of bytes of JSON that a message may have. A longer message is cut.

Without this limit, a message could be as long as the request. We do not know where the service cuts
its messages. So the messages of ordinary mistakes are not cut, for example a message with an
attribute name that is one byte over the limit of 65,535.
"""
LONGEST_CUT: Final = 60_000
"""The maximum number of bytes of JSON that a message has after it was cut."""

_CUT: Final = "..."  # our own mark at the end of a message that was cut


def _answerable(message: str) -> str:
    if len(message) * _JSON_GROWTH <= LONGEST_WHOLE or json_size(message) <= LONGEST_WHOLE:
        return message
    return shortened(message, LONGEST_CUT)


def shortened(text: str, limit: int) -> str:
    """Return the text. If it has more than `limit` bytes as JSON, cut it and append "..."."""
    if len(text) * _JSON_GROWTH <= limit or (len(text) <= limit and json_size(text) <= limit):
        return text
    text = text[:limit]
    room = max(limit - len(_CUT), 0)
    while (size := json_size(text)) > room:
        text = text[: min(len(text) * room // size, len(text) - 1)]
    return text + _CUT


def json_size(text: str) -> int:
    """Return the maximum number of bytes that a text needs as a JSON string, without the quotes."""
    data = text.encode()
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return len(data) + data.count(b'"') + data.count(b"\\") + 5 * controls


_CONTROLS: Final = bytes(range(32))
_JSON_GROWTH: Final = 6  # the maximum number of bytes of a character in JSON; `\u0001` has six


def enveloped(error: ApiError) -> ApiError:
    """Return the error with the prefix "1 validation error detected: " in its message.

    Return an error that never has this prefix (`bare`) unchanged.
    """
    if error.code != "ValidationException" or error.message is None or error.bare:
        return error
    return ApiError(error.code, ENVELOPE + error.message, namespace=VALIDATE, about=error.about, bare=True)
