"""Large values are freed piece by piece."""

import gc
import weakref

import pytest

from emulator.model.freeing import cut, free


class Watched:
    """An object whose deletion a test can see."""


@pytest.mark.parametrize(
    ("make", "freed"),
    [
        (lambda last: [[last] * 2 for _ in range(50)], True),
        (lambda last: [[] for _ in range(5_000)] + [[last]], True),
        (lambda last: {"Item": {"l": {"L": [{"L": [last]} for _ in range(50)]}}}, True),
        (lambda last: {"t": {"Keys": [{"k": last}] * 50}}, True),
    ],
)
def test_a_large_value_is_emptied(make, freed):
    watched = Watched()
    end = weakref.ref(watched)
    value = make(watched)
    del watched
    free(value)
    assert not value
    assert (end() is None) is freed


LARGE = {f"a{number}": {"S": "x"} for number in range(50)}


@pytest.mark.parametrize(
    "around",
    [
        lambda large: [{"M": large}, {"M": {}}],
        lambda large: {"l": {"L": [{"M": large}]}},
        lambda large: {"first": large, "last": 1},
        lambda large: [large, *([""] * 2_000)],
        lambda large: [large, *([[]] * 2_000)],
        lambda large: [large, *([[], 1] * 2_000)],
        lambda large: [[[large]]],
    ],
)
def test_a_large_value_is_found_everywhere(around):
    """It is emptied before Python frees the list or dictionary that contains it."""
    large = dict(LARGE)
    free({"member": around(large)})
    assert not large


def test_names_that_a_cache_may_hold_stay():
    names = {f"#{number}": "a" for number in range(50)}
    texts = [f"a{number}" for number in range(50)]
    free({"ExpressionAttributeNames": names, "AttributesToGet": texts, "Item": {"a": {"S": "a"}}})
    assert (len(names), len(texts)) == (50, 50)


@pytest.mark.parametrize("value", [None, 1, "text", [], {}])
def test_small_values(value):
    free(value)
    assert not value or value in {1, "text"}


@pytest.mark.parametrize(("before", "after"), [(5, 5), (10, 3), (2_500, 1_000), (3_001, 0)])
def test_a_list_is_cut(before, after):
    members = list(range(before))
    cut(members, after)
    assert members == list(range(after))
    assert gc.isenabled()
