"""STS GetCallerIdentity on the port of DynamoDB (control-plane 18.1), and account endpoints."""

import urllib.error
import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.http_clients import boto_options


@pytest.mark.parametrize(
    ("access_key", "account"), [("test", "123456789012"), ("111122223333", "111122223333"), ("AKIA<&>", "123456789012")]
)
def test_the_account_of_an_access_key(endpoint, access_key, account):
    sts = boto3.client("sts", **boto_options(endpoint) | {"aws_access_key_id": access_key})
    found = sts.get_caller_identity()
    assert (found["Account"], found["UserId"], found["Arn"]) == (account, account, f"arn:aws:iam::{account}:root")


def test_a_call_without_credentials(endpoint):
    options = boto_options(endpoint) | {"config": Config(signature_version=UNSIGNED, retries={"max_attempts": 0})}
    with pytest.raises(ClientError) as caught:
        boto3.client("sts", **options).get_caller_identity()
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "MissingAuthenticationToken",
        "Message": "Request is missing Authentication Token",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_call_by_get(endpoint):
    credential = "Credential=111122223333/20260101/eu-west-1/sts/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=a",
        "X-Amz-Date": "20260101T000000Z",
    }
    request = urllib.request.Request(f"{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15", headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["content-type"] == "text/xml"
        assert b"<Account>111122223333</Account>" in answer.read()


HOSTS = (
    "dynamodb.eu-west-1.amazonaws.com",
    "123456789012.ddb.eu-west-1.amazonaws.com",
    "search-dynamodb.eu-west-1.amazonaws.com",
    "123456789012.search-ddb.eu-west-1.amazonaws.com",
    "streams.dynamodb.eu-west-1.amazonaws.com",
    "123456789012.streams-ddb.eu-west-1.amazonaws.com",
)


@pytest.mark.parametrize("host", HOSTS)
def test_any_host_of_the_service_may_name_the_server(post, host):
    """The server takes region and account from the signature, not the host (control-plane 17)."""
    assert post("ListTables", {"Limit": 1}, {"Host": host}).status == 200


@pytest.mark.parametrize("mode", ["disabled", "preferred", "required"])
def test_a_configured_endpoint_wins_over_account_endpoints(endpoint, mode):
    options = boto_options(endpoint)
    config = options["config"].merge(Config(account_id_endpoint_mode=mode))
    assert "TableNames" in boto3.client("dynamodb", **options | {"config": config}).list_tables(Limit=1)
