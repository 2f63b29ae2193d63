"""How amounts are written."""

import pytest

from emulator.wording import amount_text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (0.8401694297790527, "0.84"),
        (0.999, "0.99"),
        (1500.0, "1,500"),
        (40000, "40,000"),
    ],
)
def test_an_amount(amount, text):
    assert amount_text(amount) == text
