"""Wrong and hostile files take little memory and time, and are reported in one line."""

import copy
import gzip
import io
import json
import os
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.controls import registry
from emulator.formats import bounds
from emulator.formats.detection import inputs
from emulator.formats.records import Definition, ItemRecord, Notice, Problem, ReadOptions, is_text
from emulator.settings import Settings
from emulator.transfer.initial import EmulatorEndpoint
from emulator.transfer.loading import Loader
from emulator.transfer.progress import Progress
from tests.support.in_process import InProcess
from tests.support.profile import profile
from tests.support.readable_files import DOCUMENTS, TEXTS
from tests.support.records import Read

KEYS = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
TABLE = {"Type": "AWS::DynamoDB::Table", "Properties": {**KEYS, "BillingMode": "PAY_PER_REQUEST"}}
TOO_MUCH = "the variables and functions in this file expand to too much data"


def doubled(line, first, levels=40):
    """Return lines, each of which refers twice to the line before."""
    return first + "".join(line.format(before=number, this=number + 1) for number in range(levels))


def serverless(custom, name):
    return (
        f"service: a\nprovider: {{name: aws}}\ncustom:\n{custom}resources:\n  Resources:\n    Orders:\n"
        f"      Type: AWS::Serverless::SimpleTable\n      Properties: {{TableName: '{name}'}}\n"
    )


def named(name, **sections):
    resource = {**TABLE, "Properties": {**TABLE["Properties"], "TableName": name}}
    return json.dumps({"Resources": {"Orders": resource}, **sections}, indent=1)


def nested_sub(levels):
    value = "x"
    for _ in range(levels):
        value = {"Fn::Sub": ["${a}${a}", {"a": value}]}
    return value


def plan(resources):
    return json.dumps({"terraform_version": "1", "values": {"root_module": {"resources": resources}}})


