"""The list of tables, and the form that makes one."""

from starlette.responses import Response

from emulator.http.site.console.registry import page
from emulator.http.site.console.visit import Visit


@page("tables", title="Tables", group="Data", order=10)
async def tables(visit: Visit) -> Response:
    """Show the tables of the account and region."""
    names = (await visit.call("ListTables", {}))["TableNames"]
    return visit.show("tables/list.html", names=names)


@page("tables/create", title="Create a table", parent="tables")
async def create_form(visit: Visit) -> Response:
    """Show the form of a new table."""
    return visit.show("tables/create.html")
