"""Which attribute values count as equal when two tables are compared
(emulator/transfer/comparing.py).
"""

import pytest

from emulator.transfer.comparing import canonical

EQUAL = [
    ({"N": "1"}, {"N": "1.0"}),
    ({"N": "100"}, {"N": "1E+2"}),
    ({"N": "-0"}, {"N": "0.000"}),
    ({"N": "12345678901234567890123456789012345678"}, {"N": "1.2345678901234567890123456789012345678e37"}),
    ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}),
    ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
    ({"L": [{"SS": ["a", "b"]}]}, {"L": [{"SS": ["b", "a"]}]}),
    ({"M": {"x": {"N": "1"}, "y": {"S": ""}}}, {"M": {"y": {"S": ""}, "x": {"N": "1.0"}}}),
]
UNEQUAL = [
    ({"N": "1"}, {"N": "10"}),
    ({"N": "1"}, {"N": "-1"}),
    ({"N": "1"}, {"S": "1"}),
    ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
    ({"N": "12345678901234567890123456789012345678"}, {"N": "12345678901234567890123456789012345679"}),
]


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=str)
def test_equal_values(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), UNEQUAL, ids=str)
def test_unequal_values(one, other):
    assert canonical(one) != canonical(other)
