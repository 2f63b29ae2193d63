"""Writes findings as JUnit XML: each finding is a failed test.

If there are no findings, the report has one passed test, because some programs refuse a report
without tests.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from emulator.advisor.reports.text import figures, subject

Advice = Mapping[str, Any]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow."""


def report(advice: Advice) -> str:
    """Return the findings as JUnit XML."""
    findings = advice["Findings"]
    cases = [_case(each) for each in findings] or ['    <testcase classname="advice" name="no findings"/>']
    counts = f'name="dynamodb-emulator advice" tests="{len(cases)}" failures="{len(findings)}" errors="0"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites><testsuite {counts}>", *cases]
    return "\n".join([*lines, "</testsuite></testsuites>"]) + "\n"


def _case(finding: Mapping[str, Any]) -> str:
    name = _attribute(f"{subject(finding)} [{finding['Id']}]")
    message = _attribute(f"{finding['Title']}: {figures(finding)}")
    caller = finding.get("Caller")
    place = "" if caller is None else f' file={_attribute(caller["File"])} line="{caller["Line"]}"'
    text = _allowed("\n".join((*finding["Evidence"], finding["Advice"], finding["Example"], finding["Link"])))
    return (
        f"    <testcase classname={_attribute(finding['Rule'])} name={name}{place}>"
        f'<failure type="{finding["Confidence"]}" message={message}>{escape(text)}</failure></testcase>'
    )


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
