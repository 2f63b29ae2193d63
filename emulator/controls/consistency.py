"""`consistency` lets reads lag: they show tables as they were some seconds ago.

    {"TableName"?, "Lag": seconds, "Monotonic"?: true, "Clock"?: "Emulator" or "Real", "Seed"?: 0}

`TableName` is an ARN, or a name, which means the tables of this name in all accounts. Without it,
the lag is for all tables, including tables that are created later, and replaces the lags of single
tables.

With a `Lag`, eventually consistent reads of a table and its local indexes, and all reads of its
global indexes, show the state of `Lag` seconds ago. Consistent reads, transactions and conditions
see the newest state. `"Lag": 0` ends the lag. The seconds are seconds of the emulator's clock, or
with `"Clock": "Real"` of the machine's clock.

If `Monotonic` is true, a read never shows an earlier state than the read before, even when the lag
grows. If it is false, each read chooses a random time between `Lag` seconds ago and now, and shows
the state of that time. `Seed` makes the choices repeatable.

The state at the time of the call is the oldest state that a read shows. The result is `{"Tables":
number}`: how many tables lag now. `GET /_emulator/consistency` returns `{"Lags": [..]}`, with the
members of the calls. Lags end with the server and with `reset {}`.
"""

from math import isfinite
from typing import Any

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.lagging.setting import LagSetting, now_of

_CLOCKS = ("Emulator", "Real")


@control(
    "consistency",
    summary="let reads show tables as they were some seconds ago",
    members=("TableName?", "Lag", "Monotonic?", "Clock?", "Seed?"),
)
def consistency(emulator: Emulator, body: Body) -> Result:
    """Set the lag of reads of tables. Raises BadDeclaration."""
    refuse_unknown(body, "TableName", "Lag", "Monotonic", "Clock", "Seed")
    table = member(body, "TableName", str) if "TableName" in body else None
    setting = _setting(body)
    database = emulator.database
    database.rerun(lambda: _declare(database, table, setting))
    return {"Tables": database.rerun(database.catalog.apply_lags)}


@control("show_consistency", path="consistency", changes=False, summary="show the tables whose reads lag, and how much")
def show_consistency(emulator: Emulator, _body: Body) -> Result:
    """Return the lags that are in force, each with the members of its call."""
    return {"Lags": [_shown(name, setting) for name, setting in sorted(emulator.database.enforcer.lags().items())]}


def _setting(body: Body) -> LagSetting:
    seconds = float(member(body, "Lag", (int, float)))
    if not (isfinite(seconds) and 0 <= seconds <= 3600):  # noqa: PLR2004 - as the text says
        raise BadDeclaration("the member Lag must be a number of seconds from 0 to 3600")
    clock = member(body, "Clock", str) if "Clock" in body else _CLOCKS[0]
    if clock not in _CLOCKS:
        raise BadDeclaration("the member Clock must be Emulator or Real")
    monotonic = member(body, "Monotonic", bool) if "Monotonic" in body else True
    return LagSetting(
        seconds,
        monotonic=monotonic,
        real=clock == "Real",
        seed=member(body, "Seed", int) if "Seed" in body else 0,
    )


def _declare(database: Database, table: str | None, setting: LagSetting) -> None:
    enforcer = database.enforcer
    before = enforcer.lags().get(table or "")
    if before is not None and before.real == setting.real and setting.monotonic:
        shown = max(before.since, now_of(database.clock, real=before.real) - before.seconds)
        setting = LagSetting(**{**setting.fields(), "since": shown})
    ends = not setting.seconds and (table is None or "" not in enforcer.lags())
    enforcer.set_lag(table, None if ends else setting)
    database.catalog.declare()


def _shown(name: str, setting: LagSetting) -> dict[str, Any]:
    return {
        **({"TableName": name} if name else {}),
        "Lag": setting.seconds,
        "Monotonic": setting.monotonic,
        "Clock": _CLOCKS[setting.real],
        "Seed": setting.seed,
    }
