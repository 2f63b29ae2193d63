"""The token of forms: pages of other sites cannot read it, so they cannot send a form.

All workers of a server have the same token. A server that starts again has a new one.
"""

import hmac
import os
from hashlib import sha256
from typing import Final

from emulator.shared_memory import SharedMemory

FIELD: Final = "_token"
_PURPOSE: Final = b"forms of the console"


class Token:
    """The token of one server. sharing: what its workers share, None if it has one process."""

    def __init__(self, sharing: SharedMemory | None) -> None:
        secret = os.urandom(16) if sharing is None else sharing.run
        self.text: Final = hmac.new(secret, _PURPOSE, sha256).hexdigest()

    def accepts(self, given: str) -> bool:
        """Return whether a form has sent the token."""
        return hmac.compare_digest(self.text.encode(), given.encode("utf-8", "replace"))
