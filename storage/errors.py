"""What can go wrong in the store itself. None of it is the fault of a client's request."""


class StorageError(Exception):
    """Base of every failure of a storage engine."""


class Full(StorageError):
    """The disk or the address space has no room. Nothing of the transaction was kept."""


class Interrupted(StorageError):
    """The transaction cannot continue. Nothing of it was kept; running it again should succeed."""


class Lost(Interrupted):
    """All pending writes were lost, even those of blocks that had ended without an error.

    No new write begins until `commit()` has reported the loss (storage/README.md, "Group commit").
    """


class Corrupted(StorageError):
    """The stored bytes are not what this program wrote."""


class LayoutMismatch(StorageError):
    """The folder was written by a program with another, usually newer, storage layout."""


class Unavailable(StorageError):
    """The folder cannot be opened: it is not writable, not a folder, or not ours."""


class Closed(StorageError):
    """The engine was used after close(), or a transaction after its end."""