FILES = {
    "aliases that double": (
        "t.yaml",
        doubled(" x{this}: &x{this} [*x{before}, *x{before}]\n", "a:\n x0: &x0 [1]\n"),
        "t.yaml:1: this is not YAML: the aliases in this file expand to more than 100,000 values",
    ),
    "merges that double": (
        "t.yaml",
        doubled(" x{this}: &x{this} {{<<: [*x{before}, *x{before}]}}\n", "a:\n x0: &x0 {a: 1}\n"),
        "t.yaml:1: this is not YAML: the aliases in this file expand to more than 100,000 values",
    ),
    "a long text with many aliases": (
        "t.yaml",
        f"a: &a {'x' * 70_000}\nb: [{', '.join(['*a'] * 200)}]\n",
        "t.yaml:1: this is not YAML: the aliases in this file expand to more than 100,000 values",
    ),
    "an alias of itself": (
        "t.yaml",
        "Resources:\n  a: &a\n    b: *a\n",
        "t.yaml:2: this is not YAML: an alias contains itself",
    ),
    "a value that is not JSON": (
        "t.yaml",
        "Resources:\n  a: !!binary aGk=\n",
        "t.yaml:2: this is not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:binary'",
    ),
    "deep YAML": ("t.yaml", "[" * 5_000, "t.yaml: this YAML is nested too deeply"),
    "deep JSON": ("t.json", '{"Resources":' + "[" * 5_000, "t.json: this is not JSON: maximum recursion depth"),
    "a long number in YAML": (
        "t.yaml",
        "a: 1" + ":1" * 50_000,
        "t.yaml:1: this is not YAML: a value cannot be converted to int",
    ),
    "variables that double": (
        "serverless.yml",
        serverless(
            doubled("  x{this}: ${{self:custom.x{before}}}${{self:custom.x{before}}}\n", "  x0: a\n", 18),
            "${self:custom.x18}",
        ),
        f"serverless.yml:23: {TOO_MUCH}",
    ),
    "variables that double a list": (
        "serverless.yml",
        serverless(
            doubled("  x{this}: ['${{self:custom.x{before}}}', '${{self:custom.x{before}}}']\n", "  x0: a\n", 18),
            "${self:custom.x18}",
        ),
        f"serverless.yml:23: {TOO_MUCH}",
    ),
    "an index that is no decimal": (
        "serverless.yml",
        serverless("  l: [1]\n", "${self:custom.l.²}"),
        "serverless.yml:5: the variable ${self:custom.l.²} cannot be resolved",
    ),
    "an index of thousands of digits": (
        "serverless.yml",
        serverless("  l: [1]\n", "${self:custom.l." + "9" * 5_000 + "}"),
        "serverless.yml:5: the variable ${self:custom.l.999",
    ),
    "a literal of thousands of digits": (
        "serverless.yml",
        serverless("  l: [1]\n", "${self:custom.m, " + "9" * 5_000 + "}"),
        "serverless.yml:5: the variable ${self:custom.m, 999",
    ),
    "substitutions that double": (
        "t.json",
        named(nested_sub(40)),
        f"t.json:3: table Orders: {TOO_MUCH}",
    ),
    "conditions that double": (
        "t.json",
        named(
            {"Fn::If": ["c40", "a", "b"]},
            Conditions={
                "c0": {"Fn::Equals": ["a", "a"]},
                **{f"c{n + 1}": {"Fn::And": [{"Condition": f"c{n}"}, {"Condition": f"c{n}"}]} for n in range(40)},
            },
        ),
        f"t.json:3: table Orders: {TOO_MUCH}",
    ),
    "a long separator": (
        "t.json",
        named({"Fn::Join": ["-" * 1_000_000, ["a"] * 1_000]}),
        f"t.json:3: table Orders: {TOO_MUCH}",
    ),
    "a long text in many places": (
        "t.json",
        named({"Fn::Join": ["", [{"Ref": "P"}] * 1_000]}, Parameters={"P": {"Default": "a" * 100_000}}),
        f"t.json:3: table Orders: {TOO_MUCH}",
    ),
    "the key of a resource is a number": (
        "t.yaml",
        "Resources:\n  1:\n    Type: AWS::DynamoDB::Table\n",
        "t.yaml:2: table 1: the properties do not have the form of AWS::DynamoDB::Table",
    ),
    "the type of a resource is a list": ("t.json", '{"Resources": {"a": {"Type": [1]}}}', None),
    "resources of Terraform that are none": ("plan.json", plan([1, None]), None),
    "resources of Terraform that are no list": (
        "plan.json",
        plan(1),
        "plan.json: a part of this document is missing or has a wrong form",
    ),
    "an integer of 6,000 digits": (
        "t.json",
        named("a").replace('"PAY_PER_REQUEST"', "9" * 6_000),
        None,
    ),
    "an item that is no object": (
        "plan.json",
        plan([{"type": "aws_dynamodb_table_item", "values": {"table_name": "t", "item": "[1]"}}]),
        "plan.json: this is not an item: it is not a JSON object",
    ),
    "a table name that is no text": (
        "t.jsonl",
        '{"Item": {"id": {"S": "a"}}, "TableName": ["t"]}\n{}\n',
        "t.jsonl:1: the name of the table is not a valid string",
    ),
    "half a character": (
        "t.json",
        '{"Item": {"id": {"S": "a"}}, "TableName": "\\ud800"}',
        "t.json:1: the name of the table is not a valid string",
    ),
    "a key schema that is no list of keys": (
        "t.json",
        json.dumps({**KEYS, "TableName": "t", "KeySchema": [1]}),
        "t.json:1: this definition of a table needs a valid TableName, KeySchema and AttributeDefinitions",
    ),
    "a model that is no list": (
        "t.json",
        '{"ModelName": "a", "DataModel": 1}',
        "t.json: a part of this document is missing or has a wrong form",
    ),
    "a long number in Ion": (
        "t.ion",
        "$ion_1_0 {Item:{id:" + "9" * 50_000 + "}}",
        "t.ion: more than 1,000 digits in a row, which is too long for a number",
    ),
    "a long hexadecimal number in Ion": (
        "t.ion",
        "$ion_1_0 {Item:{id:[1, -0x" + "f" * 50_000 + "]}}",
        "t.ion: more than 1,000 digits in a row, which is too long for a number",
    ),
    "deep Ion": (
        "t.ion",
        "$ion_1_0 {Item:{id:" + "[" * 5_000,
        "t.ion:1: this is not Ion: Container nesting exceeded the maximum supported recursion depth.",
    ),
    "a name with line breaks": (
        "t.json",
        json.dumps({"Resources": {"a\nb\x1b[31m": {"Type": "AWS::DynamoDB::Table", "Properties": []}}}),
        "t.json: table a\\nb\\x1b[31m: the properties do not have the form of AWS::DynamoDB::Table",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_hostile_file_is_one_line(tmp_path, case):
    name, text, problem = FILES[case]
    path = tmp_path / name
    path.write_text(text)
    read = Read(path)
    if problem is None:
        assert read.problems == []
    else:
        assert read.problems[0].startswith(problem)
        assert len(read.problems) == 1
        assert "\n" not in read.problems[0]
        assert len(read.problems[0]) < 1_500


def struct(content):
    """Return a struct of binary Ion. content: its fields, each with a symbol's number
    and a value.
    """
    return b"\xde" + varuint(len(content)) + content


def varuint(number):
    digits = [0x80 | number & 0x7F]
    while number := number >> 7:
        digits.insert(0, number & 0x7F)
    return bytes(digits)


IMPORT = bytes.fromhex("84817885210188247735 9400".replace(" ", ""))  # 2,000,000,000 symbols of a table x, version 1
TABLE_OF_SYMBOLS = struct(b"\x86\xbd\xdc" + IMPORT)
LONG_ION_NUMBER = "more than 1,000 digits in a row, which is too long for a number"
ION_FILES = {
    "an import of many symbols": (
        b"\xee" + varuint(len(TABLE_OF_SYMBOLS) + 2) + b"\x81\x83" + TABLE_OF_SYMBOLS + struct(b""),
        ":1: this is not Ion: the file imports 2000000000 symbols, and the maximum is 100000",
    ),
    "a long number": (struct(b"\x85\x2e" + varuint(5_000) + b"\xff" * 5_000), f": {LONG_ION_NUMBER}"),
    "a long decimal in a list": (
        struct(b"\x85\xbe" + varuint(5_003) + b"\x5e" + varuint(5_000) + b"\xc1" + b"\x7f" * 4_999),
        f": {LONG_ION_NUMBER}",
    ),
    "a long value that is not there": (b"\xde" + varuint(1 << 60), ": a value has more than 16 MB"),
    "a number without an end": (b"\xde" + b"\x00" * 20, ":1: this is not Ion: "),
    "a value that ends early": (struct(b"\x85\x8e" + varuint(1 << 20)), ":1: this is not Ion: "),
}  # fmt: skip


@pytest.mark.parametrize("case", ION_FILES)
def test_hostile_binary_ion(tmp_path, case):
    data, problem = ION_FILES[case]
    path = tmp_path / "t.ion"
    path.write_bytes(b"\xe0\x01\x00\xea" + data)
    read = Read(path)
    assert [each[: len("t.ion") + len(problem)] for each in read.problems] == [f"t.ion{problem}"]
    assert read.items == []


def test_long_texts_of_ion_are_read(tmp_path):
    """A long row of digits is refused only where a number may stand, and not in a string."""
    text = "9" * 300_000
    path = tmp_path / "t.ion"
    path.write_text(f'$ion_1_0 {{Item:{{id:"{text}"}}}}')
    assert Read(path).items == [("t", {"id": {"S": text}})]


@pytest.fixture
def small(monkeypatch):
    """Set limits of 1 MB for an item and 2 MB for a document, in place of larger ones."""
    for module in ("json_text", "items", "csv_rows", "files", "detection"):
        for name, limit in (("LONGEST_ITEM", 1 << 20), ("LONGEST_DOCUMENT", 2 << 20)):
            monkeypatch.setattr(f"emulator.formats.{module}.{name}", limit, raising=False)
    defaults = ("", 1, 1 << 20)
    monkeypatch.setattr("emulator.formats.json_text.Values.__init__.__defaults__", defaults[1:])


ITEM = '{"Item":{"id":{"S":"a"}}}\n'
LONG = "x" * (1 << 20)
LONG_FILES = {
    "a line": ("t.jsonl", f'{ITEM}{{"Item":{{"a":"{LONG}{LONG}"}}}}\n{ITEM}', 2, "t.jsonl:2: the line has more than 1 MB"),
    "an element": ("t.json", f'[{ITEM},{{"id":{{"S":"{LONG}{LONG}"}}}}]', 1, "t.json:2: a value has more than 1 MB"),
    "a document": ("t.json", '{"Resources": {"a": "' + LONG * 3 + '"}}', 0, "t.json:1: a value has more than 2 MB"),
    "a YAML file": ("t.yaml", "#" + LONG * 3, 0, "t.yaml: this file has more than 2 MB"),
    "a manifest": ("manifest-summary.json", LONG * 3, 0, "manifest-summary.json: this file has more than 2 MB"),
    "a line of CSV": ("t.csv", f"id\n{LONG}{LONG}\n", 0, "t.csv:2: this row has more than 1 MB"),
    "a row of many lines": ("t.csv", 'id\n"' + '\n","' * 300_000, 0, "t.csv:262146: this row has more than 1 MB"),
    "spaces": ("t.json", "[" + " " * (8 << 20), 0, "t.json:1: this is not JSON: Expecting value"),
}  # fmt: skip


@pytest.mark.parametrize("case", LONG_FILES)
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.usefixtures("small")
def test_no_value_may_be_longer_than_a_limit(tmp_path, case, compressed):
    name, text, items, problem = LONG_FILES[case]
    path = tmp_path / "in" / name
    path.parent.mkdir()
    path.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    read = Read(path.parent if name.startswith("manifest") else path)
    assert (len(read.items), read.problems) == (items, [problem])


@pytest.mark.usefixtures("small")
def test_a_long_file_of_indented_items_is_read_piece_by_piece(tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"id": {"S": "x" * 1_000}}, indent=1) * 3_000)
    read = Read(path)
    assert (len(read.items), read.problems) == (3_000, [])


