"""Values, stream records and colours as text (emulator/display/)."""

import io

import pytest

from emulator.display.records import record_text
from emulator.display.terminal import colourful, painter_for, plain
from emulator.display.values import item_text, value_text

VALUES = [
    ({"S": ""}, "''"),
    ({"S": "it's"}, "'it''s'"),
    ({"S": "line\nline\t\x1b[31mred\x9b"}, r"'line\nline\t\x1b[31mred\x9b'"),
    ({"S": "ä€😀"}, "'ä€😀'"),
    ({"S": "a\u202eb\u2028c"}, r"'a\u202eb\u2028c'"),
    ({"N": "-12.50"}, "-12.50"),
    ({"BOOL": True}, "true"),
    ({"BOOL": False}, "false"),
    ({"NULL": True}, "null"),
    ({"B": "aGVsbG8="}, "b'aGVsbG8='"),
    ({"L": []}, "[]"),
    ({"L": [{"N": "1"}, {"S": "a"}, {"L": [{"NULL": True}]}]}, "[1, 'a', [null]]"),
    ({"M": {}}, "{}"),
    ({"M": {"a": {"N": "1"}, "b'": {"M": {"c": {"BOOL": True}}}}}, "{'a': 1, 'b''': {'c': true}}"),
    ({"SS": ["a", "b"]}, "<<'a', 'b'>>"),
    ({"NS": ["1", "2"]}, "<<1, 2>>"),
    ({"BS": ["aQ=="]}, "<<b'aQ=='>>"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_the_text_of_a_value(value, text):
    assert value_text(value) == text


def test_the_text_of_an_item():
    assert item_text({"id": {"S": "o-1"}, "n": {"N": "1"}}) == "{'id': 'o-1', 'n': 1}"


KEYS = {"id": {"S": "o-1"}}
NEW = KEYS | {"state": {"S": "paid"}, "n": {"N": "1"}, "new": {"BOOL": True}}
OLD = KEYS | {"state": {"S": "new"}, "n": {"N": "1"}, "old": {"BOOL": True}}
TTL = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
FIRST = "2026-11-29T07:00:01Z T "

RECORDS = [
    ("INSERT", {}, {}, [FIRST + "INSERT {'id': 'o-1'}"]),
    (
        "INSERT",
        {"NewImage": NEW},
        {},
        [FIRST + "INSERT {'id': 'o-1'}", "  + state: 'paid'", "  + n: 1", "  + new: true"],
    ),
    (
        "MODIFY",
        {"NewImage": NEW, "OldImage": OLD},
        {},
        [FIRST + "MODIFY {'id': 'o-1'}", "  - state: 'new'", "  + state: 'paid'", "  - old: true", "  + new: true"],
    ),
    (
        "MODIFY",
        {"OldImage": OLD},
        {},
        [FIRST + "MODIFY {'id': 'o-1'}", "  - state: 'new'", "  - n: 1", "  - old: true"],
    ),
    (
        "REMOVE",
        {"OldImage": KEYS | {"a\n": {"N": "1"}}},
        {},
        [FIRST + "REMOVE {'id': 'o-1'}", r"  - a\n: 1"],
    ),
    ("REMOVE", {}, {"userIdentity": TTL}, [FIRST + "REMOVE (time to live) {'id': 'o-1'}"]),
]


@pytest.mark.parametrize(("name", "images", "extra", "lines"), RECORDS)
def test_the_text_of_a_record(name, images, extra, lines):
    change = {"Keys": KEYS, "ApproximateCreationDateTime": 1795935601, **images}
    assert record_text("T", {"eventName": name, "dynamodb": change, **extra}).splitlines() == lines


def test_the_colours_of_a_record():
    change = {"Keys": KEYS, "ApproximateCreationDateTime": 1795935601, "NewImage": KEYS | {"n": {"N": "1"}}}
    first, second = record_text("T", {"eventName": "INSERT", "dynamodb": change}, colourful).splitlines()
    assert "\x1b[32mINSERT\x1b[0m" in first
    assert second == "\x1b[32m  + n: 1\x1b[0m"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "painter"),
    [
        (Terminal(), {}, colourful),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, colourful),
        (Terminal(), {"NO_COLOR": "1"}, plain),
        (Terminal(), {"TERM": "dumb"}, plain),
        (io.StringIO(), {}, plain),
    ],
)
def test_a_terminal_has_colours(stream, environment, painter):
    assert painter_for(stream, environment) is painter
