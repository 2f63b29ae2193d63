"""The errors of a store. A client's request never causes them."""


class StorageError(Exception):
    """Base class of all errors of a storage engine."""


class Full(StorageError):
    """The disk or the address space has no room. No write of the transaction was kept."""


class Interrupted(StorageError):
    """The transaction cannot continue.

    None of its writes were kept; running it again should succeed.
    """


class Lost(Interrupted):
    """All pending writes were lost, even those of write blocks that had ended without an error.

    No new write can begin until `commit()` has reported the loss (storage/README.md, "Group
    commit").
    """


class Corrupted(StorageError):
    """The stored bytes are not those that this program wrote."""


class LayoutMismatch(StorageError):
    """A program with a different, usually newer, storage layout wrote the folder."""


class Unavailable(StorageError):
    """The folder cannot be opened: it is not writable, not a folder, or not ours."""


class Closed(StorageError):
    """The engine was used after close(), or a transaction after its end."""
