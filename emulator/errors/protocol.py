"""Errors of the protocol (behaviour 1).

The subjects are JSON types, authentication, unknown operations, and failures of the server.
"""

from collections.abc import Iterable
from typing import Final

from emulator.errors.base import CORAL, ApiError


def not_json() -> ApiError:
    """Return the error for a body that is not JSON. The error has no message."""
    return _serialization(None)


def _serialization(message: str | None) -> ApiError:
    return ApiError("SerializationException", message, namespace=CORAL, message_member="Message")


def wrong_token(token: str, expected: str) -> ApiError:
    """Return the error for a scalar of a wrong JSON type (behaviour 1.6).

    token: the kind of the scalar in the request: TRUE, FALSE, NUMBER, DECIMAL or STRING.
    expected: the name of the expected Java type, without its package.
    """
    return _serialization(f"{token}_VALUE cannot be converted to {expected}")


def wrong_collection(java_type: str) -> ApiError:
    """Return the error for a JSON array where the model has no list.

    java_type: the type in the model, for example "class java.lang.String".
    """
    return _serialization(f"Unrecognized collection type {java_type}")


def structure_not_expected() -> ApiError:
    """Return the error for a JSON object where the model has a scalar or a list."""
    return _serialization("Start of structure or map found where not expected")


def scalar_as_field() -> ApiError:
    """Return the error for a scalar in a member that must be a structure, list or map."""
    return _serialization("Unexpected field type")


def scalar_as_member() -> ApiError:
    """Return the error for a scalar in a list or map whose values must not be scalars."""
    return _serialization("Unexpected value type in payload")


def not_a_boolean() -> ApiError:
    return _serialization("Unexpected token received from parser")


def not_base64() -> ApiError:
    """Return the error for a JSON boolean or number where the model has a binary."""
    return _serialization("only base-64-encoded strings are convertible to bytes")


def base64_length(length: int) -> ApiError:
    return _serialization(f"Base64 encoded length is expected a multiple of 4 bytes but found: {length}")


def base64_tail() -> ApiError:
    return _serialization("Invalid last non-pad Base64 character dectected")  # sic: "dectected"


def unknown_operation() -> ApiError:
    return ApiError("UnknownOperationException", None, namespace=CORAL)


def not_implemented(operation: str) -> ApiError:
    """Return our own error for an operation that this emulator does not support yet."""
    return ApiError(
        "UnknownOperationException",
        f"{operation} is an operation of DynamoDB that this emulator does not implement yet (see the README's table)",
        namespace=CORAL,
    )


SPEAKS: Final = (
    "This server speaks DynamoDB, DynamoDB Streams, its Application Auto Scaling, GetCallerIdentity of STS and the event "
    "source mappings of Lambda only"
)
REDIRECTED: Final = (
    "If AWS_ENDPOINT_URL is set to this server, set AWS_ENDPOINT_URL_DYNAMODB instead "
    "(and AWS_ENDPOINT_URL_DYNAMODB_STREAMS, AWS_ENDPOINT_URL_LAMBDA), so that other services keep their own endpoints."
)
REST_OF_LAMBDA: Final = "Use a client with another endpoint for Lambda's other operations."


def another_service(name: str) -> ApiError:
    """Return our own error for a request for another service of AWS."""
    text = f"other operations of Lambda. {REST_OF_LAMBDA}" if name == "lambda" else f"{name}. {REDIRECTED}"
    return ApiError("UnknownOperationException", f"{SPEAKS}, not {text}", namespace="")


def signed_twice() -> ApiError:
    text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    return ApiError("InvalidSignatureException", text, namespace=CORAL)


def missing_authentication_token() -> ApiError:
    text = "Request is missing Authentication Token"
    return ApiError("MissingAuthenticationTokenException", text, namespace=CORAL)


def incomplete_authorization(missing: Iterable[str], value: str, *, dated: bool) -> ApiError:
    """Return the error for an Authorization header that lacks required parts.

    missing: the names of the absent parts.
    value: the header's value.
    dated: True if the request has an X-Amz-Date or Date header.
    """
    texts = [f"Authorization header requires '{part}' parameter. " for part in missing]
    if not dated:
        texts.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    return _incomplete_signature(f"{''.join(texts)}Authorization={value}")


def incomplete_query_authorization(missing: Iterable[str]) -> ApiError:
    texts = [f"AWS query-string parameters must include '{part}'. " for part in missing]
    return _incomplete_signature(f"{''.join(texts)}Re-examine the query-string parameters.")


def _incomplete_signature(message: str) -> ApiError:
    return ApiError("IncompleteSignatureException", message, namespace=CORAL)


def access_denied() -> ApiError:
    return _access_denied("Access is denied")


def _access_denied(message: str) -> ApiError:
    return ApiError("AccessDeniedException", message, namespace=CORAL)


def not_authorized(account: str, resource: str) -> ApiError:
    """Return the data plane's AccessDeniedException, whose text has the caller and the resource.

    The text is inferred (behaviour 3.4).
    """
    return _access_denied(
        f"User: arn:aws:iam::{account}:root is not authorized to perform this action on resource: {resource}"
        " because no resource-based policy allows the action"
    )


def internal_server_error() -> ApiError:
    return _internal_server_error("The request processing has failed because of an unknown error.")


def _internal_server_error(message: str) -> ApiError:
    return ApiError("InternalServerError", message, status=500)


def service_unavailable() -> ApiError:
    """Return the error with status 503.

    This server returns it only if a test asks for it (faults/). The text is from the Developer
    Guide, "Error handling".
    """
    text = "The service is currently unavailable or busy."
    return ApiError("ServiceUnavailable", text, status=503)


def storage_full() -> ApiError:
    """Return our own error for a request that cannot write because the disk is full.

    It has the form of the service's InternalServerError. The request has written nothing.
    """
    return _internal_server_error("The emulator's disk is full; nothing of this request was stored.")
