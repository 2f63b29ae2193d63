"""The forms of the log: text, colours on a terminal, JSON."""

import io
import json
import logging
import sys

import pytest

from emulator.log_output import ColouredFormatter, JsonFormatter, Style, formatter, number


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("form", "stream", "environment", "kind"),
    [
        ("text", io.StringIO, {}, logging.Formatter),
        ("text", Terminal, {}, ColouredFormatter),
        ("text", Terminal, {"NO_COLOR": "1"}, logging.Formatter),
        ("text", Terminal, {"NO_COLOR": ""}, ColouredFormatter),
        ("text", Terminal, {"TERM": "dumb"}, logging.Formatter),
        ("json", Terminal, {}, JsonFormatter),
        ("json", io.StringIO, {}, JsonFormatter),
    ],
)
def test_the_form(monkeypatch, form, stream, environment, kind):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert type(formatter(form, stream())) is kind


def record(level=logging.INFO, **more):
    made = logging.LogRecord("emulator", level, "file", 1, "%s", ("PutItem: 200",), more.pop("exc_info", None))
    made.__dict__.update(more)
    return made


def test_parts_have_colours():
    parts = [(Style.STRONG, "PutItem"), (Style.PLAIN, ": "), (Style.GOOD, "200")]
    line = ColouredFormatter().format(record(parts=parts))
    assert line.endswith(" \x1b[2mINFO\x1b[0m \x1b[1mPutItem\x1b[0m: \x1b[32m200\x1b[0m")


def test_a_record_without_parts_keeps_its_message():
    assert ColouredFormatter().format(record(logging.ERROR)).endswith(" \x1b[31mERROR\x1b[0m PutItem: 200")


def test_a_line_of_json():
    made = record(request={"Status": 200})
    made.created = 1_800_000_000.5
    assert json.loads(JsonFormatter().format(made)) == {
        "time": "2027-01-15T08:00:00.500Z",
        "level": "INFO",
        "message": "PutItem: 200",
        "request": {"Status": 200},
    }


def test_an_exception_is_a_member_of_its_line():
    try:
        int("x")
    except ValueError:
        line = JsonFormatter().format(record(exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


@pytest.mark.parametrize(("level", "expected"), [("trace", 5), ("debug", 10), ("error", 40)])
def test_levels(level, expected):
    assert number(level) == expected
