"""The HTTP protocol (behaviour 1), with raw requests that no SDK would send."""

import gzip
import http.client
import json
import re
import socket
import zlib
from urllib.parse import urlsplit

import pytest

from tests.support.http_clients import AUTHORIZATION, Answer
from tests.support.tables import new_name

SIGNED = AUTHORIZATION.format(key="test", region="us-east-1")
CORAL = "com.amazon.coral.service#"
SERVICE = "com.amazonaws.dynamodb.v20120810#"
VALIDATE = "com.amazon.coral.validate#"
PAGE = b"<UnknownOperationException/>\n"
MIB16 = 16 * 1024 * 1024
NO_MESSAGE = {"__type": CORAL + "SerializationException"}
UNKNOWN = {"__type": CORAL + "UnknownOperationException"}


def fields(target="DynamoDB_20120810.ListTables", **changes):
    """Return the headers of a good request.

    A keyword such as x_amz_date replaces a header, and the value None removes it.
    """
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": target,
        "x-amz-date": "20260101T000000Z",
        "authorization": SIGNED,
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


@pytest.fixture
def connection(endpoint):
    parts = urlsplit(endpoint)
    opened = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    yield opened
    opened.close()


def exchange(connection, headers, body=b"{}", method="POST", path="/", **options):
    """Send one request and return the answer; check its checksum, length and request id."""
    connection.request(method, path, body, headers, **options)
    with connection.getresponse() as response:
        answer = Answer(response.status, response.headers, response.read())
    if method != "HEAD":
        assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
        assert answer.headers["content-length"] == str(len(answer.body))
    assert re.fullmatch("[0-9A-Z]{52}", answer.headers["x-amzn-requestid"])
    return answer


# --- answers --------------------------------------------------------------------------------------


def test_the_headers_of_an_answer(connection):
    answer = exchange(connection, fields())
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.headers["server"] == "Server"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["date"])
    again = exchange(connection, fields())
    assert again.headers["x-amzn-requestid"] != answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("target", "body", "status", "error"),
    [
        (
            "DescribeTable",
            {"TableName": "missing"},
            400,
            {
                "__type": SERVICE + "ResourceNotFoundException",
                "message": "Requested resource not found: Table: missing not found",
            },
        ),
        (
            "ListTables",
            {"Limit": 0},
            400,
            {
                "__type": VALIDATE + "ValidationException",
                "message": "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1",
            },
        ),
        (
            "DescribeTable",
            {"TableName": 1},
            400,
            {"__type": CORAL + "SerializationException", "Message": "NUMBER_VALUE cannot be converted to String"},
        ),
    ],
)
def test_the_shape_of_errors(connection, target, body, status, error):
    answer = exchange(connection, fields("DynamoDB_20120810." + target), json.dumps(body))
    assert (answer.status, answer.json) == (status, error)
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"


def test_the_answers_of_operations_without_output(client, post, make_table):
    name = make_table("pk:S")
    answer = post("PutItem", {"TableName": name, "Item": {"pk": {"S": "a"}}})
    assert (answer.status, answer.body) == (200, b"{}")
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    answer = post("TagResource", {"ResourceArn": arn, "Tags": [{"Key": "a", "Value": "b"}]})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["x-amz-crc32"] == "0"
    answer = post("UntagResource", {"ResourceArn": arn, "TagKeys": ["a"]})
    assert (answer.status, answer.body) == (200, b"")


# --- methods and content types --------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-amz-json-1.0",
        "application/x-amz-json-1.0; charset=utf-8",
        "application/x-amz-json-1.0;charset=UTF-8",
        "  application/x-amz-json-1.0  ",
        "application/json",
        "application/json; charset=utf-8",
    ],
)
def test_accepted_content_types(connection, content_type):
    assert exchange(connection, fields(content_type=content_type)).status == 200


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", " Application/JSON "])
def test_plain_json_is_answered_as_plain_json(connection, content_type):
    for body, status in ((b"{}", 200), (b"{", 400), (b'{"Limit":0}', 400), (b"", 400)):
        answer = exchange(connection, fields(content_type=content_type), body)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/json")


