"""`AwsEndpoint`, through which commands call AWS. Here it calls our own server."""

import pytest

from emulator.client.endpoint import Refused, Unreachable
from emulator.transfer.aws import AwsEndpoint
from tests.support.servers import free_port


@pytest.fixture
def credentials(monkeypatch, tmp_path):
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_CONFIG_FILE", str(tmp_path / "config")),
        ("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials")),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def test_requests_are_answered_as_they_are_on_the_wire(credentials, endpoint, client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key | {"b": {"B": b"\x00\x01"}})
    server = AwsEndpoint("us-east-1", None, endpoint)
    answer = server.call("GetItem", {"TableName": shared_table, "Key": key})
    assert answer["Item"]["b"] == {"B": "AAE="}
    with pytest.raises(Refused) as refused:
        server.call("DescribeTable", {"TableName": "missing"})
    assert refused.value.code == "ResourceNotFoundException"
    server.close()


def test_aws_is_aws_whatever_the_variables_say(credentials, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000")
    assert AwsEndpoint("eu-west-1", None)._url == "https://dynamodb.eu-west-1.amazonaws.com"


def test_no_credentials_and_no_profile(credentials, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Unreachable, match="there are no AWS credentials"):
        AwsEndpoint("us-east-1", None)
    with pytest.raises(Unreachable, match=r"The config profile \(nobody\) could not be found"):
        AwsEndpoint("us-east-1", "nobody")


def test_no_answer(credentials):
    with pytest.raises(Unreachable, match="AWS does not answer"):
        AwsEndpoint("us-east-1", None, f"http://127.0.0.1:{free_port()}").call("ListTables", {})
