"""Reads tables from Serverless Framework files.

The member `resources` of such a file is CloudFormation, with variables:

| variable                       | value                                                        |
|--------------------------------|--------------------------------------------------------------|
| `${self:path}`                 | a value in this file                                         |
| `${env:NAME}`                  | an environment variable                                      |
| `${opt:NAME}`                  | `--parameter NAME=VALUE`                                     |
| `${param:NAME}`                | `--parameter NAME=VALUE`, else from `params` of the stage,   |
|                                | else from `params` of `default`                              |
| `${sls:stage}`, `${aws:region}`| `--parameter stage=VALUE` or `region=VALUE`, else the value  |
|                                | in `provider`                                                |
| `${file(path):path}`           | a value in another file, in YAML or JSON                     |

The files that `file` names may be anywhere, even in a parent folder, as in the Serverless Framework
(serverless/serverless issue 9095). In this way, services of one repository share their settings.
The content of these files is used only in definitions of tables.

A variable may have several alternatives, separated by commas. Its value is the first alternative
that exists. Variables inside variables are replaced first. Other variables, such as `${cf:...}` and
`${ssm:...}`, have no value for this reader. Most of their values are known only on AWS.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from emulator.formats.bounds import Budget, Unresolved
from emulator.formats.cloudformation import records as of_cloudformation
from emulator.formats.document import Document
from emulator.formats.files import read_document
from emulator.formats.intrinsics import parameters_of
from emulator.formats.records import FormatError, Problem, Record
from emulator.formats.yaml_text import parse_yaml

_VARIABLE: Final = re.compile(r"\$\{((?:self|env|opt|param|sls|aws|file|cf|ssm|s3|strToBool)[:(][^${}]*)\}")
_PARAMETER: Final = re.compile(r"\b(?:opt|param):\s*([\w.-]+)")
_FILE: Final = re.compile(r"file\(([^)]*)\)(?::(.*))?")
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_DEEPEST: Final = 50
_MISSING: Final = object()


def records(document: Document) -> Iterator[Record]:
    """Yield the definitions of a file's tables, and a Problem for each wrong table."""
    variables = _Variables(document)
    try:
        parts = variables.resolve(document.content.get("resources") or {})
    except Unresolved as error:
        yield Problem(document.place("resources"), str(error))
        return
    whole: dict[str, Any] = {}
    for part in parts if isinstance(parts, list) else [parts]:
        for section, content in part.items() if isinstance(part, dict) else ():
            if isinstance(content, dict):
                whole.setdefault(section, {}).update(content)
    if "Resources" in whole:
        yield from of_cloudformation(replace(document, content=whole))


def parameters(document: Document) -> frozenset[str] | None:
    """Return the names of all parameters that a file uses.

    Return None if the file includes other files, because they may use any parameter.
    """
    text = document.lines.text
    if "file(" in text:
        return None
    parts = document.content.get("resources")
    found = (parameters_of(part) for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict))
    return frozenset(("stage", "region", *_PARAMETER.findall(text))).union(*found)


class _Variables:
    def __init__(self, document: Document) -> None:
        self._content = document.content
        self._options = document.options
        self._folder = Path(document.file).parent
        self._files: dict[Path, Any] = {}
        self._budget = Budget()

    def resolve(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - YAML
        """Return a value after replacing its variables. Raises Unresolved."""
        self._budget.spend(value)
        if depth > _DEEPEST:
            raise Unresolved("a variable refers to itself")
        if isinstance(value, dict):
            return {name: self.resolve(each, depth + 1) for name, each in value.items()}
        if isinstance(value, list):
            return [self.resolve(each, depth + 1) for each in value]
        if not isinstance(value, str):
            return value
        found = _VARIABLE.search(value)
        if found is None:
            return value
        inner = self._value(found[1], depth)
        if found.span() == (0, len(value)):
            return self.resolve(inner, depth + 1)
        text = str(inner)
        self._budget.spend(text)
        return self.resolve(value[: found.start()] + text + value[found.end() :], depth + 1)

    def _value(self, text: str, depth: int) -> Any:  # noqa: ANN401 - YAML
        """Return the value of a variable: the value of the first alternative that exists.

        Raises Unresolved if no alternative exists. text: the variable, without `${` and `}`.
        """
        for alternative in _alternatives(text):
            literal = _literal(alternative)
            value = self._lookup(alternative, depth) if literal is _MISSING else literal
            if value is not _MISSING and value is not None:
                return self.resolve(value, depth + 1)
        raise Unresolved(f"the variable ${{{text}}} cannot be resolved")

    def _lookup(self, text: str, depth: int) -> Any:  # noqa: ANN401 - YAML
        kind, _, name = text.partition(":")
        options = self._options.parameters
        if text.startswith("file("):
            return self._file(text, depth)
        if kind == "self":
            return self._path(self._content, name, depth)
        if kind == "env":
            return self._options.environment.get(name, _MISSING)
        if kind == "opt":
            return options.get(name, _MISSING)
        if kind == "param":
            of_stage, default = (f"params.{stage}.{name}" for stage in (self._stage(depth), "default"))
            found = options.get(name, self._path(self._content, of_stage, depth))
            return self._path(self._content, default, depth) if found is _MISSING else found
        if text == "sls:stage":
            return self._stage(depth)
        if text == "aws:region":
            return options.get("region", self._of_provider("region", "us-east-1", depth))
        return _MISSING

    def _stage(self, depth: int) -> Any:  # noqa: ANN401 - YAML
        return self._options.parameters.get("stage") or self._of_provider("stage", "dev", depth)

    def _of_provider(self, name: str, otherwise: str, depth: int) -> Any:  # noqa: ANN401 - YAML
        provider = self._content.get("provider")
        found = provider.get(name) if isinstance(provider, dict) else None
        return otherwise if found is None else self.resolve(found, depth + 1)

    def _path(self, value: Any, path: str, depth: int) -> Any:  # noqa: ANN401 - YAML
        for name in path.split(".") if path else ():
            if isinstance(value, str):
                value = self.resolve(value, depth + 1)
            if isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
                value = value[int(name)]
            elif isinstance(value, Mapping) and name in value:
                value = value[name]
            else:
                return _MISSING
        return value

    def _file(self, text: str, depth: int) -> Any:  # noqa: ANN401 - YAML
        found = _FILE.fullmatch(text)
        if found is None:
            return _MISSING
        path = self._folder / found[1].strip()
        if path.suffix not in (".yml", ".yaml", ".json") or not path.is_file():
            return _MISSING
        try:
            if path not in self._files:
                # A parser of YAML also reads JSON.
                self._files[path] = parse_yaml(read_document(str(path)), str(path))
        except FormatError as error:
            raise Unresolved(str(error)) from None
        return self._path(self._files[path], found[2] or "", depth)


def _alternatives(text: str) -> list[str]:
    """Return the alternatives of a variable, split at commas outside quotes."""
    return [each.strip() for each in re.findall(r"""(?:'[^']*'|"[^"]*"|[^,])+""", text)]


def _literal(text: str) -> Any:  # noqa: ANN401 - YAML
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if re.fullmatch(r"-?\d{1,99}", text):
        return int(text)
    return {"true": True, "false": False}.get(text, _MISSING)
