"""`settings`: shows the settings with which the server was started.

The result maps the name of each setting's flag, such as `shared-db`, to the value of the setting.
"""

from dataclasses import fields
from pathlib import Path

from emulator.controls.body import Body
from emulator.controls.registry import Emulator, Result, control


@control("settings", changes=False, summary="show the settings of the server")
def settings(emulator: Emulator, _body: Body) -> Result:
    """Return the settings, mapped by the names of their flags."""
    values = {
        field.name.replace("_", "-"): getattr(emulator.settings, field.name) for field in fields(emulator.settings)
    }
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
