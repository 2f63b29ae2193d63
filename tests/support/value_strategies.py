"""Hypothesis strategies for valid attribute values, and the settings of tests that use them."""

from base64 import b64encode

from hypothesis import strategies as st

from emulator.values.number import canonical
from tests.support.profile import profile

deterministic = profile(100)  # 100 examples, the same ones in each run

texts = st.text(max_size=6)
binaries = st.binary(max_size=6).map(lambda data: b64encode(data).decode())
numbers = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.integers(-99, 99).map(str),
    st.tuples(st.integers(-(10**6), 10**6), st.integers(-120, 110)).map(lambda pair: f"{pair[0]}e{pair[1]}"),
    st.decimals(-1000, 1000, places=3).map(str),
)
names = st.text(min_size=1, max_size=4)


def _distinct_numbers(members: list[str]) -> bool:
    return len({canonical(member) for member in members}) == len(members)


scalars = st.one_of(
    st.builds(lambda text: {"S": text}, texts),
    st.builds(lambda text: {"N": text}, numbers),
    st.builds(lambda text: {"B": text}, binaries),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}).map(dict),
    st.lists(texts, min_size=1, max_size=4, unique=True).map(lambda members: {"SS": members}),
    st.lists(numbers, min_size=1, max_size=4).filter(_distinct_numbers).map(lambda members: {"NS": members}),
    st.lists(binaries, min_size=1, max_size=4, unique=True).map(lambda members: {"BS": members}),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda elements: {"L": elements}),
        st.dictionaries(names, inner, max_size=4).map(lambda entries: {"M": entries}),
    ),
    max_leaves=8,
)
items = st.dictionaries(names, values, max_size=5)