def test_a_bomb_is_refused_before_it_is_large():
    budget = bounds.Budget(100)
    with pytest.raises(bounds.Unresolved):
        budget.spend_for(100 * 64)


def test_folders_that_contain_themselves_and_pipes_are_read_once(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).symlink_to(folder)
    os.mkfifo(folder / "pipe.json")
    (folder / "Orders.jsonl").write_text(ITEM)
    read = Read(folder)
    assert (len(read.items), read.problems) == (1, [])


@pytest.mark.parametrize("items", [3, 100_000])
@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_pipe_that_the_user_names_is_read_once(tmp_path, items, form):
    """Such a pipe comes from a shell's `<(...)`. It cannot be opened again after its first megabyte
    is read.
    """
    path = tmp_path / "Orders.json"
    os.mkfifo(path)
    text = ITEM * items if form == "lines" else f"[{','.join([ITEM] * items)}]"
    writer = threading.Thread(target=path.write_text, args=(text,))
    writer.start()
    read = Read(path)
    writer.join()
    assert (len(read.items), read.problems) == (items, [])


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path, monkeypatch):
    def refused(_self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refused)
    assert Read(tmp_path).problems == [f"{tmp_path.name}: Permission denied"]


def test_a_manifest_may_not_name_a_file_that_cannot_exist(tmp_path):
    (tmp_path / "manifest-summary.json").write_text('{"tableArn": "arn:aws:dynamodb:a:b:table/t"}')
    (tmp_path / "manifest-files.json").write_text('{"dataFileS3Key": "data/a\\u0000b", "itemCount": 1}')
    (problem,) = Read(tmp_path).problems
    assert problem.endswith("this is not the name of a file: embedded null byte")


