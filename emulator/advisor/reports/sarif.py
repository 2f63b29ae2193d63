"""Writes findings as SARIF 2.1.0. Code hosts and editors show them at the lines of the callers.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

from emulator.advisor.reports.text import figures, subject
from emulator.version import VERSION

Advice = Mapping[str, Any]

_LEVELS: Final = {"certain": "error", "likely": "warning", "possible": "note"}


def report(advice: Advice) -> str:
    """Return the findings as a SARIF document."""
    rules = list(advice["Rules"])
    positions = {rule["Name"]: position for position, rule in enumerate(rules)}
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dynamodb-emulator",
                        "version": VERSION,
                        "informationUri": "https://github.com/dynamodb-emulator/dynamodb-emulator",
                        "rules": [_rule(each) for each in rules],
                    }
                },
                "results": [_result(each, positions[each["Rule"]]) for each in advice["Findings"]],
            }
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _rule(rule: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "id": rule["Name"],
        "shortDescription": {"text": rule["Title"]},
        "fullDescription": {"text": rule["Explanation"]},
        "helpUri": rule["Link"],
    }


def _result(finding: Mapping[str, Any], rule: int) -> Mapping[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": subject({**finding, "Caller": None}), "kind": "resource"}]
    }
    caller = finding.get("Caller")
    if caller is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(caller["File"])},
            "region": {"startLine": max(1, caller["Line"])},
        }
    text = " ".join((f"{finding['Title']}: {figures(finding)}.", *finding["Evidence"], finding["Advice"]))
    return {
        "ruleId": finding["Rule"],
        "ruleIndex": rule,
        "level": _LEVELS[finding["Confidence"]],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"findingId/v1": finding["Id"]},
        "properties": {name: finding[name] for name in ("Confidence", "Count", "Units", "Example")},
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
