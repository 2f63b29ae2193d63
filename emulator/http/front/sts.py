"""Answers GetCallerIdentity of STS, which infrastructure tools call first (control-plane 18.1).

The identity is the root user of the access key's account. Signatures are not verified, as in all
requests. `other_services` answers all other actions of STS with an error.
"""

from collections.abc import Callable
from typing import Final

from emulator.errors import ApiError
from emulator.http.front import auth
from emulator.http.front.answers import Fields
from emulator.http.front.other_services import Reply, form_of, query_error

ACTION: Final = "GetCallerIdentity"

_SERVICE: Final = "sts"
_XML: Final = b"text/xml"
_FORBIDDEN: Final = 403
_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"

Account = Callable[[str], str]
"""A function that returns the account of an access key."""


def reply(account_of: Account, method: str, query: bytes, fields: Fields, body: bytes) -> Reply | None:
    """Return the answer to GetCallerIdentity of STS; None for any other request."""
    if form_of(method, query, fields, body).get("Action") != ACTION:
        return None
    if auth.signed_for(fields, query) not in (None, _SERVICE):
        return None
    try:
        credentials = auth.credentials(fields, query)
    except ApiError as error:
        return Reply(_SERVICE, _FORBIDDEN, _XML, b"", query_error(error, error.code.removesuffix("Exception")))
    account = account_of(credentials.access_key)
    return Reply(
        _SERVICE,
        200,
        _XML,
        b"",
        (
            f'<{ACTION}Response xmlns="{_NAMESPACE}"><{ACTION}Result><Arn>arn:aws:iam::{account}:root</Arn>'
            f"<UserId>{account}</UserId><Account>{account}</Account></{ACTION}Result>"
            f"<ResponseMetadata><RequestId/></ResponseMetadata></{ACTION}Response>\n"
        ).encode(),
    )
