"""The errors of Lambda's API, with their texts.

Lambda sends errors in another form than DynamoDB: the code is in the header `x-amzn-ErrorType`, and
the body is `{"Type": "User", "Message": ..}`. Some errors have the member `message` instead of
`Message` (botocore's lambda model). If a text is quoted in a public source, the docstring of its
function names the source. All other texts are inferred or our own.
"""

from typing import Final

from emulator.errors import REST_OF_LAMBDA, SPEAKS, ApiError
from emulator.escaping import printable

_USER: Final = {"Type": "User"}


def invalid_parameter(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, extra=_USER)


def function_unknown() -> ApiError:
    """Return the error for an unknown function.

    The text is quoted in hashicorp/terraform-provider-aws #17933.
    """
    return invalid_parameter("Function does not exist")


def function_not_found(arn: str) -> ApiError:
    return not_found(f"Function not found: {arn}")


def not_found(message: str = "The resource you requested does not exist.") -> ApiError:
    return ApiError("ResourceNotFoundException", message, status=404, message_member="Message", extra=_USER)


def stream_not_found(arn: str) -> ApiError:
    """Return the error for an unknown stream (quoted in aws-amplify/amplify-cli #11626)."""
    return invalid_parameter(f"Stream not found: {arn}")


def source_unrecognized() -> ApiError:
    return invalid_parameter("Unrecognized event source.")


def starting_position_required() -> ApiError:
    return invalid_parameter(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null."
    )


def starting_position_unsupported(arn: str) -> ApiError:
    """Return the error for AT_TIMESTAMP, which only Kinesis and Kafka allow.

    The text is inferred (Lambda API: CreateEventSourceMapping).
    """
    return invalid_parameter(f"Unsupported starting position for arn type: {arn}")


def record_age_refused() -> ApiError:
    """Return the error for MaximumRecordAgeInSeconds from 0 to 59. The text is inferred.

    botocore's model allows these values, but the service does not (Lambda API:
    CreateEventSourceMapping).
    """
    return invalid_parameter("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.")


def filter_invalid() -> ApiError:
    """Return the error for a wrong filter pattern (quoted in aws/aws-cdk #23057)."""
    return invalid_parameter("Invalid filter pattern definition.")


def filters_too_many() -> ApiError:
    """Return the error for more than ten filters. The text is inferred.

    AWS's usual quota is lower, but a customer can have it raised to ten (Lambda: "Control which
    events Lambda sends to your function").
    """
    return invalid_parameter("The number of filters exceeds the limit of 10.")


def member_unsupported(name: str) -> ApiError:
    """Return our own error for a request member that this emulator does not support."""
    return invalid_parameter(f"{name} is not supported by this emulator for DynamoDB streams")


def mapping_exists(stream_arn: str, function: str, uuid: str) -> ApiError:
    """Return the error for a second mapping of the same stream to the same function.

    The spaces inside the quotes are AWS's own (aws/serverless-application-model #2011).
    """
    text = (
        f'The event source arn (" {stream_arn} ") and function (" {function} ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {uuid}"
    )
    return ApiError("ResourceConflictException", text, status=409, extra=_USER)


def mapping_in_use(what: str) -> ApiError:
    """Return the error for a request to change a mapping whose state is changing.

    what: the verb of the request, "update" or "delete".
    """
    text = f"Cannot {what} the event source mapping because it is in use."
    return ApiError("ResourceInUseException", text, message_member="Message", extra=_USER)


def content_invalid() -> ApiError:
    text = "Could not parse request body into json"
    return ApiError("InvalidRequestContentException", text, extra=_USER)


def operation_unknown(method: str, path: str) -> ApiError:
    """Return our own error for a path of Lambda's API that this emulator does not have."""
    text = f"{SPEAKS}, not {method} {printable(path)}. {REST_OF_LAMBDA}"
    return ApiError("UnknownOperationException", text, status=404)
