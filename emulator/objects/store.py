"""The interface of object storage, and its errors."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ObjectError(Exception):
    """A call of object storage failed.

    code: the FailureCode of the export, import or bulk operation that fails with this error
    (control-plane 4.2 and 5.4).
    hint: text for the server's log: the cause, and what the user of a local server can do.
    """

    def __init__(self, code: str, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.hint = hint


def failed(status: int, code: str, text: str, hint: str = "") -> ObjectError:
    """Return an ObjectError with the message that DynamoDB makes of S3's error (control-plane 4.2).

    status, code, text: the HTTP status, error code and message of S3's response.
    hint: text for the server's log, see ObjectError.
    """
    message = f"{text} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: null)"
    return ObjectError(f"S3{code}", message, hint)


def no_such_bucket(hint: str = "") -> ObjectError:
    """Return the error for a bucket that does not exist."""
    return failed(404, "NoSuchBucket", "The specified bucket does not exist", hint)


def access_denied(hint: str = "") -> ObjectError:
    """Return the error AccessDenied, for a missing permission."""
    return failed(403, "AccessDenied", "Access Denied", hint)


def too_many_objects(count: int, most: int) -> ObjectError:
    """Return the error for a source with more objects than one import or bulk operation may read.

    We know the service's limit, but not the service's error (control-plane 5.1). So the code and
    the text are our own.
    """
    return ObjectError("S3ObjectLimitExceeded", f"The source has {count} objects, but the limit is {most} objects.")


def kms_key_not_found(key: str) -> ObjectError:
    """Return the error for a KMS key that does not exist (control-plane 4.2)."""
    message = f"Invalid keyId '{key}' (Service: Kms; Status Code: 400; Error Code: NotFoundException; Request ID: null)"
    return ObjectError("KmsNotFoundException", message)


class Encryption(NamedTuple):
    """How to encrypt an object.

    algorithm: "AES256" or "KMS". key: an identifier of the KMS key; None for the default key.
    """

    algorithm: str = "AES256"
    key: str | None = None


class StoredObject(NamedTuple):
    """The key of an object in a bucket, and its size in bytes."""

    key: str
    size: int


class Readable(Protocol):
    """The content of an object, as a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`; b"" at the end. Raises ObjectError."""
        ...

    def close(self) -> None:
        """Close the stream."""
        ...


class Writer(Protocol):
    """Writes an object. Readers do not see the object before `finish`."""

    def write(self, data: bytes, /) -> object:
        """Append bytes to the object. Raises ObjectError."""
        ...

    def finish(self) -> None:
        """Store the object in the bucket. Raises ObjectError.

        An existing object with the same key is replaced.
        """
        ...

    def discard(self) -> None:
        """Discard the bytes that were written. The bucket does not change."""
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
    """Object storage: finds buckets by name."""

    def bucket(self, name: str, owner: str | None = None) -> Bucket:
        """Return a bucket. owner: the account that must own the bucket; None for any account.

        Raises ObjectError if the bucket does not exist or has another owner.
        """
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
