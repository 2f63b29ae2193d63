"""Completion: suggests words while the user types a statement or a dot command."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from emulator.client.endpoint import Refused, Unreachable
from emulator.partiql.keywords import KEYWORDS
from emulator.shell.knowledge import Knowledge

WORDS: Final = (
    *("SELECT", "INSERT INTO", "UPDATE", "DELETE FROM", "EXISTS", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "BETWEEN"),
    *("IS", "MISSING", "NULL", "TRUE", "FALSE", "VALUE", "SET", "REMOVE", "ORDER BY", "ASC", "DESC"),
    *("RETURNING ALL OLD *", "RETURNING ALL NEW *", "RETURNING MODIFIED OLD *", "RETURNING MODIFIED NEW *"),
    *("begins_with(", "contains(", "size(", "attribute_type(", "list_append(", "set_add(", "set_delete("),
)
"""The keywords and functions of DynamoDB's PartiQL (behaviour 14)."""

_WORD: Final = re.compile(r"[\w$-]*\Z")
_TABLE_FOLLOWS: Final = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\Z", re.IGNORECASE)
_INDEX_FOLLOWS: Final = re.compile(r'\b(?:FROM)\s+(?P<table>"[^"]+"|[\w$-]+)\s*\.\s*\Z', re.IGNORECASE)
_NAME: Final = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+(?P<table>"(?:[^"]|"")+"|[\w$-]+)', re.IGNORECASE)
_STRINGS: Final = re.compile(r"'(?:[^']|'')*+'")
_PLAIN: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class Candidate(NamedTuple):
    """A suggested word. It replaces the last `replaces` characters before the cursor."""

    word: str
    replaces: int


def table_of(statement: str) -> str | None:
    """Return the name of the first table in a statement, or None if it names no table."""
    found = _NAME.search(_STRINGS.sub("''", statement))
    return _unquoted(found["table"]) if found else None


def quoted(name: str) -> str:
    """Return a name as PartiQL needs it: quoted if it is a keyword or has special characters."""
    if _PLAIN.fullmatch(name) and name.upper() not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def candidates(before: str, after: str, knowledge: Knowledge, commands: Iterable[str]) -> list[Candidate]:
    """Return the words to suggest at the cursor.

    before, after: the typed text before and after the cursor.
    knowledge: the facts about tables.
    commands: the names of the dot commands.

    Returns an empty list if the server does not answer.
    """
    try:
        if before[:1] in (".", "\\"):
            return _of_command(before, knowledge, commands)
        return _of_statement(before, after, knowledge)
    except (Refused, Unreachable):
        return []


def _of_command(before: str, knowledge: Knowledge, commands: Iterable[str]) -> list[Candidate]:
    name, space, argument = before.partition(" ")
    if not space:
        return _beginning(before, commands)
    return _beginning(argument, knowledge.tables()) if name in (".describe", "\\d") else []


def _of_statement(before: str, after: str, knowledge: Knowledge) -> list[Candidate]:
    closed = _STRINGS.sub("''", before)
    if closed.replace("''", "").count("'"):  # the cursor is inside a string
        return []
    if closed.count('"') % 2:  # the cursor is inside a quoted name
        start = closed.rindex('"')
    else:
        typed = _WORD.search(closed)
        start = typed.start() if typed else len(closed)
    context, word = closed[:start], closed[start:]
    index = _INDEX_FOLLOWS.search(context)
    if index is not None:
        return _beginning(word, map(quoted, knowledge.indexes(_unquoted(index["table"]))))
    if _TABLE_FOLLOWS.search(context):
        return _beginning(word, map(quoted, knowledge.tables()))
    statement = before.rpartition(";")[2] + after
    table_name = table_of(statement)
    attributes = knowledge.attributes(table_name) if table_name else []
    return _beginning(word, [*map(quoted, attributes), *WORDS])


def _beginning(word: str, words: Iterable[str]) -> list[Candidate]:
    """Return the words that begin with the typed text `word`. Ignore case and opening quotes."""
    begin = word.lower()
    return [
        Candidate(each, len(word))
        for each in words
        if each.lower().startswith(begin) or (each.startswith('"') and each[1:].lower().startswith(begin))
    ]


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
