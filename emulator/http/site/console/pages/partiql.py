"""The PartiQL page: an editor, the plan of a statement, its results, and earlier statements.

The browser stores the earlier statements (static/statements.js). The server does not.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.typed_fields import json_field
from emulator.http.site.console.visit import Visit

_LIMIT: Final = 100  # the maximum number of items on a page, unless the form has another limit
_COLUMNS: Final = 60


@page("partiql", title="PartiQL", group="Data", order=30)
async def editor(visit: Visit) -> Response:
    """Show the editor, with the statement in the query string if there is one."""
    return visit.show("partiql/editor.html", statement=visit.query.text("statement"), outcome=None)


@action("partiql/run", title="PartiQL", parent="partiql")
async def run(visit: Visit) -> Response:
    """Run a statement, or only explain it. Show its plan, and after a run also the items."""
    form = visit.form
    statement = form.required("statement", "Statement")
    request: dict[str, Any] = {"Statement": statement}
    parameters = json_field(form, "parameters", "Parameters")
    if parameters is not None:
        if not isinstance(parameters, list):
            raise BadForm('Parameters must be a JSON list of attribute values, such as [{"S": "o-1"}]')
        request["Parameters"] = parameters
    if form.flag("consistent"):
        request["ConsistentRead"] = True
    outcome = await _explained(visit, request) if form.text("do") == "explain" else await _run(visit, request)
    values: dict[str, Any] = {"statement": statement, "outcome": outcome}
    if visit.is_htmx:
        return visit.fragment("partiql/outcome.html", **values)
    return visit.show("partiql/editor.html", **values)


async def _explained(visit: Visit, request: Mapping[str, Any]) -> dict[str, Any]:
    plan = await _plan(visit, request)
    return {"plan": plan, "ran": False}


async def _plan(visit: Visit, request: Mapping[str, Any]) -> Mapping[str, Any]:
    return await visit.control("explain_statement", {**request, **visit.owner})


async def _run(visit: Visit, request: Mapping[str, Any]) -> dict[str, Any]:
    """Explain a statement and then run it. Return the variables of the template.

    The plan must come first, because the statement may change the items on which the plan depends.
    """
    plan = await _plan(visit, request)
    more: dict[str, Any] = {"ReturnConsumedCapacity": "INDEXES"}
    if request["Statement"].lstrip()[:6].upper() == "SELECT":
        more["Limit"] = visit.form.number("limit", _LIMIT)
    if visit.form.text("token"):
        more["NextToken"] = visit.form.text("token")
    answer = await visit.call("ExecuteStatement", {**request, **more})
    items = answer.get("Items", [])
    return {
        "plan": plan,
        "ran": True,
        "items": items,
        "columns": columns_of(items, key_first=plan.get("Key", {})),
        "token": answer.get("NextToken"),
        "consumed": answer.get("ConsumedCapacity", {}),
        "form": {name: visit.form.text(name) for name in ("statement", "parameters", "consistent", "limit")},
    }


def columns_of(items: Iterable[Mapping[str, Any]], key_first: Iterable[str] = ()) -> list[str]:
    """Return the names of the grid's columns: `key_first`, then other attributes of the items."""
    names = dict.fromkeys(key_first)
    for item in items:
        names.update(dict.fromkeys(item))
        if len(names) > _COLUMNS:
            break
    return list(names)[:_COLUMNS]
