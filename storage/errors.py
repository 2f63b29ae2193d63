"""What can go wrong below the database: the store itself, never the caller's request."""


class StorageError(Exception):
    """Base of every failure of a storage engine."""


class Full(StorageError):
    """The disk (or the address space) has no room for the write; nothing of the transaction was kept."""


class Interrupted(StorageError):
    """The transaction cannot go on and nothing of it was kept; running it again from its start should succeed."""


class Lost(Interrupted):
    """Nor was anything kept of the blocks before in the same group, and that must be told before anything is written."""


class Corrupted(StorageError):
    """The stored bytes are not what this program wrote."""


class LayoutMismatch(StorageError):
    """The folder was written by a program with another (usually newer) storage layout."""


class Unavailable(StorageError):
    """The folder cannot be opened: not writable, not a folder, or not ours."""


class Closed(StorageError):
    """The engine was used after close(), or a transaction after its end."""
