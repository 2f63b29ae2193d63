"""A local folder as object storage: names of objects never lead out of it."""

import os
from contextlib import suppress

import pytest

from emulator.objects.folder import FolderStore
from emulator.objects.store import Encryption, ObjectError, StoredObject, put

AES = Encryption()


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "s3"
    (folder / "b").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    return folder


@pytest.fixture
def bucket(root):
    return FolderStore(root).bucket("b")


def everything(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_is_listed_and_read(root, bucket):
    put(bucket, "x/y/1.json", b"one", AES)
    put(bucket, "x.json", b"", AES)
    put(bucket, "x/y/1.json", b"other", AES)
    assert bucket.objects("") == [StoredObject("x.json", 0), StoredObject("x/y/1.json", 5)]
    assert bucket.objects("x/") == [StoredObject("x/y/1.json", 5)]
    with bucket.open("x/y/1.json") as stream:
        assert stream.read(2) == b"ot"
        assert stream.read() == b"her"
    assert everything(root) == {"b/x.json", "b/x/y/1.json"}


def test_a_prefix_is_a_plain_string(bucket):
    for key in ("data/x", "data2/x", "data.bak", "other"):
        put(bucket, key, b"", AES)
    assert [each.key for each in bucket.objects("data")] == ["data.bak", "data/x", "data2/x"]
    assert [each.key for each in bucket.objects("data/x")] == ["data/x"]
    assert bucket.objects("../") == bucket.objects("/") == []


def test_keys_are_ordered_by_their_bytes(bucket):
    keys = ["a", "a b", "a-b", "a/b", "B", "b", "é", "\U0001f600"]
    for key in keys:
        with suppress(ObjectError):  # a file `a` and a folder `a` exclude each other
            put(bucket, key, b"", AES)
    found = [each.key for each in bucket.objects("")]
    assert found == sorted(set(keys) - {"a/b"}, key=str.encode)


@pytest.mark.parametrize(
    "name", ["missing", "..", ".", "", "b/../b", "../outside", "B", ".incomplete", "b\0", "x" * 300]
)
def test_a_bucket_that_is_no_subfolder_does_not_exist(root, name):
    with pytest.raises(ObjectError) as caught:
        FolderStore(root).bucket(name)
    assert caught.value.code == "S3NoSuchBucket"
    assert str(caught.value).startswith("The specified bucket does not exist (Service: Amazon S3; Status Code: 404; ")


def test_a_bucket_that_is_a_file_does_not_exist(root):
    (root / "file").write_bytes(b"")
    with pytest.raises(ObjectError, match="NoSuchBucket"):
        FolderStore(root).bucket("file")


@pytest.mark.parametrize(
    "key",
    ["../x", "a/../../x", "/etc/passwd", "a//b", "a/", "", ".", "a/./b", "a\0b", "x" * 256, "a/" + "é" * 128, "\ud800"],
)
def test_a_key_that_no_file_can_have_is_refused(root, bucket, key):
    for use in (lambda: put(bucket, key, b"x", AES), lambda: bucket.open(key)):
        with pytest.raises(ObjectError) as caught:
            use()
        assert caught.value.code == "S3InvalidKey"
    assert everything(root) == set()


def test_a_path_that_is_too_long_for_the_system_is_refused(bucket):
    with pytest.raises(ObjectError) as caught:
        put(bucket, "/".join(["d" * 200] * 30), b"x", AES)
    assert caught.value.code == "S3InvalidKey"


def test_links_that_lead_out_are_not_followed(root, bucket, tmp_path):
    (root / "b" / "folder").symlink_to(tmp_path / "outside")
    (root / "b" / "file").symlink_to(tmp_path / "outside" / "secret")
    (root / "b" / "nothing").symlink_to(tmp_path / "nothing")
    (root / "linked").symlink_to(tmp_path / "outside")
    assert bucket.objects("") == []
    uses = (
        lambda: bucket.open("file"),
        lambda: bucket.open("folder/secret"),
        lambda: put(bucket, "folder/new", b"x", AES),
        lambda: put(bucket, "nothing", b"x", AES),
        lambda: FolderStore(root).bucket("linked"),
    )
    for use in uses:
        with pytest.raises(ObjectError) as caught:
            use()
        assert caught.value.code == "S3AccessDenied"
    assert everything(tmp_path / "outside") == {"secret"}


def test_links_that_stay_in_the_folder_are_followed(root, bucket):
    put(bucket, "a", b"x", AES)
    (root / "b" / "same").symlink_to(root / "b" / "a")
    assert [each.key for each in bucket.objects("")] == ["a", "same"]
    with bucket.open("same") as stream:
        assert stream.read() == b"x"


def test_an_object_and_a_folder_cannot_have_one_name(bucket):
    put(bucket, "a", b"x", AES)
    put(bucket, "c/d", b"x", AES)
    for key in ("a/b", "c"):
        with pytest.raises(ObjectError) as caught:
            put(bucket, key, b"x", AES)
        assert caught.value.code == "S3InvalidKey"
    assert [each.key for each in bucket.objects("")] == ["a", "c/d"]


def test_names_that_differ_by_case_are_two_objects_or_refused(root, bucket):
    """A file system that distinguishes `case/x` from `CASE/X` has both objects. On any other, the
    second must not overwrite the first.
    """
    put(bucket, "case/x", b"lower", AES)
    with suppress(ObjectError):
        put(bucket, "CASE/X", b"upper", AES)
    with bucket.open("case/x") as stream:
        assert stream.read() == b"lower"


def test_a_file_system_that_ignores_case_refuses_the_second_name(bucket, monkeypatch):
    put(bucket, "case/x", b"lower", AES)
    monkeypatch.setattr(os.path, "lexists", lambda path: str(path).lower().endswith(("case", "case/x")))
    with pytest.raises(ObjectError) as caught:
        put(bucket, "CASE/y", b"upper", AES)
    assert caught.value.code == "S3InvalidKey"


def test_an_object_that_does_not_exist(bucket):
    with pytest.raises(ObjectError, match="NoSuchKey"):
        bucket.open("missing")


def test_half_an_object_is_not_seen(root, bucket):
    writer = bucket.create("a", AES)
    writer.write(b"half")
    assert bucket.objects("") == []
    writer.discard()
    assert everything(root) == set()


def test_a_bucket_that_is_deleted_meanwhile_does_not_come_back(root, bucket):
    writer = bucket.create("a/b", AES)
    (root / "b").rmdir()
    with pytest.raises(ObjectError, match="NoSuchBucket"):
        writer.finish()
    writer.discard()
    assert [path.name for path in root.iterdir()] == [".incomplete"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do everything")
def test_a_folder_without_permission_denies_access(root):
    (root / "b").chmod(0)
    try:
        with pytest.raises(ObjectError) as caught:
            FolderStore(root).bucket("b").objects("")
        assert caught.value.code == "S3AccessDenied"
    finally:
        (root / "b").chmod(0o700)


def test_permission_errors_are_denied_access(bucket, monkeypatch):
    def deny(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", deny)
    for use in (lambda: bucket.open("a"), lambda: bucket.create("a", AES)):
        with pytest.raises(ObjectError) as caught:
            use()
        assert caught.value.code == "S3AccessDenied"
        assert str(caught.value).startswith("Access Denied (Service: Amazon S3; Status Code: 403; ")


def test_a_full_disk_is_reported(bucket, monkeypatch):
    def fill(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.open", fill)
    with pytest.raises(ObjectError, match="No space left on device"):
        bucket.create("a", AES)


def test_a_missing_folder_is_created(tmp_path):
    with pytest.raises(ObjectError, match="NoSuchBucket"):
        FolderStore(tmp_path / "new" / "s3").bucket("b")
    assert (tmp_path / "new" / "s3").is_dir()
