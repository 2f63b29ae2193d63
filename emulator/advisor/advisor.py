"""Runs the watchers of all rules over calls, and makes findings of their tallies.

A finding is about one rule, table, index, operation and place in the caller's code. It adds up the
tallies of all access keys, because each test of a suite may use its own access key.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import unquote

from emulator.advisor.calls import Call
from emulator.advisor.origins import Origins
from emulator.advisor.registry import rules
from emulator.advisor.rule import Confidence, Rule, Verdict
from emulator.advisor.tables import KnownTables
from emulator.advisor.tally import Subject, Tallies, Tally, added_up
from emulator.slices import Steps

Finding = Mapping[str, Any]

# The maximum number of tallies or calls in one step, which takes about 2 ms: `findings` judges
# tallies, and `over` shows calls to the advisor.
_JUDGED_IN_STEP: Final = 200


class Selection:
    """Selects findings by access key, region and table, and by confidence.

    access_key, region, table: None selects all.
    least: the lowest confidence that is selected.
    """

    def __init__(
        self,
        access_key: str | None = None,
        region: str | None = None,
        table: str | None = None,
        least: Confidence = Confidence.possible,
    ) -> None:
        self._access_key = access_key
        self._region = region
        self._table = table
        self._least = least

    def of_tally(self, subject: Subject) -> bool:
        """Return True if a tally has the selected access key, region and table."""
        callers = (self._access_key, subject.access_key), (self._region, subject.region)
        return all(wanted in (None, each) for wanted, each in (*callers, (self._table, subject.table)))

    def of_verdict(self, verdict: Verdict) -> bool:
        """Return True if a verdict has the lowest selected confidence or a higher one."""
        return verdict.confidence >= self._least


class Advisor:
    """Shows calls to the watchers of all rules, and keeps the tallies that they count.

    calls: the number of calls that it has seen.
    """

    def __init__(self, tables: KnownTables) -> None:
        self.tables = tables
        self.tallies = Tallies()
        self.calls = 0
        self._origins = Origins()
        self._watchers = [rule.watcher(self.tallies.noting(rule.name)) for rule in rules()]

    def see(self, call: Call) -> None:
        """Show a call to all watchers. Calls must come in the order of their times."""
        self.calls += 1
        for access in call.accesses:
            if access.facts is None:
                access.facts = self.tables.find(call.access_key, call.region, access.table)
        self._origins.see(call)
        for watcher in self._watchers:
            watcher.see(call)

    def findings(self, selection: Selection) -> Steps[list[Finding]]:
        """Return the selected findings, sorted by falling confidence, then by falling cost."""
        tallies = added_up(each for each in self.tallies if selection.of_tally(each.subject))
        found: list[tuple[Verdict, Finding]] = []
        by_name = {rule.name: rule for rule in rules()}
        for number, tally in enumerate(tallies):
            if number % _JUDGED_IN_STEP == _JUDGED_IN_STEP - 1:
                yield None
            rule = by_name[tally.subject.rule]
            verdict = rule.judge(tally)
            if verdict is not None and selection.of_verdict(verdict):
                found.append((verdict, _finding(rule, tally, verdict)))
        found.sort(key=lambda each: _rank(*each))
        return [finding for _, finding in found]


def explained(names: Iterable[str]) -> list[Mapping[str, str]]:
    """Return title, explanation and link of the rules with these names, for a report."""
    wanted = set(names)
    return [
        {"Name": rule.name, "Title": rule.title, "Explanation": rule.explanation, "Link": rule.link}
        for rule in rules()
        if rule.name in wanted
    ]


def _rank(verdict: Verdict, finding: Finding) -> tuple[float, float, int, str]:
    return (
        -verdict.confidence,
        -(finding["Units"]["Read"] + finding["Units"]["Write"]),
        -finding["Count"],
        finding["Id"],
    )


def _finding(rule: Rule, tally: Tally, verdict: Verdict) -> Finding:
    subject = tally.subject
    parts = (subject.rule, subject.table, subject.index, subject.operation, subject.place, subject.detail)
    identity = blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=4).hexdigest()
    finding: dict[str, Any] = {
        "Id": f"{rule.name}-{identity}",
        "Rule": rule.name,
        "Title": rule.title,
        "Confidence": verdict.confidence.name,
        "TableName": subject.table,
        "Operation": subject.operation,
        "Count": tally.count if verdict.count is None else verdict.count,
        "Units": {"Read": round(tally.read, 1), "Write": round(tally.write, 1)},
        "Exact": tally.exact,
        "Example": tally.example,
        "AccessKeys": tally.access_keys,
        "Evidence": list(verdict.evidence),
        "Advice": verdict.advice,
        "Link": rule.link,
    }
    if subject.index:
        finding["IndexName"] = subject.index
    if verdict.saved_read or verdict.saved_write:
        finding["Saved"] = {"Read": round(verdict.saved_read, 1), "Write": round(verdict.saved_write, 1)}
    if subject.place:
        finding["Caller"] = caller_of(subject.place)
    return finding


def caller_of(place: str) -> Mapping[str, Any]:
    """Return file, line and function of a place: `tests/a.py:12; function=test_a`.

    The pytest plugin sends this text in a header of each request.
    """
    where, *others = place.split("; ")
    file, _, line = where.rpartition(":")
    caller: dict[str, Any] = {"File": unquote(file), "Line": int(line) if line.isdecimal() else 0}
    for each in others:
        name, _, value = each.partition("=")
        if name == "function":
            caller["Function"] = unquote(value)
    return caller


def over(calls: Sequence[Call], tables: KnownTables) -> Steps[Advisor]:
    """Return an advisor that has seen these calls.

    The calls may come from several processes. The advisor sees them in the order of their times.
    """
    advisor = Advisor(tables)
    for number, call in enumerate(sorted(calls, key=lambda each: each.time)):
        if number % _JUDGED_IN_STEP == _JUDGED_IN_STEP - 1:
            yield None
        advisor.see(call)
    return advisor