def is_the_404_page(answer):
    return (
        (answer.status, answer.body) == (404, PAGE)
        and answer.headers["x-amz-crc32"] == "3552371480"
        and answer.headers["content-length"] == "29"
    )


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-amz-json-1.1", "application/x-www-form-urlencoded"]
)
def test_refused_content_types(connection, content_type):
    assert is_the_404_page(exchange(connection, fields(content_type=content_type)))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods(connection, method):
    assert is_the_404_page(exchange(connection, fields(), method=method))
    assert is_the_404_page(exchange(connection, {}, b"", method=method))


def test_an_empty_body_needs_no_content_type(connection):
    answer = exchange(connection, fields(content_type=None), b"")
    assert (answer.status, answer.json) == (400, NO_MESSAGE)


def test_health(connection):
    host = "dynamodb.us-east-1.amazonaws.com"
    answer = exchange(connection, {"host": host}, b"", method="GET")
    assert (answer.status, answer.body) == (200, f"healthy: {host} ".encode())
    assert len(answer.body) == 42
    answer = exchange(connection, {}, b"", method="GET")
    assert answer.body == f"healthy: {connection.host}:{connection.port} ".encode()
    assert exchange(connection, fields(), b"", method="GET", path="/?a=b").body == answer.body


def test_head_is_the_health_check_without_a_body(connection):
    whole = exchange(connection, {}, b"", method="GET")
    answer = exchange(connection, {}, b"", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    for name in ("content-length", "content-type", "x-amz-crc32"):
        assert answer.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    "path", ["/abc", "/shell/", "//", "/_emulator", "/2015-03-31", "/%2F", "/.", "/favicon.ico?a=b"]
)
def test_unknown_paths(connection, path):
    for method, body in (("GET", b""), ("POST", b"{}"), ("PUT", b""), ("DELETE", b""), ("OPTIONS", b"")):
        for headers in ({}, fields()):
            assert is_the_404_page(exchange(connection, headers, body, method, path))
    assert exchange(connection, {}, b"", "HEAD", path).status == 404


EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"


def test_cross_origin_preflight(connection):
    asked = {
        "origin": "http://localhost:3000",
        "access-control-request-headers": "x-amz-target,content-type",
        "access-control-request-method": "POST",
    }
    answer = exchange(connection, asked, b"", method="OPTIONS")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "x-amz-target,content-type"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-max-age"] == "172800"
    answer = exchange(connection, {"origin": "null"}, b"", method="OPTIONS")
    assert answer.status == 200
    assert "access-control-allow-headers" not in answer.headers
    assert "access-control-allow-methods" not in answer.headers
    assert answer.headers["access-control-expose-headers"] == EXPOSED


@pytest.mark.parametrize(
    ("headers", "body", "method", "status"),
    [
        (fields(), b"{}", "POST", 200),
        (fields(), b"{", "POST", 400),
        (fields(content_type="text/plain"), b"{}", "POST", 404),
        ({}, b"", "GET", 200),
        (fields(content_encoding="br"), b"{}", "POST", 500),
        (fields(content_type="application/json"), b"{}", "POST", 200),
        (fields(content_encoding="gzip"), gzip.compress(bytes(MIB16 + 1), 1, mtime=0), "POST", 413),
        (fields(), b"x" * (MIB16 + 1), "POST", 413),
        (fields(), b"", "PUT", 404),
    ],
)
def test_every_answer_allows_the_origin_of_its_request(connection, headers, body, method, status):
    for origin, allowed, exposed in (({"origin": "http://a"}, "*", EXPOSED), ({}, None, None)):
        answer = exchange(connection, headers | origin, body, method)
        assert answer.status == status
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers.get("access-control-expose-headers") == exposed
        assert "access-control-max-age" not in answer.headers


