"""Controls of faults: throttles, errors, timeouts and others, for requests that a rule matches.

| control         | body                                | result                                    |
|-----------------|-------------------------------------|-------------------------------------------|
| `show_faults`   | none                                | `{"Faults": [rule, ..]}`                  |
| `faults`        | `{"Match"?, "Effect", "Seed"?}`     | the new rule                              |
| `remove_faults` | `{"Id"?}`; without it, all rules    | `{"Removed": number}`                     |

A rule is shown as `{"Id", "Match", "Effect", "Seed", "Matched", "Hits"}`: `Matched` counts the
requests that it matched, and `Hits` those that got its effect.

| member of `Match`            | the request must                                                |
|------------------------------|-----------------------------------------------------------------|
| `Operation`                  | be this operation, one of a list, or any `Read` or `Write`      |
| `TableName`                  | name this table, by name or ARN                                 |
| `AccessKey`, `Region`        | have these credentials                                          |
| `Key`                        | name an item or partition with these key attributes             |
| `Every`, `Share` or `Next`   | be each n-th match, drawn at random, or among the first n       |

| `Kind` of `Effect` | other members                     | what happens                            |
|--------------------|-----------------------------------|-----------------------------------------|
| `Throttle`         | `Limit`?: Provisioned, KeyRange,  | the service's throttling error; items   |
|                    | MaxOnDemand or Account;           | of a batch stay unprocessed             |
|                    | `IndexName`?                      |                                         |
| `Error`            | `Code`?: InternalServerError or   | status 500 or 503                       |
|                    | ServiceUnavailable; `After`?      |                                         |
| `Timeout`          | `Seconds`?: 60; `After`?          | no answer, then a closed connection     |
| `Drop`             | `After`?                          | a closed connection instead of an answer|
| `Latency`          | `Seconds`, or `From` and `To`, or | the request waits; `Median` and `P99`   |
|                    | `Median` and `P99`; `After`?      | are those of a log-normal distribution  |
| `Unprocessed`      | `Share`                           | this share of a batch stays unprocessed |
| `Conflict`         |                                   | a conflict with another transaction     |
| `Cancel`           | `Code`?: a cancellation reason    | a canceled transaction                  |
| `ShortPage`        | `Items`                           | a page ends after this number of items  |

`After: true` means that the request takes effect before its client gets the fault. Times are in
seconds of real time.

The rules are tested on a request in the order of their creation. Latency, Unprocessed and ShortPage
combine with the effects of later rules. A rule matches only requests that its effect can change:
Unprocessed does not match a GetItem. The first hit with any other effect decides the answer, and
later rules do not see the request. `Share` draws by `Seed` and by the number of the request among
those that match, so a test that repeats its requests gets the same faults. All processes of a
server share the counts. A rule ends when the server stops, or with `reset {}` or `remove_faults`.
`reset {}` keeps the rules that a setting of the server has made.
"""  # noqa: W505 - a table

from collections.abc import Sequence

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.faults.rule_store import RuleStoreFull
from emulator.faults.rules import WrongRule

# Members that no client sends. `_add` makes a body with the id of the new rule, and `_remove` makes
# a body with the number of removed rules. Then the control runs in each process with this body.
_ADDED = "Added"
_REMOVED = "Removed"


def _add(emulator: Emulator, body: Body) -> Body:
    """Write a new rule of faults into the list that all processes read.

    Return a body with the id of the rule. The control `faults` then runs in each process with this
    body. Raises BadDeclaration if the rule is wrong or the list is full.
    """
    try:
        return {_ADDED: emulator.faults.add(body)}
    except (WrongRule, RuleStoreFull) as error:
        raise BadDeclaration(str(error)) from None


def _remove(emulator: Emulator, body: Body) -> Body:
    """Remove one rule of faults, or all, from the list that all processes read.

    Return a body with the number of removed rules. The control `remove_faults` then runs in each
    process with this body. Raises BadDeclaration if no rule has the `Id` of the body.
    """
    refuse_unknown(body, "Id")
    name = member(body, "Id", str) if "Id" in body else None
    removed = emulator.faults.remove(name)
    if name is not None and not removed:
        raise BadDeclaration(f"there is no fault {name}")
    return {_REMOVED: removed}


def _one(_body: Body, results: Sequence[Result]) -> Result:
    return results[0]


@control(
    "faults",
    first=_add,
    gather=_one,
    repeatable=False,
    summary="add a rule that gives matching requests a throttle, an error, a timeout or another fault",
    members=("Match?", "Effect", "Seed?"),
)
def faults(emulator: Emulator, body: Body) -> Result:
    """Let the new rule, which `_add` has written, take effect in this process."""
    emulator.faults.adopt()
    return emulator.faults.rule(body[_ADDED]) or {}


@control(
    "remove_faults",
    path="faults/remove",
    first=_remove,
    gather=_one,
    repeatable=False,
    summary="remove one rule of faults, or all of them",
    members=("Id?",),
)
def remove_faults(emulator: Emulator, body: Body) -> Result:
    """Stop applying, in this process, the rules of faults that `_remove` has removed."""
    emulator.faults.adopt()
    return {"Removed": body[_REMOVED]}


@control(
    "show_faults",
    path="faults",
    changes=False,
    summary="show the rules of faults, with the numbers of matched and hit requests",
)
def show_faults(emulator: Emulator, _body: Body) -> Result:
    """Return the rules of faults with their counts, in the order of their creation."""
    return {"Faults": emulator.faults.shown()}
