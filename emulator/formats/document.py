"""A whole file of JSON or YAML, such as a template, and where its parts stand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.formats.records import Place, ReadOptions

_FIRST: Final = re.compile(r"""^[ \t{,]*+(?:"([^"\n]*+)"|'([^'\n]*+)'|([^\s"':{,][^:\n]*+))[ \t]*+:""", re.MULTILINE)
"""The key at the beginning of a line. No part of it can be matched in two ways, so the search is
linear."""

_QUOTED: Final = re.compile(r'"([^"\n]*+)"\s*+:')


class KeyLines:
    """The line of each key of a text: where a line begins with it, else where it stands first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[str, int] | None = None

    @property
    def text(self) -> str:
        """The text itself."""
        return self._text

    def find(self, key: str) -> int:
        """Return the line of a key, counted from 1; 0 if it is not there."""
        if self._lines is None:
            self._lines = {}
            for pattern in (_FIRST, _QUOTED):
                line, counted = 1, 0
                for match in pattern.finditer(self._text):
                    line += self._text.count("\n", counted, match.end())
                    counted = match.end()
                    found = next(each for each in match.groups() if each is not None)
                    self._lines.setdefault(found.rstrip(), line)
        return self._lines.get(key, 0)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole JSON or YAML file."""

    file: str
    content: Mapping[str, Any]
    lines: KeyLines
    options: ReadOptions

    def place(self, *keys: str) -> Place:
        """Return the place of the first of the keys that the text has."""
        return Place(self.file, next(filter(None, map(self.lines.find, keys)), 0))
