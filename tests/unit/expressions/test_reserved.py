"""The reserved words are those of the Developer Guide."""

from pathlib import Path

import pytest

from emulator.expressions.reserved import RESERVED

REFERENCE = Path("/work/shared/reference/reserved-words.txt")


def test_count_and_samples():
    assert len(RESERVED) == 573
    assert {"ABORT", "NAME", "STATUS", "SIZE", "ZONE", "INNTER", "FLATTERN"} <= RESERVED
    assert all(word.isalnum() and word.isupper() for word in RESERVED)


def test_reference():
    if not REFERENCE.exists():
        pytest.skip("the reference is only where the emulator is developed")
    assert set(REFERENCE.read_text().split()) == RESERVED
