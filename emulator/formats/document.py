"""A JSON or YAML file that is read as a whole, such as a template, and the lines of its keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.formats.records import Place, ReadOptions

_FIRST: Final = re.compile(r"""^[ \t{,]*+(?:"([^"\n]*+)"|'([^'\n]*+)'|([^\s"':{,][^:\n]*+))[ \t]*+:""", re.MULTILINE)
"""A pattern that finds the key at the beginning of a line.

It can match a text in only one way. So the time of a search is linear, even in a hostile file.
"""

_QUOTED: Final = re.compile(r'"([^"\n]*+)"\s*+:')


class KeyLines:
    """Finds the line of a key in the text of a JSON or YAML file.

    The result is the first line that begins with the key. If no line begins with the key, the
    result is the first line that has the key anywhere, in double quotes.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[str, int] | None = None

    @property
    def text(self) -> str:
        """The text in which keys are searched."""
        return self._text

    def find(self, key: str) -> int:
        """Return the line number of a key, from 1 on; 0 if the text does not have the key."""
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
    """A JSON or YAML file that was read as a whole, and parsed.

    file: its path. lines: finds the lines of keys. options: the user's options for reading.
    """

    file: str
    content: Mapping[str, Any]
    lines: KeyLines
    options: ReadOptions

    def place(self, *keys: str) -> Place:
        """Return the place of a key: of the first of `keys` that the file has.

        If the file has none of `keys`, return the place of the whole file.
        """
        return Place(self.file, next(filter(None, map(self.lines.find, keys)), 0))
