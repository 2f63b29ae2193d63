"""Parses the contents of sets: SS, NS and BS.

The parsers have the same arguments and results as the parsers of scalars.py.

If the first members alone prove that a set is too large, a parser may ignore the other members. So
a bad or repeated member among the ignored members is not reported, although the service presumably
reports it.
"""

from binascii import a2b_base64
from typing import Any, Final

from emulator import limits
from emulator.values.json_types import not_a_list, not_a_scalar
from emulator.values.number import NumberError, canonical, sort_numbers, stored_size
from emulator.values.problems import ItemProblems, Problem, report, report_repeat
from emulator.values.scalars import Raw, decoded

# A set of this many distinct strings exceeds the limit of 2 MB for expression values: only one of
# the strings can be empty, and every other string has at least one byte.
_MOST_STRINGS: Final = limits.EXPRESSION_VALUES_SIZE + 2
# In bytes. A larger set is refused anyway, so it is not sorted, which would take up to 0.3 s.
_MOST_SORTED: Final = limits.EXPRESSION_VALUES_SIZE
# A large set of numbers is parsed in chunks of this many members. After each chunk, parsing stops
# if the parsed members together are larger than the limit.
_NUMBERS_AT_ONCE: Final = 10_000


def parse_string_set(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of SS, and sort its members."""
    members, joined = _strings(content, raw, "SS")
    if len(members) > _MOST_STRINGS:
        del members[_MOST_STRINGS:]
    if not members:
        return report(problems, "empty_set", "SS")
    if len(set(members)) != len(members):
        return report_repeat(problems, "SS", members, members)
    if len(joined) <= _MOST_SORTED:
        members.sort()
    return len(joined) if joined.isascii() else len(joined.encode())


def parse_number_set(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of NS, and replace its members by their canonical texts, sorted."""
    members, _ = _strings(content, raw, "NS")
    if not members:
        return report(problems, "empty_set", "NS")
    try:
        if len(members) > _NUMBERS_AT_ONCE:
            most = limits.ITEM_SIZE if type(problems) is ItemProblems else limits.EXPRESSION_VALUES_SIZE
            texts = _numbers_up_to(most, members)
        else:
            texts = [canonical(member) for member in members]
    except NumberError as error:
        return report(problems, error.kind, error.text)
    if len(set(texts)) != len(texts):
        return report_repeat(problems, "NS", members[: len(texts)], texts)
    sort_numbers(texts)
    raw["NS"] = texts
    return sum(map(stored_size, texts))


def _numbers_up_to(most: int, members: list[str]) -> list[str]:
    """Return the canonical texts of the members, or of the first of them if they are too large.

    most: the total stored size, in bytes. The function stops once the texts exceed this size.
    """
    texts: list[str] = []
    size = 0
    for begun in range(0, len(members), _NUMBERS_AT_ONCE):
        chunk = [canonical(member) for member in members[begun : begun + _NUMBERS_AT_ONCE]]
        texts += chunk
        size += sum(map(stored_size, chunk))
        if size > most:
            break
    return texts


def parse_binary_set(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of BS, and sort its members by their bytes."""
    members = _members(content, raw, "BS")
    if len(members) > _MOST_STRINGS:
        del members[_MOST_STRINGS:]
    datas = [decoded(member) for member in members]
    if not members:
        return report(problems, "empty_set", "BS")
    if len(set(datas)) != len(datas):
        return report_repeat(problems, "BS", members, datas)
    size = sum(map(len, datas))
    if size <= _MOST_SORTED:
        members.sort(key=a2b_base64)
    return size


def _strings(content: object, raw: Raw, tag: str) -> tuple[list[str], str]:
    """Return the members of a set of strings, and one string that joins all members.

    Joining them is the fastest way to check that all members are strings. Raises ApiError if one is
    not a string.
    """
    members = content if type(content) is list else _members(content, raw, tag)
    try:
        return members, "".join(members)
    except TypeError:
        members = _members(content, raw, tag)
    for member in members:
        if type(member) is not str:
            raise not_a_scalar(member, "String")
    return members, "".join(members)


def _members(content: object, raw: Raw, tag: str) -> list[Any]:
    """Return the members of a set without nulls. If there are nulls, also remove them in `raw`."""
    if type(content) is not list:
        raise not_a_list(content)
    if None in content:
        content = raw[tag] = [member for member in content if member is not None]
    return content