# --- targets and bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "ListTables",
        "DynamoDB_20120810",
        "DynamoDB_20120810.",
        "DynamoDB_20120810.listTables",
        "DynamoDB_20120810.Nothing",
        "DynamoDB_20111205.ListTables",
        "dynamodb_20120810.ListTables",
        "DynamoDB_20120810.ListTables.More",
        "More.DynamoDB_20120810.ListTables",
        "DynamoDBStreams_20120810.ListTables",
        "DynamoDB_20120810.ListStreams",
    ],
)
def test_unknown_operations(connection, target):
    answer = exchange(connection, fields(x_amz_target=target))
    assert (answer.status, answer.json) == (400, UNKNOWN)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nothing", b'{"Limit":1', b"{} {}", b"'a'", b'{"a":"\xff"}', b"\xef\xbb\xbf{}", b'{"a":NaN}']
)
def test_bodies_that_are_not_json(connection, body):
    answer = exchange(connection, fields(), body)
    assert (answer.status, answer.json) == (400, NO_MESSAGE)


@pytest.mark.parametrize(
    "body",
    [
        {"Limit": None, "ExclusiveStartTableName": None},
        {"limit": 0, "LIMIT": "x", "Unknown": {"Limit": 0}},
        {"Limit": 1.99},
        {"Limit": 1e0},
        {"Limit": 100.7},
    ],
)
def test_null_unknown_members_and_decimals(connection, body):
    assert exchange(connection, fields(), json.dumps(body)).status == 200


ATTRIBUTE_VALUE = "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
OBJECT = "Start of structure or map found where not expected"
BASE64 = "only base-64-encoded strings are convertible to bytes"


