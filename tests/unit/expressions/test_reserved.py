"""The reserved words are those of the Developer Guide."""

from pathlib import Path

from emulator.expressions.reserved import RESERVED

REFERENCE = Path(__file__).parents[3] / "emulator" / "reference" / "reserved-words.txt"


def test_count_and_samples():
    assert len(RESERVED) == 573
    assert {"ABORT", "NAME", "STATUS", "SIZE", "ZONE", "INNTER", "FLATTERN"} <= RESERVED
    assert all(word.isalnum() and word.isupper() for word in RESERVED)


def test_reference():
    assert set(REFERENCE.read_text().split()) == RESERVED
