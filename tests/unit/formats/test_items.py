"""Items in JSON and CSV, in every wrapper and form. A bad line does not affect the others."""

import gzip
import json
import sys

import pytest

from emulator.formats import yaml_text
from tests.support.records import Read

A = {"id": {"S": "a"}, "n": {"N": "1"}}
B = {"id": {"S": "b"}}
NOT_KNOWN = "this is neither a list of items nor a known definition of tables"


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


FORMS = {
    "lines of items": (lines(A, B), [("Orders", A), ("Orders", B)]),
    "lines of an export": (lines({"Item": A}, {"Item": B}), [("Orders", A), ("Orders", B)]),
    "one line of an export": (lines({"Item": A}), [("Orders", A)]),
    "several objects in a line": (
        '{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}{"Item":{"id":{"S":"b"}}}\n{"Item":{"id":{"S":"b"}}}',
        [("Orders", A), ("Orders", B), ("Orders", B)],
    ),
    "input of PutItem": (lines({"TableName": "Other", "Item": A}), [("Other", A)]),
    "one item": (json.dumps(A, indent=2), [("Orders", A)]),
    "several items with indentation": (
        json.dumps(A, indent=2) + json.dumps(B, indent=2),
        [("Orders", A), ("Orders", B)],
    ),
    "output of a scan": (
        json.dumps({"Items": [A, B], "Count": 2, "ConsumedCapacity": None}, indent=4),
        [("Orders", A), ("Orders", B)],
    ),
    "output of a scan, members in another order": (
        json.dumps({"Count": 1, "Items": [A]}, indent=4),
        [("Orders", A)],
    ),
    "request of BatchWriteItem, of the AWS CLI": (
        json.dumps({"T1": [{"PutRequest": {"Item": A}}], "T2": [{"PutRequest": {"Item": B}}]}),
        [("T1", A), ("T2", B)],
    ),
    "request of BatchWriteItem": (
        json.dumps({"RequestItems": {"T1": [{"PutRequest": {"Item": A}}]}}),
        [("T1", A)],
    ),
    "array of items": (json.dumps([A, B]), [("Orders", A), ("Orders", B)]),
    "empty array": ("[]", []),
    "empty file": (" \n", []),
    "array of ordinary JSON": (
        '[{"id": "a", "n": 1}, {"id": "b", "x": [1.10, true, null, {"y": 1e400}]}]',
        [
            ("Orders", A),
            (
                "Orders",
                B | {"x": {"L": [{"N": "1.10"}, {"BOOL": True}, {"NULL": True}, {"M": {"y": {"N": "1e400"}}}]}},
            ),
        ],
    ),
    "lines of ordinary JSON": (
        '{"id":"a","n":12345678901234567890123456789012345678}\n{"id":"b"}\n',
        [("Orders", {"id": {"S": "a"}, "n": {"N": "12345678901234567890123456789012345678"}}), ("Orders", B)],
    ),
    "an incremental export": (
        lines({"Metadata": {}, "Keys": B, "NewImage": A, "OldImage": B}),
        [("Orders", A)],
    ),
    "attributes with the names of wrappers": (
        lines({"Item": {"S": "a"}}, {"Item": {"M": {}}, "TableName": {"S": "b"}}, {"Item": {"S": {"N": "1"}}}),
        [
            ("Orders", {"Item": {"S": "a"}}),
            ("Orders", {"Item": {"M": {}}, "TableName": {"S": "b"}}),
            ("Orders", {"S": {"N": "1"}}),
        ],
    ),
    "a byte order mark": ("\ufeff" + lines(A, B), [("Orders", A), ("Orders", B)]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("compressed", [False, True])
def test_forms_of_items(tmp_path, form, compressed):
    text, expected = FORMS[form]
    path = tmp_path / ("Orders.json.gz" if compressed else "Orders.json")
    path.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    read = Read(path)
    assert read.problems == []
    assert read.items == expected


BAD = {
    "a bad line": (
        b'{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}\n{"Item":{"id"\n\n{"Item":{"id":{"S":"b"}}}\n[]\n',
        [A, B],
        [
            "Orders.json:2: this is not JSON: Expecting ':' delimiter",
            "Orders.json:5: this is not an item: it is not a JSON object",
        ],
    ),
    "a bad first line": (b'{"Item":\n{"Item":{"id":{"S":"b"}}}\n', [B], ["Orders.json:1: this is not JSON: Expecting"]),
    "a line that is not UTF-8": (
        b'{"Item":{"id":{"S":"b"}}}\n{"Item":{"id":{"S":"\xff"}}}\n{"Item":{"id":{"S":"b"}}}\n',
        [B, B],
        ["Orders.json:2: this or a following line is not UTF-8"],
    ),
    "a deletion": (
        b'{"Metadata":{},"Keys":{"id":{"S":"a"}}}\n{"Metadata":{},"Keys":{},"NewImage":{"id":{"S":"b"}}}',
        [B],
        ["Orders.json:1: this record of an incremental export is a deletion, which cannot be loaded"],
    ),
    "an array that ends early": (
        b'[\n{"id":{"S":"b"}},\n{"id":',
        [B],
        ["Orders.json:3: this is not JSON: Expecting value"],
    ),
    "an array without a comma": (
        b'[{"id":{"S":"b"}}\n{"id":{"S":"a"}}]',
        [B],
        ["Orders.json:2: expected , but found {"],
    ),
    "NaN": (b'[{"id": NaN}]', [], ["Orders.json:1: this is not JSON: NaN is not JSON"]),
    "a document of another kind": (b'{\n"a": 1}', [], [f"Orders.json: {NOT_KNOWN}"]),
    "a text": (b"hello", [], ["Orders.json:1: this is not JSON: Expecting value"]),
    "damaged gzip": (
        gzip.compress(b'{"Item":{"id":{"S":"b"}}}\n')[:-9],
        [],
        ["Orders.json: the compressed data is damaged: Compressed file ended before the end-of-stream marker"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_loses_nothing_else(tmp_path, case):
    data, items, problems = BAD[case]
    path = tmp_path / "Orders.json"
    path.write_bytes(data)
    read = Read(path)
    assert [item for _, item in read.items] == items
    assert len(read.problems) == len(problems)
    for problem, expected in zip(read.problems, problems, strict=True):
        assert problem.startswith(expected)


def test_a_long_array_is_read_piece_by_piece(tmp_path):
    items = [{"id": {"S": str(number)}, "text": {"S": "ä\n" * (number % 700)}} for number in range(2_000)]
    path = tmp_path / "Orders.json"
    path.write_text(json.dumps({"Items": items}, indent=1, ensure_ascii=False))
    read = Read(path)
    assert [item for _, item in read.items] == items
    place = read.records[-1].place
    assert path.read_text().splitlines()[place.line - 1] == "  {"
    assert '"1999"' in path.read_text().splitlines()[place.line + 1]


CSV = {
    "strings and keys": (
        "Orders.csv",
        'id,n,text\na,1,"x, y"\nb,2,\n',
        {},
        [{"id": {"S": "a"}, "n": {"N": "1"}, "text": {"S": "x, y"}}, {"id": {"S": "b"}, "n": {"N": "2"}}],
        [],
    ),
    "a header from outside, another delimiter": (
        "Orders.csv",
        "a;1\n",
        {"header": ("id", "n"), "delimiter": ";"},
        [A],
        [],
    ),
    "tabs": ("Orders.tsv", "id\tn\na\t1\n", {}, [A], []),
    "lines in fields, too many fields": (
        "Orders.csv",
        'id,n\n"a\nb",1\na,1,2\nb\n',
        {},
        [{"id": {"S": "a\nb"}, "n": {"N": "1"}}, B],
        ["Orders.csv:4: there are 3 fields, but the header has 2 names"],
    ),
    "a bad header": ("Orders.csv", "id,id\n", {}, [], ["Orders.csv:1: the header has an empty or repeated name"]),
    "bad quotes": (
        "Orders.csv",
        'id,n\na,"1"x\na,1\n',
        {},
        [A],
        ["""Orders.csv:2: this is not CSV: ',' expected after '"'"""],
    ),
}


@pytest.mark.parametrize("case", CSV)
def test_csv(tmp_path, case):
    name, text, options, items, problems = CSV[case]
    path = tmp_path / name
    path.write_text(text)
    read = Read(path, types={"id": "S", "n": "N"}, **options)
    assert read.items == [("Orders", item) for item in items]
    assert read.problems == problems


def test_a_missing_file(tmp_path):
    assert Read(tmp_path / "missing.json").problems == ["missing.json: No such file or directory"]


def test_zstandard_without_its_package(tmp_path, monkeypatch):
    for module in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / "Orders.json.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00")
    assert Read(path).problems == [
        "Orders.json.zst: Zstandard needs Python 3.14 or the extra `zstd`: pip install 'dynamodb-emulator[zstd]'"
    ]


def test_yaml_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr(yaml_text, "yaml", None)
    path = tmp_path / "t.yaml"
    path.write_text("a: 1")
    assert Read(path).problems == ["t.yaml: YAML needs PyYAML: pip install 'dynamodb-emulator[yaml]'"]
