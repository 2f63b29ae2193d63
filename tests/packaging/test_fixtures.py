"""The pytest plugin, `running()` and `exec` of an installed wheel work in a user's folder."""

TESTS = """
import emulator, storage  # the user's
import pytest

@pytest.mark.parametrize("again", range(2))
def test_it(dynamodb, again):
    assert dynamodb.list_tables()["TableNames"] == []
    dynamodb.create_table(
        TableName="Orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    assert emulator.owner() == storage.owner() == "the user"
"""


def test_the_plugin_is_found(installed, user_folder):
    (user_folder / "test_it.py").write_text(TESTS)
    printed = installed.run(installed.python, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py", cwd=user_folder)
    assert "2 passed" in printed
    assert "dynamodb-emulator-" in printed  # pytest lists its plugins


def test_running(installed, user_folder):
    code = """
import json, dynamodb_emulator
with dynamodb_emulator.running() as server:
    print(json.dumps(server.client().list_tables()["TableNames"]))
"""
    assert installed.code(code, cwd=user_folder, PYTHONPATH=".") == []


def test_exec(installed, user_folder):
    command = (
        installed.python,
        "-c",
        "import shop, boto3; print(boto3.client('dynamodb').list_tables()['TableNames'])",
    )
    assert (
        installed.run(
            installed.script,
            "exec",
            "--",
            *command,
            cwd=user_folder,
            PYTHONPATH=".",
            DYNAMODB_EMULATOR_LOG_REQUESTS="0",
        )
        == "[]\n"
    )
