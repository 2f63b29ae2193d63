"""LMDB's handles: names for their types, and stand-ins for transactions that have ended.

The names are for the type checker only: at run time, LMDB's classes take no type parameters.
"""

from typing import TYPE_CHECKING, Any, NoReturn

from storage.engine import TRANSACTION_ENDED
from storage.errors import Closed, Interrupted

if TYPE_CHECKING:
    import lmdb
    from lmdb import _Database

    Table = _Database
    Cursor = lmdb.Cursor[bytes]
    Transaction = lmdb.Transaction[bytes]


class _Lost:
    """Replaces the LMDB transaction of a reader that has lost its snapshot."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Interrupted("The snapshot was lost when the store grew: read again.")

    cursor = get

    def abort(self) -> None:
        """Do nothing: LMDB has already ended the transaction."""


class _Ended:
    """Replaces the LMDB transaction of a reader or writer that has ended."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Closed(TRANSACTION_ENDED)

    put = delete = cursor = get

    def abort(self) -> None:
        """Do nothing: the transaction has already ended."""


# These have the type Any because the hot code uses them as LMDB transactions.
LOST: Any = _Lost()
ENDED: Any = _Ended()
