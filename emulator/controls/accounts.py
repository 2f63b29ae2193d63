"""`accounts`: the accounts and regions that have tables.

The result is `{"Accounts": [..], "More": bool, "Shared": bool}`. Each element of `Accounts` has
`AccessKey`, `Region`, `Account` (the number) and `Tables` (how many). There are at most a thousand
elements, and `More` says whether some were left out. `Shared` is true with `--shared-db`. Then all
access keys and regions see the same tables, and an element counts the tables that its access key
created in its region.
"""

from collections import Counter
from typing import Final

from emulator.controls.body import Body
from emulator.controls.registry import Emulator, Result, control
from emulator.database.definitions import arns

NAME: Final = "accounts"
_MOST: Final = 1000


@control(NAME, changes=False, summary="list the accounts and regions that have tables")
def accounts(emulator: Emulator, _body: Body) -> Result:
    """Return the accounts, sorted by access key and region."""
    settings = emulator.settings
    definitions = (table.definition for table in emulator.database.catalog.everything())
    counted = Counter((each.access_key, each.region) for each in definitions)
    found = [
        {
            "AccessKey": access_key,
            "Region": region,
            "Account": arns.account_of(access_key, settings.account),
            "Tables": counted[access_key, region],
        }
        for access_key, region in sorted(counted)[:_MOST]
    ]
    return {"Accounts": found, "More": len(counted) > _MOST, "Shared": settings.shared_db}
