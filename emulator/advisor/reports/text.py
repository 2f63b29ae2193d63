"""Writes findings as text: six lines for each, the worst first.

certain: A Scan reads the whole table where a Query would do (scan-as-query)
  Scan of Orders, in app/orders.py:42 (open_orders): 12 times, 40.5 read units
  12 Scans read 1,200 items and returned 12 items. They cost 40.5 units.
  Instead: Query the index by-customer by customer: put the comparison into ..
  Example: {"TableName":"Orders", ..}
  https://docs.aws.amazon.com/..
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.advisor.rule import counted
from emulator.escaping import printable

Advice = Mapping[str, Any]

_LONGEST: Final = 2_000  # characters; longer texts are cut
_EXAMPLE: Final = 200


def report(advice: Advice) -> str:
    """Return the findings as text."""
    findings = advice["Findings"]
    lines = [line for finding in findings for line in (*_lines(finding), "")]
    lines.append(f"{counted(len(findings), 'finding')} in {counted(advice['Requests'], 'request')}")
    if advice.get("More"):
        lines.append(f"{counted(advice['More'], 'more finding')} left out")
    if not advice["Complete"]:
        lines.append(
            "There may be more findings: the server was too busy to examine all requests, or counted too many mistakes."
        )
    return "\n".join(lines) + "\n"


def _lines(finding: Mapping[str, Any]) -> Iterator[str]:
    yield f"{finding['Confidence']}: {finding['Title']} ({finding['Rule']})"
    yield f"  {subject(finding)}: {figures(finding)}"
    yield f"  {printable(' '.join(finding['Evidence']), _LONGEST)}"
    yield f"  Instead: {printable(finding['Advice'], _LONGEST)}"
    yield f"  Example: {printable(finding['Example'], _EXAMPLE)}"
    yield f"  {finding['Link']}"


def subject(finding: Mapping[str, Any]) -> str:
    """Return a text that names a finding's operation, table, index and caller."""
    table = f"{finding['TableName']}/{finding['IndexName']}" if "IndexName" in finding else finding["TableName"]
    what = f"{finding['Operation']} of {table}" if finding["Operation"] else f"table {table}"
    if finding["TableName"] == "*":
        what = "several tables"
    caller = place(finding)
    return printable(f"{what}, in {caller}" if caller else what, _LONGEST)


def place(finding: Mapping[str, Any]) -> str:
    """Return the caller of a finding, such as `app/orders.py:42 (open_orders)`, "" if unknown."""
    caller = finding.get("Caller")
    if caller is None:
        return ""
    function = f" ({caller['Function']})" if "Function" in caller else ""
    return f"{caller['File']}:{caller['Line']}{function}"


def figures(finding: Mapping[str, Any]) -> str:
    """Return a text with the count and the cost of a finding: `12 times, 40.5 read units`."""
    units = finding["Units"]
    costs = [f"{units[kind]:,g} {kind.lower()} units" for kind in ("Read", "Write") if units[kind]]
    about = "" if finding["Exact"] else "about "
    times = "once" if finding["Count"] == 1 else f"{finding['Count']:,} times"
    return f"{times}, {about}{' and '.join(costs)}" if costs else times
