"""Answers requests for another service of AWS, such as sts, s3 or sqs.

A program sends such requests to this server if AWS_ENDPOINT_URL is set instead of
AWS_ENDPOINT_URL_DYNAMODB, because AWS_ENDPOINT_URL redirects all services. The answer is an error
that explains this. It has the format of the other service's errors, so that the SDK shows the text
to its user. The AWS protocols define these formats, and botocore/parsers.py reads all of them. The
first matching row decides:

| the request                                                     | the answer                                     |
|-----------------------------------------------------------------|------------------------------------------------|
| `smithy-protocol`, or `X-Amz-Target` with a CBOR content type   | the JSON error's members as a CBOR map         |
| `X-Amz-Target`                                                  | JSON with `__type`, in the same content type   |
| a form (body or query) with `Action`                            | XML: ErrorResponse; EC2 has its own structure  |
| any other, signed for s3                                        | XML: Error                                     |
| any other, signed for another service of REST and XML           | XML: ErrorResponse                             |
| any other, except a POST to `/`                                 | JSON; the header `x-amzn-errortype` has a code |

The credential scope names the service. If the scope is missing or names dynamodb, the prefix of
X-Amz-Target names it. A POST to `/` that matches no row is not for another service.
"""  # noqa: W505 - a table

import logging
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson

from emulator import errors
from emulator.errors import ApiError
from emulator.escaping import printable
from emulator.http.front import auth
from emulator.http.front.answers import Answer, Answers, Fields

log = logging.getLogger("emulator")

_OURS: Final = frozenset(("dynamodb",))  # our own services; clients of DynamoDB Streams also sign for dynamodb
_TARGETS: Final[Mapping[str, str]] = {
    "AWSEvents": "events",
    "AWSStepFunctions": "states",
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "AnyScaleFrontendService": "application-autoscaling",
    "CertificateManager": "acm",
    "Firehose_20150804": "firehose",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Kinesis_20131202": "kinesis",
    "Logs_20140328": "logs",
    "ResourceGroupsTaggingAPI_20170126": "tagging",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}
"""Prefix of X-Amz-Target (botocore's `targetPrefix`) -> service, for the most common services."""

_S3: Final = frozenset(("s3", "s3express", "s3-object-lambda", "s3-outposts"))
_REST_XML: Final = frozenset(("cloudfront", "route53"))
_EC2: Final = "ec2"

# The parameter Action is searched only in this many bytes at the beginning of a form. SDKs write
# the Action first.
_READ: Final = 1 << 13
_REFUSED: Final = 400
_NO_PATH: Final = 404
_CODE: Final = "UnknownOperationException"
_QUERY_CODE: Final = "InvalidAction"  # a common error of services with AWS's query protocol
_S3_CODE: Final = "InvalidRequest"


class Reply(NamedTuple):
    """An answer to a request for another service.

    service: the name of this service, such as `sqs`. head: header lines besides the content type.
    """

    service: str
    status: int
    content_type: bytes
    head: bytes
    body: bytes


def answer(answers: Answers, method: str, path: bytes, query: bytes, fields: Fields, body: bytes) -> Answer | None:
    """Answer and log a request for another service. Return None for any other request."""
    found = logged_reply(answers, method, path, query, fields, body)
    return None if found is None else answer_of(answers, found, fields)


def answer_of(answers: Answers, found: Reply, fields: Fields) -> Answer:
    """Turn a Reply into a complete HTTP answer, with the header lines that all our answers have."""
    return answers.make(found.status, found.body, fields).typed(found.content_type).with_lines(found.head)


def logged_reply(answers: Answers, method: str, path: bytes, query: bytes, fields: Fields, body: bytes) -> Reply | None:
    """Return the result of `reply`, after logging a request for another service."""
    found = reply(method, path, query, fields, body)
    if found is not None and answers.mistakes.allows(found.service):
        where = printable(path.decode("latin-1"))
        log.warning("%s %s: %s", method, where, errors.another_service(found.service).message)
    return found


def reply(method: str, path: bytes, query: bytes, fields: Fields, body: bytes) -> Reply | None:
    """Return the answer if the request is for another service, else None."""
    form = form_of(method, query, fields, body)
    service = _service(query, fields)
    # Some requests for other services are not signed, such as AssumeRoleWithWebIdentity of sts. So
    # an unsigned form with Action and Version counts too.
    if service is None and not {"Action", "Version"} <= form.keys():
        return None
    shown = printable(service or form["Action"], 40)
    error = errors.another_service(shown)
    content_type = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if b"smithy-protocol" in fields:
        return Reply(shown, _REFUSED, b"application/cbor", b"smithy-protocol: rpc-v2-cbor\r\n", _cbor(error))
    if b"x-amz-target" in fields and b"cbor" in content_type:
        return Reply(shown, _REFUSED, content_type, b"", _cbor(error))
    if b"x-amz-target" in fields:
        json = content_type if content_type.startswith(b"application/x-amz-json-1.") else b"application/x-amz-json-1.1"
        return Reply(shown, _REFUSED, json, b"", orjson.dumps(error.body()))
    if "Action" in form:
        return Reply(shown, _REFUSED, b"text/xml", b"", _ec2(error) if service == _EC2 else query_error(error))
    if service in _S3:
        return Reply(shown, _REFUSED, b"application/xml", b"", _s3(error))
    if service in _REST_XML:
        return Reply(shown, _NO_PATH, b"text/xml", b"", query_error(error))
    if path == b"/" and method == "POST":
        return None
    message = orjson.dumps({"message": error.message})
    return Reply(shown, _NO_PATH, b"application/json", b"x-amzn-errortype: %b\r\n" % _CODE.encode(), message)


def _service(query: bytes, fields: Fields) -> str | None:
    signed = auth.signed_for(fields, query)
    if signed is not None and signed not in _OURS:
        return signed
    return _TARGETS.get(fields.get(b"x-amz-target", b"").decode("latin-1").partition(".")[0])


def form_of(method: str, query: bytes, fields: Fields, body: bytes) -> dict[str, str]:
    """Return the parameters in the first 8 KiB of a request's form.

    Return {} if the request has no form in its body or query.
    """
    if method == "GET":
        text = query
    elif fields.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        text = body
    else:
        return {}
    return dict(parse_qsl(text[:_READ].decode("latin-1")))


def _cbor(error: ApiError) -> bytes:
    """Return the members of an error's JSON as CBOR (RFC 8949): a map of text to text."""
    members = error.body()
    return bytes((0xA0 + len(members),)) + b"".join(_cbor_text(text) for pair in members.items() for text in pair)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data


def query_error(error: ApiError, code: str = _QUERY_CODE) -> bytes:
    """Return the XML with which services of AWS's query protocol report an error."""
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{escape(error.message or '')}</Message></Error><RequestId/></ErrorResponse>\n"
    ).encode()


def _ec2(error: ApiError) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{_QUERY_CODE}</Code>"
        f"<Message>{escape(error.message or '')}</Message></Error></Errors><RequestID/></Response>\n"
    ).encode()


def _s3(error: ApiError) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{_S3_CODE}</Code>'
        f"<Message>{escape(error.message or '')}</Message></Error>\n"
    ).encode()
