"""The server and a user's code run even if the user, too, has packages `emulator` and `storage`."""

import json
import os
import re
import select
import urllib.request

import boto3
import pytest

from emulator.version import VERSION
from tests.support.installations import PATIENCE, call, call_control

HANDLER = """
import json, os
import emulator, storage

def handler(event, context):
    with open(os.environ["RECEIVED"], "w") as file:
        file.write(json.dumps([emulator.owner(), storage.owner(), len(event["Records"])]) + "\\n")
"""


def module(environment):
    return environment.python, "-m", "dynamodb_emulator"


def script(environment):
    return (environment.script,)


@pytest.mark.parametrize("command", [module, script])
@pytest.mark.parametrize("variables", [{}, {"PYTHONPATH": "."}], ids=["", "PYTHONPATH"])
def test_commands_in_a_folder_with_such_packages(installed, user_folder, command, variables):
    """The command runs our packages, and not those of the user."""
    printed = installed.run(*command(installed), "--version", cwd=user_folder, **variables)
    assert printed == f"dynamodb-emulator {VERSION}\n"
    printed = installed.run(*command(installed), "copy", "none", "copied", cwd=user_folder, status=2, **variables)
    assert "is not a data folder of this program" in printed


def test_a_link_to_the_command_runs_from_any_folder(installed, user_folder, tmp_path):
    """pipx and `uv tool` install a symbolic link to the command."""
    link = tmp_path / "dynamodb-emulator"
    link.symlink_to(installed.script)
    with installed.serving(link, "--in-memory", "--port", "0", cwd=user_folder, PATH="/usr/bin:/bin") as url:
        assert call(url, "ListTables", {}) == {"TableNames": []}


def test_processes_that_copy_and_verify(installed, user_folder):
    """The server starts them in the user's folder, and they import our packages."""
    options = ("--port", "0", "--data-dir")
    with installed.serving(*module(installed), *options, "data", cwd=user_folder, PYTHONPATH=".") as url:
        assert call_control(url, "copy", {"Folder": str(user_folder / "copied")})["Bytes"] > 0
    with installed.serving(*module(installed), *options, "copied", cwd=user_folder, PYTHONPATH=".") as url:
        assert call(url, "ListTables", {}) == {"TableNames": []}


def test_the_console_of_an_installed_wheel(installed, user_folder):
    """The wheel has the templates and static files of the console."""
    with installed.serving(*module(installed), "--in-memory", "--port", "0", cwd=user_folder) as url:
        page = urllib.request.Request(f"{url}/_emulator/", headers={"Accept": "text/html"})
        with urllib.request.urlopen(page, timeout=PATIENCE) as answer:
            text = answer.read().decode()
        assert "<h1>Tables</h1>" in text
        for path in re.findall('"(/_emulator/console/static/[^"]*)"', text):
            with urllib.request.urlopen(url + path, timeout=PATIENCE) as answer:
                assert answer.status == 200


def test_workers_and_functions(installed, user_folder, tmp_path):
    """Functions import the user's packages; the workers that invoke them import ours."""
    received = tmp_path / "received"
    os.mkfifo(received)
    (user_folder / "handlers.py").write_text(HANDLER)
    (user_folder / "functions.toml").write_text('count = "handlers:handler"\n')
    options = ("--workers", "2", "--in-memory", "--port", "0", "--functions", "functions.toml")
    variables = {"PYTHONPATH": ".", "RECEIVED": str(received)}
    reader = os.open(received, os.O_RDWR)
    try:
        with installed.serving(installed.script, *options, cwd=user_folder, **variables) as url:
            write_to_a_table_with(url, "count")
            assert select.select([reader], [], [], PATIENCE)[0], "the function was not invoked"
            assert json.loads(os.read(reader, 1 << 16)) == ["the user", "the user", 1]
    finally:
        os.close(reader)


def write_to_a_table_with(url, function):
    """Create a table, map its stream to a function, and write one item."""
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    request = {
        "TableName": "Orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": stream,
    }
    arn = call(url, "CreateTable", request)["TableDescription"]["LatestStreamArn"]
    access = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
    boto3.client("lambda", endpoint_url=url, **access).create_event_source_mapping(
        FunctionName=function, EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )
    call(url, "PutItem", {"TableName": "Orders", "Item": {"id": {"S": "o-1"}}})


# --- Python code of users -------------------------------------------------------------------------


def test_the_package_leaves_a_process_as_it_is(installed, user_folder):
    code = """
import json, sys
path, modules = list(sys.path), set(sys.modules)
import dynamodb_emulator
print(json.dumps([sys.path == path, sorted(set(sys.modules) - modules)]))
"""
    assert installed.code(code, cwd=user_folder) == [True, ["dynamodb_emulator"]]


def test_the_package_has_a_version(installed):
    assert installed.code("import dynamodb_emulator as d, json; print(json.dumps(d.__version__))") == VERSION


def test_the_application_changes_the_path_and_does_not_import_the_server(installed, user_folder):
    code = """
import json, sys
path = list(sys.path)
import dynamodb_emulator.asgi
ours = [name for name in sys.modules if name.partition(".")[0] in ("emulator", "storage", "uvicorn", "asyncio")]
print(json.dumps([sys.path[1:] == path, sys.path[0], ours]))
"""
    server = str(installed.site_packages / "dynamodb_emulator" / "_server")
    assert installed.code(code, cwd=user_folder) == [True, server, []]


def test_the_application_refuses_a_process_with_other_packages_of_these_names(installed, user_folder):
    code = """
import json
import storage
try:
    import dynamodb_emulator.asgi
except ImportError as error:
    print(json.dumps(str(error)))
"""
    message = installed.code(code, cwd=user_folder)
    assert message.startswith("this process has imported a package 'storage' that is not the server's")


def test_uvicorn_serves_the_application(installed, user_folder):
    command = (installed.python, "-m", "uvicorn", "dynamodb_emulator.asgi:app", "--port", "0")
    with installed.serving(*command, cwd=user_folder, DYNAMODB_EMULATOR_IN_MEMORY="1", PYTHONPATH=".") as url:
        assert call(url, "ListTables", {}) == {"TableNames": []}
