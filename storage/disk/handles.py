"""Types of LMDB's objects, and two objects that replace an LMDB transaction that has ended.

The types are for the type checker only: at run time, LMDB's classes take no type parameters.
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
    """Replaces a reader's LMDB transaction after its snapshot is lost: reads raise Interrupted."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Interrupted("The snapshot was lost when the store grew: run the read again.")

    cursor = get

    def abort(self) -> None:
        """Do nothing: LMDB has already ended the transaction."""


class _Ended:
    """Replaces an LMDB transaction after its end: all methods except `abort` raise Closed."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Closed(TRANSACTION_ENDED)

    put = delete = cursor = get

    def abort(self) -> None:
        """Do nothing: the transaction has already ended."""


# The type is Any, because transactions.py uses these objects in place of LMDB transactions.
LOST: Any = _Lost()
ENDED: Any = _Ended()
