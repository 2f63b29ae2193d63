"""The README tells what is true: operations, settings, commands."""

from dataclasses import fields

from emulator.settings import Settings
from tests.support_table import README, with_table


def test_the_operation_table_is_what_the_code_does():
    readme = README.read_text()
    assert readme == with_table(readme), "run `make readme`"


def test_every_setting_has_a_row():
    readme = README.read_text()
    for field in fields(Settings):
        flag = "--" + field.name.replace("_", "-")
        assert f"| `{flag}` | `DYNAMODB_EMULATOR_{field.name.upper()}` |" in readme
