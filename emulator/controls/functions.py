"""Controls of functions that read streams: event source mappings, failures and dead letters.

| control             | body                   | result                                         |
|---------------------|------------------------|------------------------------------------------|
| `functions`         | none                   | `{"Functions", "Mappings", "Failures"}`        |
| `dead_letters`      | none                   | `{"DeadLetters": [letters without "Records"]}` |
| `find_dead_letters` | `{"UUID"?, "Id"?}`     | the letters of one mapping, or one letter      |
| `redeliver`         | `{"UUID"}` or `{"Id"}` | `{"Redelivering": number of letters}`          |

`Functions` are the configured functions. `Mappings` are the event source mappings of all accounts:

| member                 | meaning                                                              |
|------------------------|----------------------------------------------------------------------|
| `UUID`, `State`,       | as in Lambda's API                                                   |
| `LastProcessingResult` |                                                                      |
| `FunctionName`,        | the function and the stream                                          |
| `StreamArn`            |                                                                      |
| `AccessKey`, `Region`  | the tenant that owns the mapping                                     |
| `Backlog`              | the number of records to deliver; counted up to 10,000               |
| `DeadLetters`          | the number of stored dead letters                                    |
| `Lanes`                | for each batch in progress: `ShardId`, `Records`, `Invoked`,         |
|                        | `Retries`, `InFlight`, `Due` (the time of the next attempt), and     |
|                        | `Failure`                                                            |

`Failures` are the last hundred failed invocations: `Time`, `UUID`, `RequestId`, `Kind` ("failed" or
"unreachable") and `Detail`.

A dead letter is a batch whose delivery the emulator has given up. Its `Id` is the request id of the
batch's last invocation. If the body has an `Id`, the letter also has its `Records`. `redeliver`
sends all letters of a mapping, or one letter, to the function again. From then on, a letter has a
`State`: Waiting, Sent, or Failed with a `Failure`. When the function has processed a letter, the
letter is removed.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.changes.backlog import backlog
from emulator.slices import Steps

if TYPE_CHECKING:
    from emulator.event_sources.lanes import Lane
    from emulator.event_sources.mapping import EventSourceMapping
    from emulator.event_sources.service import FunctionService

_PIECE: Final = 1 << 20  # how many bytes of dead letters one step parses
_MOST: Final = 1000  # the maximum number of dead letters in a result


def _of_owner(_body: Body, results: Sequence[Result]) -> Result:
    """Return the result of the owner process, which delivers records to functions.

    The results of the other processes are {}.
    """
    return next(result for result in results if result)


def _found(body: Body, results: Sequence[Result]) -> Result:
    result = _of_owner(body, results)
    if "Id" in body and not result["DeadLetters"]:
        raise BadDeclaration(f"there is no dead letter {body['Id']}")
    return result


def _redelivering(body: Body, results: Sequence[Result]) -> Result:
    result = _of_owner(body, results)
    if result["Redelivering"] is None:
        raise BadDeclaration(result["Problem"])
    return result


@control(
    "functions",
    changes=False,
    gather=_of_owner,
    summary="show the configured functions, their event source mappings and their failures",
)
def functions(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return functions, event source mappings and failures; {} if this process is not the owner."""
    if not emulator.database.owner:
        return {}
    service = emulator.functions
    counts: dict[tuple[str, str], int] = {}
    for letter in (yield from _letters(service)):
        route = _route(letter)
        counts[route] = counts.get(route, 0) + 1
    configured = [
        {
            "Name": each.name,
            "Target": getattr(each.target, "url", None) or getattr(each.target, "text", ""),
            "Timeout": each.timeout,
        }
        for each in service.functions.values()
    ]
    return {
        "Functions": configured,
        "Mappings": [_mapping(emulator, service, each, counts) for each in service.mappings.everything()],
        "Failures": [
            {
                "Time": each.time,
                "UUID": each.uuid,
                "RequestId": each.request_id,
                "Kind": each.kind,
                "Detail": each.detail,
            }
            for each in reversed(service.delivery.failures)
        ],
    }


