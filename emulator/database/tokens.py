"""ClientRequestTokens: they tell which transactions have already run (behaviour 8.3).

A token is stored for ten minutes, by the emulator's clock. The transaction that stores the writes
of a request also stores the request's token, so the token is as durable as the writes. Each token
has a second record. These second records are in the order of expiry, so `Token.remember` finds
expired tokens, and deletes a few of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from struct import Struct
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.store import keyspace
from emulator.limits import TOKEN_SECONDS
from storage import ReadTxn, WriteTxn

_MILLISECONDS: Final = Struct(">Q")
_FORGOTTEN: Final = 4  # the maximum number of expired tokens that are deleted when a token is stored


@dataclass(frozen=True, slots=True)
class Token:
    """The ClientRequestToken of a request.

    text: the token as the client sent it. key: the storage key of the token's record.
    mark: the digest of the request, a result of `fingerprint`.
    """

    text: str
    key: bytes
    mark: bytes

    def has_run(self, txn: ReadTxn, now: float) -> bool:
        """Return True if a request with this token has run. If the token has expired, return False.

        Raises IdempotentParameterMismatchException if a different request has used this token.
        """
        record = txn.get(self.key)
        if record is None or _MILLISECONDS.unpack_from(record)[0] <= now * 1000:
            return False
        if record[_MILLISECONDS.size :] != self.mark:
            raise errors.idempotent_parameter_mismatch()
        return True

    def remember(self, txn: WriteTxn, now: float) -> None:
        """Store that the request with this token has run, and delete a few expired tokens."""
        _forget(txn, now)
        before = txn.get(self.key)
        if before is not None:
            txn.delete(keyspace.token_expiry(before[: _MILLISECONDS.size], self.key))
        expiry = _MILLISECONDS.pack(int((now + TOKEN_SECONDS) * 1000))
        txn.put(self.key, expiry + self.mark)
        txn.put(keyspace.token_expiry(expiry, self.key), b"")


def token_of(caller: Caller, operation: str, request: Mapping[str, Any]) -> Token | None:
    """Return the token of a request, or None if the request has no ClientRequestToken.

    Two operations never share a token, even if their requests have the same ClientRequestToken.
    """
    text = request.get("ClientRequestToken")
    if text is None:
        return None
    return Token(text, keyspace.token(caller.access_key, caller.region, operation, text), fingerprint(request))


def fingerprint(request: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 digest of a request without its member ReturnConsumedCapacity."""
    compared = {name: value for name, value in request.items() if name != "ReturnConsumedCapacity"}
    return sha256(orjson.dumps(compared, option=orjson.OPT_SORT_KEYS)).digest()


def _forget(txn: WriteTxn, now: float) -> None:
    """Delete a few expired tokens, oldest first."""
    until = keyspace.token_expiry(_MILLISECONDS.pack(int(now * 1000)), b"")
    expired = [key for key, _ in islice(txn.scan(keyspace.token_expiry(b"", b""), until), _FORGOTTEN)]
    for key in expired:
        txn.delete(key)
        txn.delete(keyspace.token_of_expiry(key))
