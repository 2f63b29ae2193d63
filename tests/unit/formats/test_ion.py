"""Items in Amazon Ion: what we write is read again, by us and by the library amazon.ion."""

import gzip
import sys
from contextlib import suppress
from io import BytesIO

import pytest
import zstandard
from amazon.ion import simpleion
from hypothesis import given
from hypothesis import strategies as st

from emulator.formats.ion import ion_line, record_line, records
from emulator.formats.records import FormatError, ItemRecord
from emulator.values.wire import parse_item
from tests.support.records import Read
from tests.support.value_strategies import items

ITEM = {
    "pk": {"S": "a\n\u0001\"\\' \U0001f600"},
    "n": {"N": "-12345678901234567890123456789012345678"},
    "small": {"N": "0.5"},
    "b": {"B": "aGVsbG8="},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "m": {"M": {"null": {"S": ""}, "a b": {"M": {}}, "it's \"\\": {"L": []}, "$1": {"N": "1"}, "é": {"BOOL": False}}},
    "l": {"L": [{"N": "1"}, {"S": "x"}]},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": ["AA==", "aGVsbG8="]},
}

TEXT = (
    '$ion_1_0 {Item:{pk:"a\\n\\u0001\\"\\\\\' \U0001f600",n:-12345678901234567890123456789012345678.,small:0.5,'
    "b:{{aGVsbG8=}},yes:true,nothing:null,m:{'null':\"\",'a b':{},'it\\'s \"\\\\':[],'$1':1.,'é':false},"
    'l:[1.,"x"],ss:$dynamodb_SS::["a","b"],ns:$dynamodb_NS::[1.,2.5],bs:$dynamodb_BS::[{{AA==}},{{aGVsbG8=}}]}}\n'
)
"""The item in Ion, as the service writes it (control-plane 4.4)."""


def binary():
    """Return a Hypothesis strategy of items in binary Ion."""
    one = items.map(canonical).map(ion_line).map(lambda text: simpleion.loads(text, text_buffer_size_limit=1 << 20))
    return one.map(lambda value: simpleion.dumps(value, binary=True))


def read(data):
    return list(records(BytesIO(data), "f", "t"))


def canonical(item):
    problems = []
    parsed = dict(parse_item(item, problems))
    assert problems == []
    return parsed


def test_the_text_of_an_item():
    assert ion_line(ITEM).decode() == TEXT


def test_an_item_comes_back():
    assert [each.item for each in read(TEXT.encode() * 2)] == [ITEM, ITEM]


@given(items)
def test_every_item_comes_back(item):
    item = canonical(item)
    [record] = read(ion_line(item))
    assert canonical(record.item) == item


@given(items)
def test_every_item_is_ion_for_its_own_library(item):
    text = ion_line(canonical(item))
    binary = simpleion.dumps(simpleion.loads(text, text_buffer_size_limit=1 << 20), binary=True)
    [record] = read(binary)
    assert canonical(record.item) == canonical(item)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("{Item:{a:6d2}}", {"a": {"N": "6E+2"}}),
        ("{Item:{a:5}}", {"a": {"N": "5"}}),
        ("{Item:{a:2.5e0}}", {"a": {"N": "2.5"}}),
        ("{Item:{a:null.string}}", {"a": {"NULL": True}}),
        ('{Item:{a:other::["x"]}}', {"a": {"L": [{"S": "x"}]}}),
        ("{\n  Item: {\n    a: '''x''' '''y'''\n  } // a comment\n}", {"a": {"S": "xy"}}),
        ("{a:1.}", {"a": {"N": "1"}}),
        ('{Metadata:{WriteTimestampMicros:5.},Keys:{k:"a"},NewImage:{k:"a",v:1.}}', {"k": {"S": "a"}, "v": {"N": "1"}}),
        ("{Item:5.}", {"Item": {"N": "5"}}),
    ],
)
def test_other_ways_to_write_it(text, item):
    [record] = read(text.encode())
    assert record.item == item


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello", "this is not an item: it is not a struct"),
        ("{Item:{a:2020-01-01T}}", "an attribute cannot have the value Timestamp("),
        ('{Item:{a:{{"clob"}}}}', "an attribute cannot have the value b'clob'"),
        ("{Item:{a:nan}}", "nan is not a number"),
        ("{Item:{a:$dynamodb_SS::[1.]}}", "a set of S cannot have the member Decimal('1')"),
        ("{Metadata:{},Keys:{k:1.}}", "this record of an incremental export is a deletion, which cannot be loaded"),
    ],
)
def test_a_struct_that_is_no_item_is_a_problem_and_the_next_is_read(text, problem):
    bad, good = read(f"{text} {{Item:{{a:1.}}}}".encode())
    assert bad.text.startswith(problem)
    assert bad.place == ("f", 1)
    assert isinstance(good, ItemRecord)


@pytest.mark.parametrize("text", ["{Item:{a:", "{Item:{}} }", "\x1f\x8b", '{Item:{a:"' + "x" * (1 << 21) + '"}}'])
def test_what_is_not_ion_ends_the_file(text):
    with pytest.raises(FormatError, match="this is not Ion"):
        read(text.encode())


def test_a_text_that_is_not_unicode_ends_the_file():
    with pytest.raises(FormatError, match="this is not Ion"):
        read(b'{Item:{a:"\xff"}}')


@given(binary(), st.randoms())
def test_damaged_binary_ion_ends_the_file(data, random):
    """For some damaged data, the extension module of the library amazon.ion does not return."""
    damaged = bytearray(data)
    for _ in range(random.randint(1, 4)):
        damaged[random.randrange(4, len(damaged))] = random.randrange(256)
    with suppress(FormatError):
        read(bytes(damaged))


def test_an_error_of_the_stream_is_not_the_librarys():
    """An error of reading the file arrives unchanged. The library's extension module
    would crash.
    """

    class Broken(BytesIO):
        def read(self, *_arguments):
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        list(records(Broken(b""), "f", "t"))


def test_a_struct_that_is_too_deep_ends_the_file():
    with pytest.raises(FormatError, match="nesting"):
        read(b"{Item:{a:" + b"[" * 100_000)


def test_a_record_of_an_incremental_export():
    record = {
        "Metadata": {"WriteTimestampMicros": {"N": "5"}},
        "Keys": {"k": {"S": "a"}},
        "NewImage": {"k": {"S": "a"}},
    }
    assert record_line(record) == b'$ion_1_0 {Metadata:{WriteTimestampMicros:5.},Keys:{k:"a"},NewImage:{k:"a"}}\n'


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("Orders.ion", bytes),
        ("Orders.ion.gz", gzip.compress),
        ("Orders.ion.zst", zstandard.compress),
        ("Orders.10n", lambda text: simpleion.dumps(simpleion.loads(text), binary=True)),
        ("Orders", bytes),
    ],
)
def test_a_file_is_found_to_be_ion(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(TEXT.encode()))
    assert [canonical(item) for _, item in Read(path).items] == [canonical(ITEM)]


def test_ion_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "amazon.ion.exceptions", None)
    path = tmp_path / "Orders.ion"
    path.write_bytes(TEXT.encode())
    assert Read(path).problems == ["Orders.ion: Ion needs the extra `ion`: pip install 'dynamodb-emulator[ion]'"]