@control(
    "dead_letters",
    changes=False,
    gather=_of_owner,
    summary="show the dead letters: batches that functions failed to process",
)
def dead_letters(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return the newest dead letters, at most 1,000."""
    return (yield from find_dead_letters(emulator, {}))


@control(
    "find_dead_letters",
    path="dead_letters",
    method="POST",
    changes=False,
    gather=_found,
    summary="show the dead letters of a mapping, or one dead letter with its records",
    members=("UUID?", "Id?"),
)
def find_dead_letters(emulator: Emulator, body: Body) -> Steps[Result]:
    """Return the newest dead letters that have the `UUID` and `Id` of the body, at most 1,000.

    If the body has no `UUID`, return letters of all mappings. If it has no `Id`, return letters
    with any id. Raises BadDeclaration if the body is wrong.
    """
    wanted = _wanted(body)
    if not emulator.database.owner:
        return {}
    service = emulator.functions
    uuids = {_route_of(each): each.uuid for each in service.mappings.everything()}
    found = []
    for letter in (yield from _letters(service)):
        shown = _letter(service, letter, uuids.get(_route(letter)))
        if all(shown.get(name) == value for name, value in wanted.items()):
            found.append({**shown, "Records": _records(letter)} if "Id" in wanted else shown)
    return {"DeadLetters": found[-_MOST:]}


@control(
    "redeliver",
    gather=_redelivering,
    repeatable=False,
    summary="send the dead letters of a mapping, or one dead letter, to the function again",
    members=("UUID?", "Id?"),
)
def redeliver(emulator: Emulator, body: Body) -> Steps[Result]:
    """Queue the dead letters that the body selects, to be sent to their function again.

    Raises BadDeclaration if the body is wrong.
    """
    wanted = _wanted(body)
    if len(wanted) != 1:
        raise BadDeclaration("the body must have exactly one of the members UUID and Id")
    if not emulator.database.owner:
        return {}
    service = emulator.functions
    mappings = {_route_of(each): each for each in service.mappings.everything()}
    if "UUID" in wanted and all(each.uuid != wanted["UUID"] for each in mappings.values()):
        return {"Redelivering": None, "Problem": f"there is no event source mapping {wanted['UUID']}"}
    count, known = 0, False
    for letter in (yield from _letters(service)):
        mapping = mappings.get(_route(letter))
        if wanted.get("Id", _id(letter)) != _id(letter):
            continue
        if "UUID" in wanted and (mapping is None or mapping.uuid != wanted["UUID"]):
            continue
        known = True
        count += service.redelivery.add([letter], reports=mapping is not None and mapping.reports_failures)
    if "Id" in wanted and not known:
        return {"Redelivering": None, "Problem": f"there is no dead letter {wanted['Id']}"}
    return {"Redelivering": count}


def _wanted(body: Body) -> dict[str, str]:
    refuse_unknown(body, "UUID", "Id")
    return {name: member(body, name, str) for name in ("UUID", "Id") if name in body}


def _letters(service: "FunctionService") -> Steps[list[dict[str, Any]]]:
    """Return all dead letters, the oldest first."""
    letters = []
    size = 0
    for line in service.dead_letters.lines():
        letters.append(orjson.loads(line))
        size += len(line)
        if size >= _PIECE:
            size = 0
            yield None
    return letters


def _id(letter: dict[str, Any]) -> str:
    name: str = letter["requestContext"]["requestId"]
    return name


def _route(letter: dict[str, Any]) -> tuple[str, str]:
    """Return the ARNs of a dead letter's stream and function.

    The two ARNs identify the event source mapping that could not deliver the letter.
    """
    return letter["DDBStreamBatchInfo"]["streamArn"], letter["requestContext"]["functionArn"]


def _route_of(mapping: "EventSourceMapping") -> tuple[str, str]:
    return mapping.stream_arn, mapping.function_arn


def _letter(service: "FunctionService", letter: dict[str, Any], uuid: str | None) -> dict[str, Any]:
    """Return a description of a dead letter, as a result shows it, without its records.

    uuid: the UUID of the letter's event source mapping, None if the mapping was deleted.
    """
    context, batch = letter["requestContext"], letter["DDBStreamBatchInfo"]
    state, failure = service.redelivery.states.get(_id(letter), ("", ""))
    shown = {
        "Id": _id(letter),
        "UUID": uuid,
        "FunctionArn": context["functionArn"],
        "StreamArn": batch["streamArn"],
        "Condition": context["condition"],
        "Invocations": context["approximateInvokeCount"],
        "Time": letter["timestamp"],
        "ShardId": batch["shardId"],
        "FirstSequenceNumber": batch["startSequenceNumber"],
        "LastSequenceNumber": batch["endSequenceNumber"],
        "Size": batch["batchSize"],
        "State": state,
        "Failure": failure,
    }
    return {name: value for name, value in shown.items() if value not in (None, "")}


def _records(letter: dict[str, Any]) -> list[Any]:
    records: list[Any] = orjson.loads(letter["payload"])["Records"]
    return records


def _mapping(
    emulator: Emulator, service: "FunctionService", mapping: "EventSourceMapping", letters: dict[tuple[str, str], int]
) -> dict[str, Any]:
    database = emulator.database
    stream = database.streams.get(mapping.stream_id)
    with database.read() as txn:
        waiting = 0 if stream is None else backlog(txn, stream, mapping.consumer)
    access_key, region = mapping.tenant
    return {
        "UUID": mapping.uuid,
        "AccessKey": access_key,
        "Region": region,
        "FunctionName": mapping.function_name,
        "StreamArn": mapping.stream_arn,
        "State": service.mappings.state(mapping),
        "LastProcessingResult": mapping.result,
        "Backlog": waiting,
        "DeadLetters": letters.get(_route_of(mapping), 0),
        "Lanes": list(_lanes(service.delivery.lanes(mapping.uuid))),
    }


def _lanes(lanes: "Iterator[tuple[str, Lane]]") -> Iterator[dict[str, Any]]:
    """Yield a description of each batch in progress, as the result shows it."""
    for shard_id, lane in lanes:
        batch = lane.current()
        if batch is None:
            continue
        shown = {
            "ShardId": shard_id,
            "Records": len(batch.records),
            "Invoked": batch.invoked,
            "Retries": batch.retries,
            "InFlight": lane.in_flight,
        }
        if not lane.in_flight:
            shown["Due"] = batch.due
        if batch.last is not None and batch.last.kind != "answered":
            shown["Failure"] = batch.last.detail
        yield shown
