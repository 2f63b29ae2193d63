"""LMDB's handles: the names of their types, and stand-ins for a transaction that is over.

The names exist for the type checker only: at run time LMDB's classes take no parameters.
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
    """Stands in for the LMDB transaction of a reader whose snapshot is gone."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Interrupted("The snapshot was lost when the store grew: read again.")

    cursor = get

    def abort(self) -> None:
        """Do nothing: LMDB has ended the transaction already."""


class _Ended:
    """Stands in for the LMDB transaction of a reader or writer that has ended."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Closed(TRANSACTION_ENDED)

    put = delete = cursor = get

    def abort(self) -> None:
        """Do nothing: the transaction has ended already."""


# Both have the type Any, because the hot code treats them like LMDB transactions.
LOST: Any = _Lost()
ENDED: Any = _Ended()
