"""A whole file of JSON or YAML, such as a template, and where its parts stand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.formats.records import Place, ReadOptions


@dataclass(frozen=True, slots=True)
class Document:
    """A whole JSON or YAML file. text: for the lines of its parts."""

    file: str
    content: Mapping[str, Any]
    text: str
    options: ReadOptions

    def place(self, *keys: str) -> Place:
        """Return the place of the first of the keys that the text has, as a key."""
        for key in keys:
            found = re.search(rf"""^[ \t{{,]*["']?{re.escape(key)}["']?\s*:""", self.text, re.MULTILINE)
            found = found or re.search(rf""""{re.escape(key)}"\s*:""", self.text)
            if found:
                return Place(self.file, self.text.count("\n", 0, found.end()) + 1)
        return Place(self.file)
