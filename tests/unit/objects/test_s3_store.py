"""An S3-compatible endpoint as object storage, with a small S3 and, nightly, with moto's server."""

import os
import sys

import boto3
import pytest

from emulator.objects import s3
from emulator.objects.opening import store_for
from emulator.objects.s3 import Origin, S3Store
from emulator.objects.store import Encryption, ObjectError, StoredObject, put
from emulator.settings import Settings
from tests.support.s3 import OWNER, fake_s3, moto_s3

AES = Encryption()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3._client.cache_clear()
    yield
    s3._client.cache_clear()


@pytest.fixture
def fake():
    with fake_s3() as server:
        server.buckets["bucket"] = {}
        yield server


@pytest.fixture(params=["small", pytest.param("moto", marks=pytest.mark.nightly)])
def url(request):
    """Yield the address of a server with the bucket `bucket`."""
    if request.param == "small":
        yield request.getfixturevalue("fake").url
        return
    with moto_s3() as address:
        options = {"aws_access_key_id": "test", "aws_secret_access_key": "local", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=address, **options).create_bucket(Bucket="bucket")
        yield address


@pytest.fixture
def store(url):
    return S3Store(Origin(url, "test", "us-east-1"))


def read(stream, size=65_536):
    content = b""
    while data := stream.read(size):
        content += data
    stream.close()
    return content


def test_objects(store):
    """One test checks all of this, because each start of moto's server takes long."""
    bucket = store.bucket("bucket")
    put(bucket, "x/1", b"one", AES)
    put(bucket, "x/2 ä", b"", AES)
    put(bucket, "y", b"other", Encryption("KMS", "key"))
    assert bucket.objects("x") == [StoredObject("x/1", 3), StoredObject("x/2 ä", 0)]
    assert [each.key for each in bucket.objects("")] == ["x/1", "x/2 ä", "y"]
    assert read(bucket.open("x/1"), 2) == b"one"
    assert read(bucket.open("x/2 ä")) == b""
    large = bytes(range(256)) * 80_000
    writer = bucket.create("large", AES)
    for begin in range(0, len(large), 1_000_000):
        writer.write(large[begin : begin + 1_000_000])
    writer.finish()
    assert read(bucket.open("large"), 1 << 20) == large
    writer = bucket.create("given up", AES)
    writer.write(large)
    writer.discard()
    assert bucket.objects("given") == []
    with pytest.raises(ObjectError) as caught:
        bucket.open("missing")
    assert caught.value.code == "S3NoSuchKey"
    with pytest.raises(ObjectError) as caught:
        store.bucket("missing")
    assert caught.value.code == "S3NoSuchBucket"
    text = "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; "
    assert str(caught.value).startswith(text)


def test_denied_access(fake):
    store = S3Store(Origin(fake.url, "test", "us-east-1"))
    store.bucket("bucket", OWNER)
    uses = [lambda: store.bucket("bucket", "000000000000")]
    bucket = store.bucket("bucket")
    fake.denied.add("bucket")
    uses += [lambda: bucket.objects(""), lambda: bucket.open("x"), lambda: put(bucket, "x", b"", AES)]
    for use in uses:
        with pytest.raises(ObjectError) as caught:
            use()
        assert caught.value.code == "S3AccessDenied"


def test_a_kms_key_that_does_not_exist(fake):
    bucket = S3Store(Origin(fake.url, "test", "us-east-1")).bucket("bucket")
    with pytest.raises(ObjectError) as caught:
        put(bucket, "x", b"", Encryption("KMS", "missing"))
    assert caught.value.code == "KmsNotFoundException"


def test_a_broken_download_goes_on_where_it_broke(fake):
    fake.buckets["bucket"]["x"] = content = os.urandom(200_000)
    bucket = S3Store(Origin(fake.url, "test", "us-east-1")).bucket("bucket")
    fake.breaks = 2
    assert read(bucket.open("x")) == content
    fake.breaks = 50
    with pytest.raises(ObjectError, match="InternalError"):
        read(bucket.open("x"))


def test_a_server_that_is_not_there():
    with pytest.raises(ObjectError, match="InternalError"):
        S3Store(Origin("http://127.0.0.1:9", "test", "us-east-1")).bucket("bucket")


def test_calls_are_signed_for_the_caller_or_with_given_credentials(fake, monkeypatch):
    S3Store(Origin(fake.url, "mine", "eu-west-1")).bucket("bucket")
    assert "Credential=mine/" in fake.heads[-1]["Authorization"]
    assert "/eu-west-1/s3/" in fake.heads[-1]["Authorization"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "given")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    S3Store(Origin(fake.url, "other", "eu-west-1")).bucket("bucket")
    assert "Credential=given/" in fake.heads[-1]["Authorization"]


def test_without_boto3(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ObjectError) as caught:
        S3Store(Origin("http://127.0.0.1:9", "test", "us-east-1")).bucket("bucket")
    assert (
        caught.value.hint
        == "--s3-endpoint needs boto3, which is not installed: run pip install 'dynamodb-emulator[s3]'"
    )


def test_the_settings_choose(fake, tmp_path):
    assert isinstance(store_for(Settings(s3_endpoint=fake.url), "test", "us-east-1"), S3Store)
    folders = {
        Settings(data_dir=tmp_path / "data"): tmp_path / "data" / "s3",
        Settings(data_dir=tmp_path / "data", s3_dir=str(tmp_path / "other")): tmp_path / "other",
        Settings(in_memory=True, s3_dir=str(tmp_path / "third")): tmp_path / "third",
    }
    for settings, folder in folders.items():
        (folder / "b").mkdir(parents=True)
        put(store_for(settings, "test", "us-east-1").bucket("b"), "x", b"", AES)
        assert (folder / "b" / "x").is_file()
    with pytest.raises(ObjectError) as caught:
        store_for(Settings(in_memory=True), "test", "us-east-1").bucket("b")
    assert caught.value.hint.startswith("the bucket does not exist; to create it, create the folder ")
