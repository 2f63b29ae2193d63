"""Texts of clients cannot forge a log line."""

import pytest

from emulator.escaping import printable


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", ""),
        ("AKIA-1/us-east-1 ~", "AKIA-1/us-east-1 ~"),
        ("AK\n2026-01-01 CRITICAL forged\r", "AK\\n2026-01-01 CRITICAL forged\\r"),
        ("\x1b[31mred\x00\x7f\t", "\\x1b[31mred\\x00\\x7f\\t"),
        ("\xe9\x85\u2028\u20ac\U0001f600\ud800", "\\xe9\\x85\\u2028\\u20ac\\U0001f600\\ud800"),
    ],
)
def test_only_printable_ascii_is_left(text, printed):
    assert printable(text) == printed


def test_a_long_text_is_truncated_before_it_is_escaped():
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201) == "x" * 200 + "... (201 characters)"
    assert printable("\n" * 5000, longest=2) == "\\n\\n... (5000 characters)"
