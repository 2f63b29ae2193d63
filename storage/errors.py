"""The errors of a store. They are failures, and never the fault of a client's request."""


class StorageError(Exception):
    """Base class of all errors of a storage engine."""


class Full(StorageError):
    """The disk or the address space has no room. No write of the transaction was kept."""


class Interrupted(StorageError):
    """The transaction cannot continue, and none of its writes were kept.

    Running the transaction again should succeed.
    """


class Lost(Interrupted):
    """All pending writes of a group commit were lost, even those of transactions without an error.

    No new write can begin until `commit()` has raised this error (storage/README.md, "Group
    commit").
    """


class Corrupted(StorageError):
    """The stored data are damaged: they are not what this program wrote."""


class LayoutMismatch(StorageError):
    """The folder has a storage layout that this program cannot read, usually a newer one."""


class Unavailable(StorageError):
    """The folder cannot be used, for example because it is not writable or not a data folder."""


class Closed(StorageError):
    """An engine was used after close(), or a transaction was used after its end."""
