"""A request for another service gets an error that explains the mistake.

Such requests arrive if AWS_ENDPOINT_URL is set: it redirects the requests of all services.
"""

import json
import urllib.error
import urllib.request
from functools import cache

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.http_clients import boto_options

SPEAKS = (
    "This server speaks DynamoDB, DynamoDB Streams, its Application Auto Scaling, GetCallerIdentity of STS and the event "
    "source mappings of Lambda only, not "
)
REDIRECTED = "set AWS_ENDPOINT_URL_DYNAMODB instead"
REST_OF_LAMBDA = "Use a client with another endpoint for Lambda's other operations."


@cache
def client_of(service, url):
    return boto3.client(service, **boto_options(url))


@pytest.mark.parametrize(
    ("service", "call", "request_", "shown"),
    [
        ("sts", "assume_role", {"RoleArn": "a" * 20, "RoleSessionName": "name"}, "sts"),
        ("iam", "list_roles", {}, "iam"),
        ("ec2", "describe_instances", {}, "ec2"),
        ("s3", "list_buckets", {}, "s3"),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "a/b"}, "s3"),
        ("s3", "put_object", {"Bucket": "bucket", "Key": "key", "Body": b"x" * 100}, "s3"),
        ("s3", "create_bucket", {"Bucket": "bucket"}, "s3"),
        ("s3", "delete_objects", {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "a"}]}}, "s3"),
        ("route53", "list_hosted_zones", {}, "route53"),
        ("sqs", "list_queues", {}, "sqs"),
        ("kinesis", "list_streams", {}, "kinesis"),
        ("logs", "describe_log_groups", {}, "logs"),
        ("cloudwatch", "list_metrics", {}, "monitoring"),
        ("apigateway", "get_rest_apis", {}, "apigateway"),
        ("lambda", "list_functions", {}, "GET /2015-03-31/functions"),
        ("lambda", "invoke", {"FunctionName": "f", "Payload": b"{}"}, "POST /2015-03-31/functions/f/invocations"),
        ("lambda", "list_layers", {}, "other operations of Lambda"),
    ],
)
def test_the_sdk_shows_the_mistake(endpoint, service, call, request_, shown):
    with pytest.raises(ClientError) as caught:
        getattr(client_of(service, endpoint), call)(**request_)
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert error["Message"].startswith(SPEAKS + shown)
    assert (REST_OF_LAMBDA if service == "lambda" else REDIRECTED) in error["Message"]
    assert error["Code"] in ("UnknownOperationException", "InvalidAction", "InvalidRequest")
    assert metadata["HTTPStatusCode"] in (400, 404)
    assert metadata["RetryAttempts"] == 0


def test_an_unsigned_call(endpoint):
    options = boto_options(endpoint) | {"config": Config(signature_version=UNSIGNED, retries={"max_attempts": 0})}
    sts = boto3.client("sts", **options)
    with pytest.raises(ClientError) as caught:
        sts.assume_role_with_web_identity(RoleArn="a" * 20, RoleSessionName="name", WebIdentityToken="token")
    assert caught.value.response["Error"]["Message"].startswith(SPEAKS + "AssumeRoleWithWebIdentity")


def test_a_head_request_of_s3_does_not_look_like_a_missing_object(endpoint):
    with pytest.raises(ClientError) as caught:
        client_of("s3", endpoint).head_object(Bucket="bucket", Key="key")
    assert caught.value.response["Error"]["Code"] == "400"


def send(url, headers, body=None, method="POST"):
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def signed(service, **more):
    scope = f"AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=a"
    return {"Authorization": scope, "X-Amz-Date": "20260101T000000Z", **more}


