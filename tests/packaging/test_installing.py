"""The emulator works beside an application with packages called `emulator` and `storage`."""

import pytest

from tests.support.installations import ROOT, call

OWNERS = "import json, shop; print(json.dumps(shop.owners()))"
USERS = ["the user", "the user"]


def answers(environment, folder, *options):
    """Start the installed command in a folder; return whether it answers a request."""
    with environment.serving(environment.script, "--in-memory", "--port", "0", *options, cwd=folder) as url:
        return call(url, "ListTables", {}) == {"TableNames": []}


@pytest.mark.parametrize("order", ["editable first", "application first", "emulator first"])
def test_an_application_beside_the_emulator(new_environment, wheel, project, tmp_path, order):
    environment = new_environment()
    application = ("-e", project) if order == "editable first" else (project,)
    for requirement in [(wheel,), application] if order == "emulator first" else [application, (wheel,)]:
        environment.install(*requirement)
    assert environment.code(OWNERS) == USERS
    assert answers(environment, tmp_path)
    environment.pip("uninstall", "--yes", "dynamodb-emulator")
    assert environment.code(OWNERS) == USERS
    assert not environment.script.exists()


def test_an_editable_installation_has_one_import_name(new_environment, tmp_path):
    environment = new_environment()
    environment.install("-e", ROOT)
    code = """
import json
from importlib.util import find_spec
print(json.dumps([name for name in ("dynamodb_emulator", "emulator", "storage") if find_spec(name)]))
"""
    assert environment.code(code) == ["dynamodb_emulator"]
    assert environment.run(environment.python, "-m", "dynamodb_emulator", "--version").startswith("dynamodb-emulator ")
    assert answers(environment, tmp_path)
