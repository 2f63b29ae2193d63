"""Errors of Application Auto Scaling (control-plane 10).

Not all texts of the service are documented. The comment `text from memory` marks a text that we
remember. `our own text` marks a text that we wrote, because we do not know the service's text.
"""

from typing import Final

from emulator.errors.base import ENVELOPE, ApiError

_MEMBER: Final = "Message"


def _scaling_error(code: str, message: str) -> ApiError:
    return ApiError(code, message, namespace="", message_member=_MEMBER)


def _invalid(message: str) -> ApiError:
    return _scaling_error("ValidationException", message)


def scaling_not_parsed() -> ApiError:
    return _scaling_error("SerializationException", "The request could not be parsed.")  # our own text


def scaling_operation_unknown(operation: str) -> ApiError:
    """Return our own error for an operation of Auto Scaling that this server does not have."""
    return _scaling_error("UnknownOperationException", f"This server has no operation {operation} of Auto Scaling.")


def scaling_member_invalid(value: str, path: str, constraint: str) -> ApiError:
    """Return the error for a member with a wrong value.

    value: the value as the message shows it, which is a text in quotes or null.
    constraint: a sentence that begins with "Member must".
    """
    return _invalid(f"{ENVELOPE}Value {value} at '{path}' failed to satisfy constraint: {constraint}")


def scaling_member_missing(path: str) -> ApiError:
    return scaling_member_invalid("null", path, "Member must not be null")


def scaling_tag_key_invalid(key: str, constraint: str) -> ApiError:
    """Return the error for an invalid tag key.

    constraint: a sentence that begins with "Member must".
    """
    return scaling_member_invalid(f"'{key}'", "tags", f"Map keys must satisfy constraint: [{constraint}]")


def scaling_resource_unsupported() -> ApiError:
    return _invalid("Unsupported service namespace, resource type or scalable dimension")  # text from memory


def scaling_resource_missing(kind: str, resource_id: str) -> ApiError:
    """Return the error for a missing resource.

    kind: "table" or "index". We infer the text for a table from the text for an index.
    """
    return _invalid(f"DynamoDB {kind} does not exist: {resource_id}")


def scaling_capacity_required() -> ApiError:
    return _invalid(
        "Both minimum capacity and maximum capacity are required to register a new scalable target"
    )  # our own text


def scaling_capacity_reversed() -> ApiError:
    return _invalid("Maximum capacity cannot be less than minimum capacity")


def scaling_policy_type_unsupported(kind: str) -> ApiError:
    return _invalid(f"Policy type {kind} is not supported for service namespace dynamodb")  # our own text


def scaling_configuration_required() -> ApiError:
    return _invalid("TargetTrackingScaling needs a TargetTrackingScalingPolicyConfiguration")  # our own text


def scaling_metric_required() -> ApiError:
    return _invalid(
        "Exactly one of predefined metric specification and customized metric specification is required"
    )  # our own text


def scaling_metric_unsupported(metric: str, dimension: str) -> ApiError:
    return _invalid(
        f"Predefined metric type {metric} is not supported for scalable dimension {dimension}"
    )  # our own text


def scaling_metric_repeated() -> ApiError:
    return _invalid(
        "Only one TargetTrackingScaling policy for a given metric specification is allowed."
    )  # text from memory


def scaling_target_value(metric: str, value: float) -> ApiError:
    return _invalid(
        f"For predefined metric type {metric}, target value must be between '10.0' and '90.0', but was '{value}'."
    )


def scaling_forecast_unsupported(policy: str) -> ApiError:
    """Return the error for a request for the forecast of a policy that is not predictive.

    The code is ValidationException, because AWS's model of the operation has no other error for a
    wrong request. The text is our own.
    """
    return _invalid(f"Scaling policy {policy} is not a predictive scaling policy")  # our own text


def scaling_schedule_required() -> ApiError:
    return _invalid("Schedule and scalable target action are required to create a scheduled action")  # our own text


def scaling_schedule_invalid(text: str) -> ApiError:
    return _invalid(f"Invalid schedule expression: {text}")  # our own text


def scaling_timezone_invalid(text: str) -> ApiError:
    return _invalid(f"Invalid time zone: {text}")  # our own text


def scaling_time_invalid(member: str) -> ApiError:
    """Return the error for an invalid time. member: StartTime or EndTime."""
    return _invalid(f"{member} is not valid")  # our own text


def scaling_action_empty() -> ApiError:
    return _invalid("At least one of minimum capacity and maximum capacity is required")  # our own text


def _target_id(resource_id: str, dimension: str) -> str:
    return f"service namespace: dynamodb, resource ID: {resource_id}, scalable dimension: {dimension}"


def scaling_target_not_found(resource_id: str, dimension: str) -> ApiError:
    return _scaling_error(
        "ObjectNotFoundException", f"No scalable target found for {_target_id(resource_id, dimension)}"
    )


def scaling_policy_not_found(resource_id: str, dimension: str, name: str) -> ApiError:
    text = f"No scaling policy found for {_target_id(resource_id, dimension)}, policy name: {name}"
    return _scaling_error("ObjectNotFoundException", text)  # text from memory


def scaling_action_not_found(resource_id: str, dimension: str, name: str) -> ApiError:
    """Return the error for an unknown scheduled action.

    We infer the text from the text of scaling_policy_not_found.
    """
    text = f"No scheduled action found for {_target_id(resource_id, dimension)}, scheduled action name: {name}"
    return _scaling_error("ObjectNotFoundException", text)


def scaling_token_invalid() -> ApiError:
    return _scaling_error("InvalidNextTokenException", "The next token is invalid.")  # our own text


def scaling_arn_not_found(arn: str) -> ApiError:
    text = f"The scalable target with the ARN {arn} does not exist."  # our own text
    return ApiError(
        "ResourceNotFoundException", text, namespace="", message_member=_MEMBER, extra={"ResourceName": arn}
    )


def scaling_too_many_tags(arn: str) -> ApiError:
    text = "The number of tags exceeds the limit of 50."  # our own text
    return ApiError("TooManyTagsException", text, namespace="", message_member=_MEMBER, extra={"ResourceName": arn})
