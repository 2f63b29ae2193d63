"""Folders of exports: how they are written and read, and mistakes in them."""

import base64
import gzip
import hashlib
import json

from emulator.formats.export_folders import ExportWriter
from tests.support.records import Read

ITEMS = [{"id": {"S": "ä"}, "b": {"B": "AAE="}}, {"id": {"S": "b"}}, {"id": {"S": "c"}}]
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders"


def written(folder):
    export = ExportWriter(folder, "AWSDynamoDB/01-a/")
    for name, items in (("x", ITEMS[:2]), ("y", ITEMS[2:])):
        with export.data_file(name) as data:
            data.write(items)
        export.add(data)
    export.finish({"tableArn": ARN})
    return folder


def test_the_layout(tmp_path):
    """The files have the names and members of control-plane 4.3."""
    folder = written(tmp_path / "export")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "data/x.json.gz",
        "data/y.json.gz",
        "manifest-files.json",
        "manifest-files.md5",
        "manifest-summary.json",
        "manifest-summary.md5",
    ]
    data = (folder / "data/x.json.gz").read_bytes()
    assert gzip.decompress(data).decode() == '{"Item":{"id":{"S":"ä"},"b":{"B":"AAE="}}}\n{"Item":{"id":{"S":"b"}}}\n'
    first, second = (folder / "manifest-files.json").read_text().splitlines()
    assert json.loads(first) == {
        "itemCount": 2,
        "md5Checksum": base64.b64encode(hashlib.md5(data).digest()).decode(),
        "etag": hashlib.md5(data).hexdigest() + "-1",
        "dataFileS3Key": "AWSDynamoDB/01-a/data/x.json.gz",
    }
    assert json.loads(second)["itemCount"] == 1
    summary = (folder / "manifest-summary.json").read_bytes()
    assert (folder / "manifest-summary.md5").read_bytes() == base64.b64encode(hashlib.md5(summary).digest())
    assert json.loads(summary) | {
        "itemCount": 3,
        "outputFormat": "DYNAMODB_JSON",
        "tableArn": ARN,
        "manifestFilesS3Key": "AWSDynamoDB/01-a/manifest-files.json",
    } == json.loads(summary)


def test_an_export_is_read_wherever_it_lies(tmp_path):
    written(tmp_path / "AWSDynamoDB" / "01-a")
    (tmp_path / "AWSDynamoDB" / "01-a" / "_started").touch()
    read = Read(tmp_path)
    assert (read.items, read.problems) == ([("Orders", item) for item in ITEMS], [])


def test_without_a_manifest_of_files(tmp_path):
    folder = written(tmp_path / "export")
    (folder / "manifest-files.json").unlink()
    assert Read(folder).items == [("Orders", item) for item in ITEMS]


def test_a_file_that_is_missing_or_shorter_than_its_manifest_says(tmp_path):
    folder = written(tmp_path / "export")
    (folder / "data/x.json.gz").write_bytes(gzip.compress(b'{"Item":{"id":{"S":"b"}}}\n'))
    (folder / "data/y.json.gz").unlink()
    read = Read(folder)
    assert read.items == [("Orders", ITEMS[1])]
    assert read.problems == [
        "x.json.gz: the file has 1 items, but its manifest says 2",
        "y.json.gz: No such file or directory",
    ]


def test_bad_manifests(tmp_path):
    folder = written(tmp_path / "export")
    (folder / "manifest-files.json").write_text('{"itemCount": 1}\n')
    assert Read(folder).problems == ["manifest-files.json:1: this line does not describe a data file"]
    (folder / "manifest-summary.json").write_text('{"outputFormat": "XML"}')
    assert Read(folder).problems == [
        "manifest-summary.json: the format 'XML' of the export is not known",
    ]
    (folder / "manifest-summary.json").write_text("{}")
    assert Read(folder).problems == ["manifest-summary.json: this manifest has no tableArn"]
    (folder / "manifest-summary.json").write_text("{")
    assert Read(folder).problems[0].startswith("manifest-summary.json: this manifest cannot be read: ")


def test_an_export_in_ion(tmp_path):
    folder = tmp_path / "export"
    (folder / "data").mkdir(parents=True)
    (folder / "manifest-summary.json").write_text(json.dumps({"tableArn": ARN, "outputFormat": "ION"}))
    lines = b'$ion_1_0 {Item:{id:"a",n:103.}}\n$ion_1_0 {Item:{id:"b"}}\n'
    (folder / "data" / "x.ion.gz").write_bytes(gzip.compress(lines))
    read = Read(folder)
    assert (read.items, read.problems) == (
        [("Orders", {"id": {"S": "a"}, "n": {"N": "103"}}), ("Orders", {"id": {"S": "b"}})],
        [],
    )