@pytest.mark.parametrize(
    ("path", "headers", "body", "content_type", "start"),
    [
        # X-Amz-Target belongs to another service. The service in the signature does not matter.
        (
            "/",
            signed(
                "dynamodb", **{"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}
            ),
            b"{}",
            "application/x-amz-json-1.0",
            b'{"__type":"UnknownOperationException","message":"This server speaks',
        ),
        (
            "/",
            signed("kms", **{"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}),
            b"no JSON",
            "application/x-amz-json-1.1",
            b'{"__type":"UnknownOperationException","message":"This server speaks',
        ),
        # The SDK for Java sends CBOR to Kinesis, so the answer is CBOR.
        (
            "/",
            signed("kinesis", **{"X-Amz-Target": "Kinesis_20131202.X", "Content-Type": "application/x-amz-cbor-1.1"}),
            b"\xa0",
            "application/x-amz-cbor-1.1",
            b"\xa2\x79\x00\x06__type\x79\x00\x19UnknownOperationException\x79\x00\x07message\x79",
        ),
        # Services whose clients send parameters in the query, and requests with presigned URLs.
        (
            "/?Action=ListTopics&Version=2010-03-31",
            signed("sns"),
            None,
            "text/xml",
            b"<ErrorResponse><Error><Type>Sender",
        ),
        (
            "/?Action=GetSessionToken&Version=1&X-Amz-Credential=k%2F20260101%2Fus-east-1%2Fsts%2Faws4_request",
            {},
            None,
            "text/xml",
            b"<ErrorResponse><Error><Type>Sender",
        ),
        (
            "/bucket?X-Amz-Credential=k/20260101/us-east-1/s3/aws4_request",
            {},
            None,
            "application/xml",
            b"<?xml version",
        ),
        # The answer quotes the service of the credential. It stays well-formed JSON or XML.
        ("/", signed("<&>"), None, "application/json", b'{"message":"This server speaks'),
        (
            "/?Action=a&Version=1&X-Amz-Credential=k/1/r/%3C%26%01%C3%A9/aws4_request",
            {},
            None,
            "text/xml",
            b"<ErrorResponse><Error><Type>Sender",
        ),
    ],
)
def test_the_forms_of_the_answers(endpoint, path, headers, body, content_type, start):
    status, found, answer = send(endpoint + path, headers, body, "POST" if body is not None else "GET")
    assert status in (400, 404)
    assert found["content-type"] == content_type
    assert answer.startswith(start)
    assert b"<&" not in answer or content_type == "application/json"
    assert b"\x01" not in answer or b"cbor" in content_type.encode()


@pytest.mark.parametrize(
    ("headers", "body", "method", "status"),
    [
        (signed("dynamodb"), None, "GET", 200),
        (signed("sts"), b"{}", "POST", 400),
        (signed("sts", **{"Content-Type": "text/plain"}), b"{}", "POST", 404),
        (signed("other", **{"X-Amz-Target": "DynamoDB_20120810.ListTables"}), b"{}", "POST", 200),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=submit", "POST", 404),
    ],
)
def test_requests_that_only_look_like_another_service(endpoint, headers, body, method, status):
    found, _, answer = send(endpoint, {"Content-Type": "application/x-amz-json-1.0", **headers}, body, method)
    assert found == status
    assert b"This server speaks" not in answer


def test_web_pages_can_read_the_error(endpoint):
    _, headers, answer = send(endpoint, signed("sqs", **{"Origin": "http://a", "X-Amz-Target": "AmazonSQS.X"}), b"{}")
    assert headers["access-control-allow-origin"] == "*"
    assert json.loads(answer)["message"].startswith(SPEAKS)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_localstack/health", 200),
        ("HEAD", "/_localstack/health", 200),
        ("POST", "/_localstack/health", 404),
        ("GET", "/_localstack/info", 404),
        ("GET", "/_localstack", 404),
    ],
)
def test_scripts_that_wait_for_localstack(endpoint, method, path, status):
    request = urllib.request.Request(endpoint + path, b"{}" if method == "POST" else None, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            found, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        found, text = error.code, b""
    assert found == status
    if (method, status) == ("GET", 200):
        assert json.loads(text)["services"] == {"dynamodb": "running", "dynamodbstreams": "running"}
