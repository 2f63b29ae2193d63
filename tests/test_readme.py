"""The operations, settings, flags and links of the README and of docs/ are correct."""

import re
from dataclasses import fields

from readme_tables import README, with_tables

from emulator.settings import Settings


def test_the_tables_match_the_code():
    readme = README.read_text()
    assert readme == with_tables(readme), "run `make readme`"


def test_every_flag_in_the_text_exists():
    """This test skips blocks of code: tests/clients/test_readme_lines.py runs their commands.

    Outside of blocks, the only flag of another program is Docker's `--shm-size`.
    """
    pages = "\n".join(page.read_text() for page in (README, *README.parent.glob("docs/*.md")))
    text = re.sub(r"^```.*?^```$", "", pages, flags=re.DOTALL | re.MULTILINE)
    known = {"--" + field.name.replace("_", "-") for field in fields(Settings)} | {"--help", "--version", "--shm-size"}
    named = set(re.findall(r"`(?:dynamodb-emulator )?(--[a-z][a-z0-9-]*)", text))
    assert named <= known


def test_every_link_works_outside_the_repository_too():
    """PyPI shows the README without the other files, so relative links would be broken."""
    text = README.read_text()
    assert not re.findall(r"\]\((?!https?://)", text)
    assert "<img" not in text
