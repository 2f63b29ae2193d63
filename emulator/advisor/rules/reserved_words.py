"""Reserved words in expressions.

This rule finds requests that the service refused because an expression contains an attribute name
that is one of the service's 573 reserved words, such as name, status or date.

Such a name needs an alias: write #s in the expression, and {"#s": "status"} in
ExpressionAttributeNames. To avoid the mistake, use aliases for all names, or build expressions with
the SDK's expression builder.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.conditions import words
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Tally
from emulator.expressions.reserved import RESERVED


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        if call.code != "ValidationException":
            return
        names = [name for name in words(call.request) if name.upper() in RESERVED]
        table = call.request.get("TableName")
        if names and isinstance(table, str):
            self.note(call, table=table).count_names(names)


def _judge(tally: Tally) -> Verdict | None:
    names = sorted(tally.names)
    evidence = (f"{counted(tally.count, 'request')} failed because of {', '.join(names[:10])}.",)
    first = names[0]
    advice = (
        f'Use an alias: #{first[:1]} in the expression, and {{"#{first[:1]}": "{first}"}} in ExpressionAttributeNames.'
    )
    return Verdict(Confidence.certain, evidence, advice)


RULE: Final = Rule(
    "reserved-words",
    "An expression names a reserved word without an alias",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html",
    _Watcher,
    _judge,
)
