"""The token that each form of the console must send.

Web pages of other sites cannot read the token, so they cannot send a form of the console. All
workers of a server have the same token. Each start of the server makes a new token.
"""

import hmac
import os
from hashlib import sha256
from typing import Final

from emulator.shared_memory import SharedMemory

FIELD: Final = "_token"
_PURPOSE: Final = b"forms of the console"


class Token:
    """The token of a server.

    sharing: the memory that the server's workers share; None if the server is one process.
    """

    def __init__(self, sharing: SharedMemory | None) -> None:
        secret = os.urandom(16) if sharing is None else sharing.run
        self.text: Final = hmac.new(secret, _PURPOSE, sha256).hexdigest()

    def accepts(self, given: str) -> bool:
        """Return True if `given`, the value of a form's field, is the token."""
        return hmac.compare_digest(self.text.encode(), given.encode("utf-8", "replace"))