def key(value):
    return {"TableName": "abc", "Key": {"pk": value}}


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("GetItem", {"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ("ListTables", {"Limit": False}, "FALSE_VALUE cannot be converted to Integer"),
        ("GetItem", {"TableName": 1}, "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", {"ConsistentRead": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ("GetItem", {"TableName": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ("ListTables", {"Limit": "1"}, "STRING_VALUE cannot be converted to Integer"),
        (
            "CreateTable",
            {"ProvisionedThroughput": {"ReadCapacityUnits": "1"}},
            "STRING_VALUE cannot be converted to Long",
        ),
        ("GetItem", {"ConsistentRead": "maybe"}, "Unexpected token received from parser"),
        ("GetItem", {"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ("GetItem", {"ConsistentRead": []}, "Unrecognized collection type class java.lang.Boolean"),
        ("GetItem", {"TableName": {}}, OBJECT),
        ("CreateTable", {"KeySchema": {}}, OBJECT),
        ("CreateTable", {"KeySchema": "x"}, "Unexpected field type"),
        ("GetItem", {"Key": "x"}, "Unexpected field type"),
        ("CreateTable", {"ProvisionedThroughput": 1}, "Unexpected field type"),
        ("CreateTable", {"KeySchema": ["x"]}, "Unexpected value type in payload"),
        ("GetItem", {"Key": {"a": "x"}}, "Unexpected value type in payload"),
        ("GetItem", {"Key": []}, f"Unrecognized collection type {ATTRIBUTE_VALUE}"),
        (
            "CreateTable",
            {"ProvisionedThroughput": []},
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput",
        ),
        ("GetItem", key({"B": True}), BASE64),
        ("GetItem", key({"B": 1}), BASE64),
        ("GetItem", key({"B": "abc"}), "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
        ("GetItem", key({"B": "abc="[::-1]}), None),
        ("GetItem", key({"B": "AB=="}), "Invalid last non-pad Base64 character dectected"),
        ("GetItem", key({"B": []}), "Unrecognized collection type class java.nio.ByteBuffer"),
    ],
)
def test_types_of_members(connection, operation, body, message):
    answer = exchange(connection, fields("DynamoDB_20120810." + operation), json.dumps(body))
    assert answer.status == 400
    assert answer.json["__type"] == CORAL + "SerializationException"
    if message is not None:
        assert answer.json == {"__type": CORAL + "SerializationException", "Message": message}


@pytest.mark.parametrize("written", ["true", "TRUE", "yes", "1", "false", "No", "0"])
def test_texts_that_are_booleans(connection, written):
    body = {"TableName": "missing", "Key": {"a": {"S": "a"}}, "ConsistentRead": written}
    answer = exchange(connection, fields("DynamoDB_20120810.GetItem"), json.dumps(body))
    assert answer.json["__type"] == SERVICE + "ResourceNotFoundException"


# --- the order of checks (behaviour 1.4) ----------------------------------------------------------

TWICE = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
CREDENTIAL = "Authorization header requires 'Credential' parameter. "
SIGNATURE = "Authorization header requires 'Signature' parameter. "
SIGNED_HEADERS = "Authorization header requires 'SignedHeaders' parameter. "
DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
NOT_SIGNED = {
    "__type": CORAL + "MissingAuthenticationTokenException",
    "message": "Request is missing Authentication Token",
}


def incomplete(message):
    return {"__type": CORAL + "IncompleteSignatureException", "message": message}


# name: (a change that breaks a good request, status, answer), in the order of the checks
CHECKS = {
    "preflight": ({"method": "OPTIONS", "origin": "a"}, 200, b""),
    "method": ({"method": "PUT"}, 404, PAGE),
    "content type": ({"content-type": "text/plain"}, 404, PAGE),
    "json": ({"body": b"{"}, 400, NO_MESSAGE),
    "target": ({"x-amz-target": "DynamoDB_20120810.Nothing"}, 400, UNKNOWN),
    "signed twice": (
        {"query": "/?X-Amz-Algorithm=AWS4-HMAC-SHA256"},
        400,
        {"__type": CORAL + "InvalidSignatureException", "message": TWICE},
    ),
    "not signed": ({"authorization": None}, 400, NOT_SIGNED),
    "incomplete": (
        {"authorization": "AWS4-HMAC-SHA256 Credential=a"},
        400,
        incomplete(SIGNATURE + SIGNED_HEADERS + "Authorization=AWS4-HMAC-SHA256 Credential=a"),
    ),
    "empty": ({"body": b""}, 400, NO_MESSAGE),
    "type": (
        {"body": b'{"TableName":1}'},
        400,
        {"__type": CORAL + "SerializationException", "Message": "NUMBER_VALUE cannot be converted to String"},
    ),
    "constraint": (
        {"body": b"{}"},
        400,
        {
            "__type": VALIDATE + "ValidationException",
            "message": "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: "
            "Member must not be null",
        },
    ),
}
NAMES = list(CHECKS)
# The test leaves out pairs of these: a request that has a signature only in its query is signed,
# and signed once.
AUTHENTICATION = {"signed twice", "not signed", "incomplete"}


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("second", NAMES)
def test_the_order_of_checks(connection, first, second):
    if NAMES.index(first) > NAMES.index(second):
        return
    (one, status, wanted), (two, _, _) = CHECKS[first], CHECKS[second]
    if first != second and (not one.keys().isdisjoint(two) or {first, second} <= AUTHENTICATION):
        return
    if second == "empty" and first == "content type":
        return  # an empty body needs no content type
    request = {
        "method": "POST",
        "query": "/",
        "body": b'{"TableName":"missing"}',
        **fields("DynamoDB_20120810.DescribeTable"),
        **two,
        **one,
    }
    method, path, body = (request.pop(name) for name in ("method", "query", "body"))
    headers = {name: value for name, value in request.items() if value is not None}
    answer = exchange(connection, headers, body, method, path)
    assert answer.status == status
    assert (answer.body if isinstance(wanted, bytes) else answer.json) == wanted


# --- credentials ----------------------------------------------------------------------------------

START = "AWS4-HMAC-SHA256 "
SCOPE = "Credential=test/20260101/us-east-1/dynamodb/aws4_request"


@pytest.mark.parametrize(
    ("authorization", "dated", "error"),
    [
        (None, True, NOT_SIGNED),
        ("", True, NOT_SIGNED),
        ("Basic YTpi", True, NOT_SIGNED),
        (f"AWS3 {SCOPE}, SignedHeaders=host, Signature=a", True, NOT_SIGNED),
        (
            "AWS4-",
            True,
            incomplete(CREDENTIAL + SIGNATURE + SIGNED_HEADERS + "Authorization=AWS4-"),
        ),
        (
            "AWS4- Signature=b Credential=a",
            True,
            incomplete(SIGNED_HEADERS + "Authorization=AWS4- Signature=b Credential=a"),
        ),
        (
            f"{START}{SCOPE} ,  Signature=a",
            True,
            incomplete(SIGNED_HEADERS + f"Authorization={START}{SCOPE} ,  Signature=a"),
        ),
        (
            f"{START}SignedHeaders=host",
            False,
            incomplete(CREDENTIAL + SIGNATURE + DATE + f"Authorization={START}SignedHeaders=host"),
        ),
        (
            f"{START}{SCOPE}, SignedHeaders=host",
            True,
            incomplete(SIGNATURE + f"Authorization={START}{SCOPE}, SignedHeaders=host"),
        ),
        (
            f"{START}{SCOPE}, Signature=a",
            True,
            incomplete(SIGNED_HEADERS + f"Authorization={START}{SCOPE}, Signature=a"),
        ),
        (
            f"{START}{SCOPE}, SignedHeaders=host, Signature=",
            True,
            incomplete(SIGNATURE + f"Authorization={START}{SCOPE}, SignedHeaders=host, Signature="),
        ),
        (
            f"{START}{SCOPE}, SignedHeaders=host, Signature=a",
            False,
            incomplete(DATE + f"Authorization={START}{SCOPE}, SignedHeaders=host, Signature=a"),
        ),
    ],
)
def test_credentials_in_the_header(connection, authorization, dated, error):
    # Send good credentials first: the server remembers them, and must still refuse the bad ones.
    good = fields(authorization=f"{START}{SCOPE}, SignedHeaders=host, Signature=a")
    assert exchange(connection, good).status == 200
    bad = fields(authorization=authorization, x_amz_date="20260101T000000Z" if dated else None)
    answer = exchange(connection, bad)
    assert (answer.status, answer.json) == (400, error)


def test_a_date_header_will_do(connection):
    headers = fields(x_amz_date=None, date="Thu, 01 Jan 2026 00:00:00 GMT")
    assert exchange(connection, headers).status == 200


@pytest.mark.parametrize("between", [",", ", ", " ", "  ", " , ", "\t", ",,"])
def test_separators_of_the_parts_of_the_header(connection, between):
    parts = between.join((SCOPE, "SignedHeaders=host", "Signature=a"))
    assert exchange(connection, fields(authorization=START + parts)).status == 200


def test_two_credentials_in_one_header_are_not_remembered(connection, post):
    mine, other = (SCOPE.replace("test", new_name("key")) for _ in range(2))
    signed = {"Authorization": f"{START}{other}, SignedHeaders=host, Signature=a"}
    name = new_name()
    key = [{"AttributeName": "pk", "KeyType": "HASH"}], [{"AttributeName": "pk", "AttributeType": "S"}]
    table = {"TableName": name, "KeySchema": key[0], "AttributeDefinitions": key[1], "BillingMode": "PAY_PER_REQUEST"}
    assert post("CreateTable", table, signed).status == 200
    for odd in (f"{mine}, SignedHeaders=host {other}, Signature=a", f"{mine} {other}, SignedHeaders=host, Signature=a"):
        assert exchange(connection, fields(authorization=START + odd)).json == {"TableNames": [name]}
    mine = fields(authorization=f"{START}{mine}, SignedHeaders=host, Signature=a")
    assert exchange(connection, mine).json == {"TableNames": []}
    assert post("DeleteTable", {"TableName": name}, signed).status == 200


QUERY = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "test/20260101/us-east-1/dynamodb/aws4_request",
    "X-Amz-Signature": "a",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Date": "20260101T000000Z",
}


def presigned(without=()):
    return "/?" + "&".join(f"{name}={value}" for name, value in QUERY.items() if name not in without)


def test_credentials_in_the_query(connection):
    headers = fields(authorization=None, x_amz_date=None)
    assert exchange(connection, headers, path=presigned()).status == 200
    for without in (["X-Amz-Credential"], ["X-Amz-Signature", "X-Amz-Date"], list(QUERY)[1:]):
        answer = exchange(connection, headers, path=presigned(without))
        texts = "".join(f"AWS query-string parameters must include '{name}'. " for name in without)
        assert (answer.status, answer.json) == (
            400,
            incomplete(texts + "Re-examine the query-string parameters."),
        )
    assert exchange(connection, headers, path="/?X-Amz-Credential=a").json == NOT_SIGNED
    assert exchange(connection, headers, path="/?XX-X-Amz-Algorithm=a").json == NOT_SIGNED


@pytest.mark.parametrize("query", ["X-Amz-Algorithm", "X-Amz-Algorithm=", "a=b&X-Amz-Algorithm", "X-Amz-Algorithm&a"])
def test_an_algorithm_without_a_value_is_an_algorithm(connection, query):
    twice = exchange(connection, fields(), path="/?" + query)
    assert (twice.status, twice.json["message"]) == (400, TWICE)
    alone = exchange(connection, fields(authorization=None), path="/?" + query)
    reported = "".join(f"AWS query-string parameters must include '{name}'. " for name in QUERY)
    assert alone.json == incomplete(reported + "Re-examine the query-string parameters.")


def test_a_query_member_with_another_name_is_not_an_algorithm(connection):
    assert exchange(connection, fields(), path="/?XX-X-Amz-Algorithm=a&x-amz-algorithm=a").status == 200


# --- content codings ------------------------------------------------------------------------------

BODY = json.dumps({"Limit": 3, "padding": "x" * 3000}).encode()
CODED = {
    "gzip": gzip.compress(BODY, mtime=0),
    "GZIP": gzip.compress(BODY, mtime=0),
    "deflate": zlib.compress(BODY),
    "identity": BODY,
}


@pytest.mark.parametrize("coding", CODED)
def test_compressed_requests(connection, coding):
    answer = exchange(connection, fields(content_encoding=coding), CODED[coding])
    assert answer.status == 200
    answer = exchange(connection, fields(content_encoding=coding), b"")
    if coding == "identity":
        assert (answer.status, answer.json) == (400, NO_MESSAGE)
    else:  # an empty body is not a gzip file (behaviour 1.1)
        assert (answer.status, answer.json["__type"]) == (500, SERVICE + "InternalServerError")


def test_gzip_of_several_members(connection):
    body = b"".join(gzip.compress(part, mtime=0) for part in (BODY[:7], BODY[7:1000], BODY[1000:]))
    assert exchange(connection, fields(content_encoding="gzip"), body).status == 200


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", BODY),
        ("zip", BODY),
        ("gzip", BODY),
        ("gzip", CODED["gzip"][:-1]),
        ("gzip", CODED["gzip"][: len(CODED["gzip"]) // 2]),
        ("gzip", CODED["gzip"][:-8] + bytes(8)),
        ("gzip", CODED["gzip"] + b"more"),
        ("deflate", b"\x78\x9c not deflate"),
        ("deflate", CODED["deflate"][:-4]),
    ],
)
def test_broken_codings(connection, coding, body):
    answer = exchange(connection, fields(content_encoding=coding), body)
    assert answer.status == 500
    assert answer.json["__type"] == SERVICE + "InternalServerError"


def test_a_body_that_is_too_large_when_decompressed(connection):
    body = gzip.compress(b'{"a":"' + b"x" * MIB16 + b'"}', 1, mtime=0)
    assert exchange(connection, fields(content_encoding="gzip"), body).status == 413


@pytest.fixture(scope="module")
def stored(client, shared_table):
    """stored(length) puts an item whose GetItem answer has this length; it returns that request."""

    def put(length):
        item = {"pk": {"S": new_name()}, "sk": {"S": "s"}}
        frame = len(json.dumps({"Item": {**item, "data": {"S": ""}}}, separators=(",", ":")))
        client.put_item(TableName=shared_table, Item={**item, "data": {"S": "x" * (length - frame)}})
        return json.dumps({"TableName": shared_table, "Key": item})

    return put


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, None),
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("identity", None),
        ("br", None),
        ("br, deflate", "deflate"),
        ("gzip;q=0", None),
        ("gzip;q=0.1, deflate;q=0.2", "deflate"),
        ("deflate; q=0.5 , gzip ; q=0.9", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("*, deflate", "deflate"),
        ("*, gzip;q=0.5", "deflate"),
        ("gzip;nq=0;q=1", None),
        ("gzip;q=31,deflate;q=51", "gzip"),
    ],
)
def test_compressed_answers(connection, stored, accept, coding):
    headers = fields("DynamoDB_20120810.GetItem", accept_encoding=accept)
    answer = exchange(connection, headers, stored(9000))
    assert answer.status == 200
    assert answer.headers.get("content-encoding") == coding
    plain = {None: bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}[coding](answer.body)
    assert len(plain) == 9000
    assert json.loads(plain)["Item"]["sk"] == {"S": "s"}


def test_answers_up_to_four_kilobytes_are_never_compressed(connection, stored):
    headers = fields("DynamoDB_20120810.GetItem", accept_encoding="gzip")
    answer = exchange(connection, headers, stored(4096))
    assert (len(answer.body), answer.headers.get("content-encoding")) == (4096, None)
    answer = exchange(connection, headers, stored(4097))
    assert answer.headers.get("content-encoding") == "gzip"
    assert len(gzip.decompress(answer.body)) == 4097


# --- sizes ----------------------------------------------------------------------------------------


def padded(size):
    return b'{"Limit":1,"padding":"' + b"x" * (size - 24) + b'"}'


def test_a_body_of_sixteen_megabytes(connection):
    assert len(padded(MIB16)) == MIB16
    assert exchange(connection, fields(), padded(MIB16)).status == 200


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_above_sixteen_megabytes(connection, chunked):
    body = padded(MIB16 + 1)
    if chunked:
        pieces = (body[start : start + (1 << 20)] for start in range(0, len(body), 1 << 20))
        headers = fields(transfer_encoding="chunked")
        answer = exchange(connection, headers, pieces, encode_chunked=True)
    else:
        answer = exchange(connection, fields(), body)
    assert answer.status == 413
    assert (
        exchange(connection, fields()).status == 200
    )  # on the same connection, or on a new one if the server closed it


def test_large_headers(connection):
    assert exchange(connection, fields(x_more="x" * 15_000)).status == 200
    assert exchange(connection, fields(x_more="x" * 16_384)).status == 400
    many = {f"x-{number}": "x" * 170 for number in range(80)}
    assert exchange(connection, fields() | many).status == 200
    many = {f"x-{number}": "x" * 200 for number in range(80)}
    assert exchange(connection, fields() | many).status == 400


def test_a_long_request_line(connection):
    assert exchange(connection, fields(), path="/?x=" + "x" * 16_000).status == 200
    assert exchange(connection, fields(), path="/?x=" + "x" * 16_384).status == 400


# --- the connection -------------------------------------------------------------------------------


def wire(body=b"{}", version="1.1", method="POST", **changes):
    """Return the bytes of an HTTP request."""
    headers = fields(**{"host": "localhost", "content_length": str(len(body)), **changes})
    lines = [f"{method} / HTTP/{version}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def line(endpoint):
    """A socket that is connected to the server, and a file object that reads from it."""
    parts = urlsplit(endpoint)
    with socket.create_connection((parts.hostname, parts.port), 20) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with opened.makefile("rb") as reader:
            yield opened, reader


def read_answer(reader):
    """Read one answer, or return None if the connection has ended."""
    status = reader.readline()
    if not status:
        return None
    headers = http.client.parse_headers(reader)
    return Answer(int(status.split()[1]), headers, reader.read(int(headers["content-length"])))


def test_a_connection_is_kept(connection):
    exchange(connection, fields())
    kept = connection.sock
    assert kept is not None
    exchange(connection, fields(), b"{")
    exchange(connection, fields(content_type="text/plain"))
    assert connection.sock is kept


def test_pipelined_requests_are_answered_in_order(line):
    opened, reader = line
    bodies = [b'{"Limit":0}', b"{}", b'{"Limit":101}', b"{", b'{"Limit":-5}'] * 8
    opened.sendall(b"".join(map(wire, bodies)))
    for body in bodies:
        answer = read_answer(reader)
        assert zlib.crc32(answer.body) == int(answer.headers["x-amz-crc32"])
        if body == b"{":
            assert answer.json == NO_MESSAGE
        elif body == b"{}":
            assert answer.status == 200
        else:
            assert f"Value '{json.loads(body)['Limit']}' at 'limit'" in answer.json["message"]


def test_a_request_in_pieces(line):
    opened, reader = line
    data = wire(b'{"Limit":0}')
    for start in range(0, len(data), 7):
        opened.sendall(data[start : start + 7])
    assert "Value '0' at 'limit'" in read_answer(reader).json["message"]


def test_chunked_bodies(line):
    opened, reader = line
    head = wire(b"", content_length=None, transfer_encoding="chunked")
    opened.sendall(head + b'3\r\n{"L\r\n1;extension=1\r\ni\r\n7\r\nmit":0}\r\n0\r\n\r\n' + wire())
    assert "Value '0' at 'limit'" in read_answer(reader).json["message"]
    assert read_answer(reader).status == 200


def test_expect_100_continue(line):
    opened, reader = line
    data = wire(b'{"Limit":0}', expect="100-continue")
    head, body = data.split(b"\r\n\r\n", 1)
    opened.sendall(head + b"\r\n\r\n")
    assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    assert reader.readline() == b"\r\n"
    opened.sendall(body)
    assert read_answer(reader).status == 400


@pytest.mark.parametrize("request_", [wire(version="1.0"), wire(connection="close")])
def test_connections_that_end(line, request_):
    opened, reader = line
    opened.sendall(request_)
    answer = read_answer(reader)
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert read_answer(reader) is None


@pytest.mark.parametrize("second", ["localhost", "evil.example.com", ""])
def test_two_hosts(line, second):
    opened, reader = line
    opened.sendall(wire().replace(b"\r\n\r\n", f"\r\nHOST: {second}\r\n\r\n".encode()))
    answer = read_answer(reader)
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert read_answer(reader) is None


def test_bytes_that_are_not_http(line):
    opened, reader = line
    opened.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not TLS here\r\n\r\n")
    assert read_answer(reader).status == 400
    assert read_answer(reader) is None


@pytest.mark.own_connection  # uvicorn does not send this header
def test_answers_say_that_the_connection_is_kept(client):
    assert client.list_tables()["ResponseMetadata"]["HTTPHeaders"]["connection"] == "keep-alive"


@pytest.mark.own_connection  # uvicorn reads nothing more after an offer to upgrade
def test_an_offer_to_upgrade_is_ignored(line):
    opened, reader = line
    upgrade = wire(connection="Upgrade, HTTP2-Settings", upgrade="h2c", http2_settings="AAMAAABkAAQAAP__")
    opened.sendall(upgrade)
    assert read_answer(reader).status == 200
    opened.sendall(wire(b'{"Limit":0}'))
    assert read_answer(reader).status == 400


def test_of_two_accept_encoding_headers_the_first_counts(line, stored):
    opened, reader = line
    body = stored(9000).encode()
    head, body = wire(body, target="DynamoDB_20120810.GetItem").split(b"\r\n\r\n", 1)
    for first, second, coding in ((b"identity", b"gzip", None), (b"gzip", b"identity", "gzip")):
        lines = b"\r\naccept-encoding: " + first + b"\r\naccept-encoding: " + second + b"\r\n\r\n"
        opened.sendall(head + lines + body)
        assert read_answer(reader).headers.get("content-encoding") == coding
