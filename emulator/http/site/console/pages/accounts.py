"""The accounts and regions that have tables, as links."""

from starlette.responses import Response

from emulator.http.site.console.registry import page
from emulator.http.site.console.tenancy import Acting
from emulator.http.site.console.visit import Visit


@page("accounts", title="Accounts")
async def accounts(visit: Visit) -> Response:
    """Show a link for each account and region that has tables."""
    found = await visit.control("accounts")
    accounts = [
        (
            Acting(each["AccessKey"], each["Region"]).url("tables"),
            each,
            (each["AccessKey"], each["Region"]) == visit.acting,
        )
        for each in found["Accounts"]
    ]
    return visit.show("accounts.html", accounts=accounts, more=found["More"], shared=found["Shared"])
