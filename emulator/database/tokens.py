"""ClientRequestTokens: which transactions have happened already (behaviour 8.3).

A token is remembered for ten minutes of the emulator's clock, in the same storage transaction as the writes that it
stands for, so it is as durable as they are. Beside the record itself an entry by time of expiry lets every new token
sweep out a few old ones.
"""

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
_SWEPT: Final = 4  # expired tokens forgotten with each new one


def fingerprint(request: dict[str, Any]) -> bytes:
    """Return 32 bytes that are equal for equal requests; what capacity is to be told makes no difference."""
    compared = {name: value for name, value in request.items() if name != "ReturnConsumedCapacity"}
    return sha256(orjson.dumps(compared, option=orjson.OPT_SORT_KEYS)).digest()


def has_run(txn: ReadTxn, caller: Caller, operation: str, token: str, mark: bytes, now: float) -> bool:
    """Say whether a request with this token has happened. Raises IdempotentParameterMismatchException."""
    record = txn.get(keyspace.token(caller.access_key, caller.region, operation, token))
    if record is None or _MILLISECONDS.unpack_from(record)[0] <= now * 1000:
        return False
    if record[_MILLISECONDS.size :] != mark:
        raise errors.idempotent_parameter_mismatch()
    return True


def remember(txn: WriteTxn, caller: Caller, operation: str, token: str, mark: bytes, now: float) -> None:
    """Record that the request has happened, and forget a few whose time is over."""
    key = keyspace.token(caller.access_key, caller.region, operation, token)
    forget(txn, now)
    before = txn.get(key)
    if before is not None:
        txn.delete(keyspace.token_expiry(before[: _MILLISECONDS.size], key))
    expiry = _MILLISECONDS.pack(int((now + TOKEN_SECONDS) * 1000))
    txn.put(key, expiry + mark)
    txn.put(keyspace.token_expiry(expiry, key), b"")


def forget(txn: WriteTxn, now: float) -> None:
    """Drop the oldest of the tokens that have expired."""
    until = keyspace.token_expiry(_MILLISECONDS.pack(int(now * 1000)), b"")
    expired = [key for key, _ in islice(txn.scan(keyspace.token_expiry(b"", b""), until), _SWEPT)]
    for key in expired:
        txn.delete(key)
        txn.delete(keyspace.token_of_expiry(key))
