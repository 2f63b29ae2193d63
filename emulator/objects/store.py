"""The interface of object storage, and its errors."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ObjectError(Exception):
    """A call of object storage failed.

    code: the FailureCode of an operation that fails because of this error (control-plane 4.2 and
    5.4).
    hint: for the log, what the user of a local server can do about it.
    """

    def __init__(self, code: str, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.hint = hint


def failed(status: int, code: str, text: str, hint: str = "") -> ObjectError:
    """Return the ObjectError for an error of S3, in the service's form (control-plane 4.2)."""
    message = f"{text} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: null)"
    return ObjectError(f"S3{code}", message, hint)


def no_such_bucket(hint: str = "") -> ObjectError:
    """Return the error for a bucket that does not exist."""
    return failed(404, "NoSuchBucket", "The specified bucket does not exist", hint)


def access_denied(hint: str = "") -> ObjectError:
    """Return the error for an access that is not allowed."""
    return failed(403, "AccessDenied", "Access Denied", hint)


def too_many_objects(count: int, most: int) -> ObjectError:
    """Return the error for more objects than one import or bulk operation reads.

    gap: we know the limit, but neither the code nor the text (control-plane 5.1).
    """
    return ObjectError("S3ObjectLimitExceeded", f"The source has {count} objects, but the limit is {most} objects.")


def no_such_key(key: str) -> ObjectError:
    """Return the error for a KMS key that does not exist (control-plane 4.2)."""
    message = f"Invalid keyId '{key}' (Service: Kms; Status Code: 400; Error Code: NotFoundException; Request ID: null)"
    return ObjectError("KmsNotFoundException", message)


class Encryption(NamedTuple):
    """The encryption of objects: AES256 or KMS, and the id of a KMS key."""

    algorithm: str = "AES256"
    key: str | None = None


class StoredObject(NamedTuple):
    """An object of a bucket. size: in bytes."""

    key: str
    size: int


class Readable(Protocol):
    """The content of an object."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`; b"" at the end. Raises ObjectError."""
        ...

    def close(self) -> None:
        """Release the stream."""
        ...


class Writer(Protocol):
    """Writes an object. Readers do not see the object before `finish`."""

    def write(self, data: bytes, /) -> object:
        """Append bytes. Raises ObjectError."""
        ...

    def finish(self) -> None:
        """Store the object in the bucket.

        If the bucket has an object with the same key, that object is replaced. Raises ObjectError.
        """
        ...

    def discard(self) -> None:
        """Discard the written bytes."""
        ...


class Bucket(Protocol):
    """A bucket that exists."""

    def objects(self, prefix: str) -> Sequence[StoredObject]:
        """Return the objects whose keys begin with a prefix, in key order. Raises ObjectError."""
        ...

    def open(self, key: str) -> Readable:
        """Open an object for reading. Raises ObjectError."""
        ...

    def create(self, key: str, encryption: Encryption) -> Writer:
        """Begin to write an object. Raises ObjectError."""
        ...


class ObjectStore(Protocol):
    """A store of buckets."""

    def bucket(self, name: str, owner: str | None = None) -> Bucket:
        """Return a bucket. owner: the account that must own it. Raises ObjectError."""
        ...


def put(bucket: Bucket, key: str, data: bytes, encryption: Encryption) -> None:
    """Write a small object. Raises ObjectError."""
    writer = bucket.create(key, encryption)
    try:
        writer.write(data)
        writer.finish()
    except BaseException:
        writer.discard()
        raise
