"""Object storage at an S3-compatible endpoint, with boto3 (the extra `s3`).

boto3 looks for credentials in the environment, profiles and roles. If it finds none, it signs with
the access key of the operation's caller and the secret key "local", which test servers accept.
The name of the bucket is in the path of each URL, because few local servers answer to host names
such as `bucket.localhost`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, Final, NamedTuple

from emulator.objects.store import Encryption, ObjectError, StoredObject, access_denied, failed, no_such_bucket

_PART: Final = 8 << 20  # bytes in each part of a multipart upload; S3 demands at least 5 MiB
_REOPENINGS: Final = 3  # the maximum number of attempts of one `read` to get bytes from a stream that breaks
_KMS_PREFIX: Final = "KMS."


class Origin(NamedTuple):
    """An S3 endpoint, and the access key and region of the operation's caller."""

    endpoint: str
    access_key: str
    region: str


@lru_cache(maxsize=16)
def _client(origin: Origin) -> Any:  # noqa: ANN401 - boto3 has no types
    """Return the boto3 client for an endpoint. Raises ObjectError if boto3 is not installed."""
    try:
        import boto3  # noqa: PLC0415 - an extra, of 32 MB
        from botocore.config import Config  # noqa: PLC0415 - an extra
    except ImportError as error:
        hint = "--s3-endpoint needs boto3, which is not installed: run pip install 'dynamodb-emulator[s3]'"
        raise failed(500, "InternalError", "boto3 is not installed on the server", hint) from error
    session = boto3.session.Session()
    credentials: dict[str, str] = {}
    if session.get_credentials() is None:
        credentials = {"aws_access_key_id": origin.access_key or "local", "aws_secret_access_key": "local"}
    config = Config(
        s3={"addressing_style": "path"},
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 4},
        # Servers other than S3 may not know the newer checksums. So boto3 sends and checks only the
        # checksums that an operation requires.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client("s3", endpoint_url=origin.endpoint, region_name=origin.region, config=config, **credentials)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise ObjectError for an error of boto3 in the body of the `with` statement."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415 - an extra

    try:
        yield
    except ClientError as error:
        raise _failure(error.response) from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        raise failed(500, "InternalError", str(error)) from error


def _failure(response: dict[str, Any]) -> ObjectError:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    if code.startswith(_KMS_PREFIX):  # the error comes from KMS, not from S3 (control-plane 4.2)
        return ObjectError(f"Kms{code.removeprefix(_KMS_PREFIX)}", message)
    if code == "NoSuchBucket" or (status == 404 and code in ("404", "NotFound")):  # noqa: PLR2004 - HEAD has no body
        return no_such_bucket()
    if status == 403:  # noqa: PLR2004 - HTTP
        return access_denied(f"{code}: {message}")
    return failed(status, code or "InternalError", message)


class S3Store:
    """The buckets of an endpoint."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def bucket(self, name: str, owner: str | None = None) -> "S3Bucket":
        """Return a bucket. owner: the id of the account that must own it; None for any account.

        Raises ObjectError if the bucket does not exist or has another owner.
        """
        client = _client(self._origin)
        common = {"Bucket": name} | ({"ExpectedBucketOwner": owner} if owner else {})
        with _translated():
            client.head_bucket(**common)
        return S3Bucket(client, common)


class S3Bucket:
    """One bucket. common: parameters of all requests about the bucket, such as its name."""

    def __init__(self, client: Any, common: dict[str, str]) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._common = common

    def objects(self, prefix: str) -> Sequence[StoredObject]:
        """Return the objects whose keys begin with a prefix, in key order. Raises ObjectError."""
        with _translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(**self._common, Prefix=prefix)
            return [StoredObject(each["Key"], each["Size"]) for page in pages for each in page.get("Contents", ())]

    def open(self, key: str) -> "_Stream":
        """Open an object for reading. Raises ObjectError."""
        return _Stream(self._client, {**self._common, "Key": key})

    def create(self, key: str, encryption: Encryption) -> "PartWriter":
        """Begin to write an object."""
        request = {**self._common, "Key": key}
        if encryption.algorithm == "KMS":
            request["ServerSideEncryption"] = "aws:kms"
            if encryption.key:
                request["SSEKMSKeyId"] = encryption.key
        return PartWriter(self._client, request, self._common | {"Key": key})


class _Stream:
    """The content of an object, as a stream.

    If the connection breaks, `read` opens a new connection and continues at the same byte.
    """

    def __init__(self, client: Any, request: dict[str, str]) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._request = request
        self._position = 0
        self._etag = ""
        self._open()

    def _open(self) -> None:
        again = {"Range": f"bytes={self._position}-", "IfMatch": self._etag} if self._position else {}
        with _translated():
            answer = self._client.get_object(**self._request, **again)
        self._etag = answer["ETag"]
        self._left = answer["ContentLength"]
        self._body = answer["Body"]

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises ObjectError."""
        for attempt in range(_REOPENINGS):
            if not self._left:
                return b""
            try:
                with _translated():
                    data: bytes = self._body.read(None if size < 0 else size)
            except ObjectError:
                if attempt + 1 == _REOPENINGS:
                    raise
                data = b""
            if data:
                self._position += len(data)
                self._left -= len(data)
                return data
            self.close()
            self._open()
        raise failed(500, "InternalError", "The content of an object ended before its last byte")

    def close(self) -> None:
        """Close the connection."""
        self._body.close()


class PartWriter:
    """Writes an object: a small one with one call, a large one as a multipart upload."""

    def __init__(self, client: Any, request: dict[str, str], same: dict[str, str]) -> None:  # noqa: ANN401 - boto3
        self._client = client
        self._request = request
        self._same = same
        self._waiting = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        """Append bytes to the object. Raises ObjectError."""
        self._waiting += data
        while len(self._waiting) >= _PART:
            self._send(bytes(self._waiting[:_PART]))
            del self._waiting[:_PART]

    def finish(self) -> None:
        """Store the object. Raises ObjectError."""
        rest = bytes(self._waiting)
        if self._upload is None:
            with _translated():
                self._client.put_object(**self._request, Body=rest)
            return
        if rest:
            self._send(rest)
        with _translated():
            self._client.complete_multipart_upload(
                **self._same, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
            )

    def discard(self) -> None:
        """Cancel the multipart upload, if one has begun."""
        if self._upload is not None:
            with suppress(ObjectError), _translated():
                self._client.abort_multipart_upload(**self._same, UploadId=self._upload)

    def _send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        with _translated():
            if self._upload is None:
                self._upload = self._client.create_multipart_upload(**self._request)["UploadId"]
            answer = self._client.upload_part(**self._same, UploadId=self._upload, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