def test_serverless_reads_files_of_parent_folders(tmp_path):
    (tmp_path / "service").mkdir()
    (tmp_path / "shared.yml").write_text("names: {orders: Orders}\n")
    path = tmp_path / "service" / "serverless.yml"
    path.write_text(serverless("  s: ${file(../shared.yml)}\n", "${self:custom.s.names.orders}"))
    read = Read(path)
    assert (read.problems, [each["TableName"] for each in read.created]) == ([], ["Orders"])


# --- random mistakes ------------------------------------------------------------------------------

HOSTILE = [
    None, True, 0, -1, 10**30, 1e300, float("inf"), "", "²", "\ud800", "a\n", "x" * 70_000, "9" * 5_000, [], {}, [[]],
    [1, None], {"": ""}, {"a": [1]}, {"Ref": "Stage"}, {"Ref": ["Stage"]}, {"Ref": "Orders"}, {"Condition": "Both"},
    {"Fn::Sub": "${Orders}"}, {"Fn::If": ["Both", 1, 2]}, {"Fn::GetAtt": []}, {"Fn::Join": "a"}, "${self:}",
    "${self:custom}",    "${self:resources}", "${file(serverless.yml)}", "${opt:",
    {"S": 1}, {"N": "one"}, {"M": []}, {"L": {"S": "a"}},
    {"PutRequest": 1}, {"Item": 1}, {"Items": 1}, {"Table": 1}, "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable",
]  # fmt: skip


