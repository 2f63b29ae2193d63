"""LMDB transactions that fail on request."""

from typing import Any


class Stubborn:
    """An LMDB transaction of which one method fails, as it would on a full disk or map."""

    def __init__(self, txn: Any, method: str, error: Exception) -> None:
        self.txn, self.method, self.error = txn, method, error

    def __getattr__(self, name: str) -> Any:
        return self.fail if name == self.method else getattr(self.txn, name)

    def fail(self, *_: Any, **__: Any) -> None:
        """Raise the error; a commit that fails has ended the transaction."""
        if self.method == "commit":
            self.txn.abort()
        raise self.error
