"""The rows of `tests/cases/corrections`: rules that this emulator once had wrong.

A row is an object:

| member | meaning |
|---|---|
| `case` | what is special about this call |
| `call` | the operation and the request |
| `error` | the message of a ValidationException, or an object with members of the error |
| `answer` | members that the answer has; `null` means that the answer does not have the member |
| `given` | calls before `call`, each an operation and a request; any of them may be refused |
| `settings` | settings of the server |

Before the calls of a row, the test creates the tables of `given_tables.json` that the row names,
with their items.

Requests have short forms. In a string, `<x*5000>` means the text `x` 5000 times. `{"$deep": 40}` is
a value inside 40 maps. `{"$list": 3, "of": element}` is a list of three such elements, in which `$`
is replaced by the number of the element.

In an expected value, `{"$has": [text]}` agrees with each text that contains the listed texts. It is
used where the rest of the service's text is not known.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support.in_process import InProcess

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "cases" / "corrections"
_REPEATED = re.compile(r"<(.+?)\*(\d+)>")


def read(name: str) -> Any:
    """Return the contents of a file of cases."""
    return json.loads((FOLDER / f"{name}.json").read_text())


TABLES: dict[str, dict[str, Any]] = read("given_tables")


def entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, entry) of each entry in all files of cases. An entry is a rule with its rows."""
    for path in sorted(FOLDER.glob("*.json")):
        if path.stem != "given_tables":
            yield from json.loads(path.read_text()).items()


def expanded(value: Any) -> Any:
    """Return a request with its short forms replaced by what they mean."""
    if isinstance(value, str):
        return _REPEATED.sub(lambda match: match[1] * int(match[2]), value)
    if isinstance(value, list):
        return [expanded(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "$deep" in value:
        return _deep(value["$deep"])
    if "$list" in value:
        texts = (json.dumps(value["of"]).replace("$", str(number)) for number in range(value["$list"]))
        return [expanded(json.loads(text)) for text in texts]
    return {expanded(name): expanded(each) for name, each in value.items()}


def _deep(levels: int) -> Any:
    value: dict[str, Any] = {"S": "leaf"}
    for _ in range(levels):
        value = {"M": {"m": value}}
    return value


class Rows(InProcess):
    """An emulator in process that runs one row."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__(Settings(data_dir=None, in_memory=True, **row.get("settings", {})))
        for name in tables_of(row):
            table = TABLES[name]
            self("CreateTable", TableName=name, **table["create"])
            for item in table.get("items", ()):
                self("PutItem", TableName=name, Item=item)
        self.clock.advance(60)

    def outcome(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Make the calls of a row; return the answer or the error of the last call.

        The result is `{"answer": ...}`, or `{"error": ...}` with the members of the error.
        """
        for operation, request in row.get("given", ()):
            self._made(operation, request)
        return self._made(*row["call"])

    def _made(self, operation: str, request: Any) -> dict[str, Any]:
        try:
            return {"answer": self(operation, expanded(request)) or {}}
        except ApiError as error:
            return {"error": {"Code": error.code, "Message": error.message, **error.extra}}


def tables_of(row: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of the prepared tables that occur in the requests of a row."""
    text = json.dumps([row.get("given", []), row["call"]])
    return [name for name in TABLES if re.search(rf"(?<![\w.-]){name}(?![\w-])", text)]


def expected_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome that a row describes, in the form of `Rows.outcome`."""
    if "answer" in row:
        return {"answer": row["answer"]}
    error = row["error"]
    return {"error": {"Code": "ValidationException", "Message": error} if isinstance(error, str) else error}


def agrees(expected: Any, found: Any) -> bool:
    """Return whether a found value agrees with the expected one. Objects may have more members."""
    if isinstance(expected, dict) and "$has" in expected:
        return isinstance(found, str) and all(part in found for part in expected["$has"])
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(
            agrees(each, found.get(name)) if each is not None else name not in found for name, each in expected.items()
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(agrees, expected, found))
    return bool(expected == found)
