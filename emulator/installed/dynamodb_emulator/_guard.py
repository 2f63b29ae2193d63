"""Refuses requests to DynamoDB on AWS during a test, because they are a mistake.

A module may make a client when it is imported. If this happens before the plugin sets the
environment variables of the test, the client calls the real AWS. During a test that has an account
on this server, requests of such a client fail before they are sent. The error says what to do. A
program that never imports botocore has no additional cost.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

_SENDERS = (("botocore.httpsession", "URLLib3Session"), ("aiobotocore.httpsession", "AIOHTTPSession"))
_OF_DYNAMODB = re.compile(r"([^.]+\.)*(dynamodb|dynamodb-fips|ddb)\.[^.]+\.(amazonaws\.com(\.cn)?|api\.aws)")


@contextmanager
def no_requests_to_aws(refuse: Callable[[str], NoReturn]) -> Iterator[None]:
    """Refuse requests for DynamoDB on AWS until the end of a `with` block.

    refuse: a function that is called with a sentence for the user, and raises an error.
    """
    with ExitStack() as stack:
        for sender in senders():
            stack.enter_context(_guarded(sender, refuse))
        yield


def senders() -> Iterator[Any]:
    """Yield the imported classes with which clients send requests. Each has a method `send`."""
    for module, name in _SENDERS:
        sender = getattr(sys.modules.get(module), name, None)
        if sender is not None:
            yield sender


@contextmanager
def _guarded(sender: Any, refuse: Callable[[str], NoReturn]) -> Iterator[None]:  # noqa: ANN401 - a class of botocore
    send = sender.send

    def guarded(self: Any, request: Any) -> Any:  # noqa: ANN401 - objects of botocore
        host = urlsplit(request.url).hostname or ""
        if _OF_DYNAMODB.fullmatch(host):
            refuse(
                f"a test with dynamodb-emulator has used a client of {host}. The client was made before the test had "
                "its account, perhaps when a module was imported. Set dynamodb_isolation = reset, or make the client "
                "in a function."
            )
        return send(self, request)

    sender.send = guarded
    try:
        yield
    finally:
        sender.send = send
