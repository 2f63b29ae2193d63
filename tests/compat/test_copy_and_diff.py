"""`load --from-endpoint` and `diff` between two accounts of each kind of server."""

import boto3
import pytest

from emulator.commands import diff, load
from tests.support.http_clients import boto_options


@pytest.fixture
def other(endpoint):
    """Return a client with another access key, and delete its tables at the end."""
    client = boto3.client("dynamodb", **boto_options(endpoint, "other"))
    yield client
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    client.close()


@pytest.fixture
def copy(endpoint):
    def run(table, *arguments):
        flags = ["--endpoint", endpoint, "--access-key", "other", "--from-endpoint", endpoint]
        return load.main([*flags, "--from-access-key", "test", "--table", table, *map(str, arguments)])

    return run


@pytest.fixture
def compare(endpoint, capsys):
    def run(first, second, *arguments):
        capsys.readouterr()
        flags = ["--endpoint", endpoint, "--access-key", "test", "--access-key-b", "other"]
        status = diff.main([first, second, *flags, *arguments])
        return status, capsys.readouterr().out.splitlines()

    return run


def fill(client, table, count):
    for number in range(count):
        item = {"pk": {"S": f"k{number}"}, "sk": {"N": str(number)}, "n": {"N": str(number % 10)}}
        client.put_item(TableName=table, Item=item)


def test_a_copy_is_the_same_table(client, other, copy, compare, make_table, tmp_path):
    table = make_table("pk:S sk:N")
    fill(client, table, 60)
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    assert copy(table, "--state", tmp_path / "state", "--segments", 3, "--read-units", 1_000_000) == 0
    assert other.scan(TableName=table, Select="COUNT")["Count"] == 60
    assert compare(table, table) == (0, [])
    assert copy(table) == 0
    assert compare(table, table) == (0, [])


def test_a_filter(client, other, copy, make_table):
    table = make_table("pk:S sk:N")
    fill(client, table, 40)
    assert copy(table, "--filter", "#n = :n", "--names", '{"#n": "n"}', "--values", '{":n": {"N": "3"}}') == 0
    assert {item["n"]["N"] for item in other.scan(TableName=table)["Items"]} == {"3"}
    assert copy(table, "--filter", "wrong") == 2


def test_differences(client, other, copy, compare, make_table):
    table = make_table("pk:S sk:N")
    fill(client, table, 3)
    copy(table)
    key = {"pk": {"S": "k0"}, "sk": {"N": "0"}}
    other.delete_item(TableName=table, Key=key)
    other.put_item(TableName=table, Item={"pk": {"S": "k1"}, "sk": {"N": "1"}, "x": {"S": "y"}, "n": {"N": "1"}})
    other.put_item(TableName=table, Item={"pk": {"S": "new"}, "sk": {"N": "1"}})
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    status, lines = compare(table, table)
    assert status == 1
    assert sorted(lines) == [
        '+ {"pk":{"S":"new"},"sk":{"N":"1"}}',
        '- {"pk":{"S":"k0"},"sk":{"N":"0"}}',
        '~ definition: TimeToLive: "until" -> -',
        '~ {"pk":{"S":"k1"},"sk":{"N":"1"}} x: - -> {"S":"y"}',
    ]


def test_whole_endpoints(endpoint, client, other, copy, compare, make_table):
    table, missing = make_table("pk:S"), make_table("pk:S")
    copy(table)
    status, lines = compare(endpoint, endpoint)
    assert status == 1
    assert f"- table {missing}" in lines
    assert not [line for line in lines if f" {table}" in line]
    status, lines = compare(f"{endpoint}/{missing}", endpoint)
    assert (status, lines) == (1, [f"- table {missing}"])


def test_what_cannot_be_compared_or_copied(endpoint, copy, compare, capsys, tmp_path):
    assert compare("missing", "missing") == (2, [])
    assert copy("missing") == 2
    assert "there is no table missing to copy" in capsys.readouterr().err
    (tmp_path / "state").write_text("x")
    assert copy("missing", "--state", tmp_path / "state") == 2
    for arguments in (["x.json"], ["--segments", "0"], ["--names", "["], ["--values", "[]"]):
        with pytest.raises(SystemExit) as ended:
            copy("missing", *arguments)
        assert ended.value.code == 2