def broken_value(value, choose):
    """Return a copy of a value in which some parts are replaced, removed, repeated or exchanged."""
    value = copy.deepcopy(value)
    for _ in range(choose.randint(1, 3)):
        owner, owners = value, []
        while isinstance(owner, dict | list) and owner:
            key = choose.choice(list(owner)) if isinstance(owner, dict) else choose.randrange(len(owner))
            owners.append((owner, key))
            owner = owner[key]
        if not owners:
            break
        owner, key = choose.choice(owners)
        action = choose.randrange(5)
        if action == 0:
            del owner[key]
        elif action == 1 and isinstance(owner, dict):
            owner[choose.choice(["", "1", "Type", "Fn::Sub", "²", "Resources"])] = owner.pop(key)
        elif action == 2:
            other, other_key = choose.choice(owners)
            owner[key] = copy.deepcopy(other[other_key])
        else:
            owner[key] = copy.deepcopy(choose.choice(HOSTILE))
    return value


def broken_text(text, choose):
    """Return the bytes of a text with some of them removed, repeated or replaced."""
    data = bytearray(text.encode(errors="surrogatepass"))
    for _ in range(choose.randint(1, 4)):
        start = choose.randrange(len(data) + 1)
        stop = min(len(data), start + choose.choice([0, 1, 2, 10, 100]))
        piece = choose.choice(
            [b"", b"\xff", b"\0", b"\n", b'"', b"{", b"]", b"*a", b"&a ", b"<<: ", bytes(data[:start])[-50:]]
        )
        data[start:stop] = piece
    return bytes(data)


def broken_file(seed):
    """Return the name and bytes of a valid file that was damaged at random."""
    choose = random.Random(seed)
    if choose.random() < 0.6:
        name = choose.choice(list(DOCUMENTS))
        return name, json.dumps(broken_value(DOCUMENTS[name], choose)).encode()
    name = choose.choice(list(TEXTS))
    data = broken_text(TEXTS[name], choose)
    return (
        (name + ".gz", gzip.compress(data)[: -choose.randint(0, 12) or None]) if choose.random() < 0.1 else (name, data)
    )


def records_of(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return inputs([str(path)], ReadOptions(environment={}))


@given(st.integers(0, 2**32))
@profile(1_500)
def test_a_broken_file_is_a_result_or_a_problem_of_one_line(tmp_path_factory, seed):
    folder = tmp_path_factory.mktemp("broken")
    name, data = broken_file(seed)
    records = [record for each in records_of(folder, name, data) for record in each.records(lambda _table: {"id": "S"})]
    (folder / name).unlink()
    folder.rmdir()
    for record in records:
        assert isinstance(record, ItemRecord | Definition | Problem | Notice)
        assert record.place.file == str(folder / name)
        assert "\n" not in str(record.place)
        if isinstance(record, Problem | Notice):
            assert str(record).isprintable()
        elif isinstance(record, ItemRecord):
            assert type(record.item) is dict
            assert record.table is None or is_text(record.table)


@pytest.fixture(scope="module")
def database():
    return InProcess(Settings(in_memory=True))


@given(st.integers(0, 2**32))
@profile(300)
def test_a_broken_file_can_be_loaded(tmp_path_factory, database, seed):
    folder = tmp_path_factory.mktemp("broken")
    name, data = broken_file(seed)
    registry.call(database.emulator, "reset", {})
    with Progress("loaded", io.StringIO()) as progress:
        loader = Loader(lambda: EmulatorEndpoint(database.emulator, "test", "us-east-1"), progress, threaded=False)
        loader.load(records_of(folder, name, data))
    (folder / name).unlink()
    folder.rmdir()
