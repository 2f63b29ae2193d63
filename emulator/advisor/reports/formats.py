"""Finds the function that makes a report in a format."""

from collections.abc import Mapping
from typing import Any

from emulator.advisor.reports import junit, sarif, text

Advice = Mapping[str, Any]


def report(advice: Advice, name: str) -> str:
    """Make a report from the result of the control `advice`. name: text, sarif or junit."""
    return {"text": text.report, "sarif": sarif.report, "junit": junit.report}[name](advice)
