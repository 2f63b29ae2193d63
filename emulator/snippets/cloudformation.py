"""Writes a table as a CloudFormation template in YAML."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from emulator.snippets.requests import Call

# YAML 1.1 reads a text of this form as a string even without quotes, except the words in _WORDS,
# which it reads as a boolean or null.
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*[A-Za-z0-9_]|[A-Za-z]")
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_NOT_IN_TEMPLATE: Final = ("VectorIndexes",)


def template(calls: Sequence[Call]) -> str:
    """Return the CloudFormation template of a table.

    calls: the requests that `recreation.recreation` returns for the table.
    """
    requests = dict(calls)
    create = {name: value for name, value in requests["CreateTable"].items() if name not in _NOT_IN_TEMPLATE}
    if "StreamSpecification" in create:
        create["StreamSpecification"] = {"StreamViewType": create["StreamSpecification"]["StreamViewType"]}
    if "SSESpecification" in create:
        create["SSESpecification"] = {"SSEEnabled": True, "SSEType": "KMS"}
    if "UpdateTimeToLive" in requests:
        create["TimeToLiveSpecification"] = requests["UpdateTimeToLive"]["TimeToLiveSpecification"]
    if "UpdateContinuousBackups" in requests:
        recovery = requests["UpdateContinuousBackups"]["PointInTimeRecoverySpecification"]
        create["PointInTimeRecoverySpecification"] = recovery
    resource = {"Type": "AWS::DynamoDB::Table", "Properties": create}
    text = _yaml({"Resources": {_logical_id(create["TableName"]): resource}}, 0)
    left_out = [name for name in _NOT_IN_TEMPLATE if name in requests["CreateTable"]]
    left_out += ["replicas"] if "UpdateTable" in requests else []
    return "".join(f"# AWS::DynamoDB::Table does not support {each}: left out.\n" for each in left_out) + text


def _logical_id(name: str) -> str:
    """Make a CloudFormation logical ID, which has only letters and digits, from a table's name."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    found = "".join(word[:1].upper() + word[1:] for word in words)
    return found if found[:1].isalpha() else f"Table{found}"


def _yaml(value: Any, depth: int) -> str:  # noqa: ANN401 - a JSON value
    """Return the YAML lines of an object or list. depth: the level of indentation."""
    margin = "  " * depth
    if isinstance(value, Mapping):
        return "".join(f"{margin}{_scalar(name)}:{_below(each, depth + 1)}" for name, each in value.items())
    lines = []
    for each in value:
        text = _below(each, depth + 1)
        # In a list, the first line of an object is on the line of the dash.
        lines.append(f"{margin}- {text.lstrip()}" if text.startswith("\n") else f"{margin}-{text}")
    return "".join(lines)


def _below(value: Any, depth: int) -> str:  # noqa: ANN401 - a JSON value
    if isinstance(value, Mapping | list) and value:
        return "\n" + _yaml(value, depth)
    if isinstance(value, Mapping | list):
        return " {}\n" if isinstance(value, Mapping) else " []\n"
    return f" {_scalar(value)}\n"


def _scalar(value: object) -> str:
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    if plain:
        return str(value)
    text = orjson.dumps(value).decode()
    if text.isprintable():
        return text
    # YAML treats U+0085, U+2028 and U+2029 as line breaks, and forbids other control characters.
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in text)
