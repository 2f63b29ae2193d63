"""Pages whose LastEvaluatedKey was ignored.

This rule finds a Query or Scan without a Limit that returned LastEvaluatedKey, if no later request
continues from this key. For statements of PartiQL, NextToken takes the place of LastEvaluatedKey.

The service reads at most 1 MB for a page, before it applies the filter. A program that ignores
LastEvaluatedKey loses all items after the page, and nobody notices until the table has grown.
"""

from typing import Final

from emulator.advisor.calls import PAGES, Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_MOST: Final = 2_000  # the maximum number of pages that are remembered until a request continues them
_REPEATED: Final = 2  # a finding is `certain` from this many ignored pages on; a single one may be an accident


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._open: Recent[tuple[str, str, str, str], Tally] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action not in PAGES:
                continue
            page = call.access_key, call.region, access.table
            if access.start:
                before = self._open.pop((*page, access.start), None)
                if before is not None:
                    before.figures["continued"] += 1
            if access.last and not access.limited:
                self._open.keep((*page, access.last), self.note(call, access))


def _judge(tally: Tally) -> Verdict | None:
    ignored = tally.count - int(tally.figures["continued"])
    if ignored <= 0:
        return None
    were = "was" if ignored == 1 else "were"
    evidence = (
        f"{counted(tally.count, 'answer')} had a LastEvaluatedKey or NextToken.",
        f"{counted(ignored, 'page')} {were} not continued.",
    )
    advice = (
        "Send the request again with ExclusiveStartKey until an answer has no LastEvaluatedKey; "
        "paginators of the SDKs do this. If the first page is enough, set Limit."
    )
    confidence = Confidence.certain if ignored >= _REPEATED else Confidence.likely
    return Verdict(confidence, evidence, advice, count=ignored)


RULE: Final = Rule(
    "ignored-pages",
    "Items after the first page of 1 MB are never read",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html",
    _Watcher,
    _judge,
)
