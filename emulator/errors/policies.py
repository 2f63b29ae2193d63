"""Errors of resource policies (control-plane 11.2).

The parameter `resource` says which table or stream has the policy, for example "table t" or
"stream <label>".
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, missing_resource, still_in_use, validation

# --- documents ------------------------------------------------------------------------------------


def policy_too_large(largest: int) -> ApiError:
    """Return the error for a policy that is too large. largest: the limit in bytes."""
    return invalid_parameters(f"Maximum policy size of {largest} bytes exceeded")


def _document_invalid(detail: str) -> ApiError:
    return invalid_parameters(f"Invalid policy document: {detail}")


def policy_not_json() -> ApiError:
    return _document_invalid("This policy contains invalid Json")


def policy_not_a_policy() -> ApiError:
    return _document_invalid("This text appears not to be a policy")


def policy_syntax(line: int, column: int) -> ApiError:
    return _document_invalid(f"Syntax error at position ({line},{column})")


def policy_field_missing(field: str) -> ApiError:
    """Return the error for a policy with a statement that lacks a required member.

    field: the member, such as Effect.
    """
    return _document_invalid(f"Missing required field {field}")


def policy_without_statement() -> ApiError:
    return _document_invalid("Could not parse the policy: Statement is empty!")


def policy_sids_repeated() -> ApiError:
    return _document_invalid("The Statement Ids in the policy are not unique")


def policy_actions_invalid(names: Iterable[str]) -> ApiError:
    """Return the error for actions that do not exist for the resource.

    names: the actions. The comma between two actions in the message is inferred.
    """
    printed = ", ".join(f'"{name}"' for name in names)
    return _document_invalid(f"The following action names are invalid: {printed}")


def policy_relative_id_invalid(relative_id: str, arn: str) -> ApiError:
    return _document_invalid(f'The relative-id "{relative_id}" is invalid for ARN "{arn}"')


def policy_resource_not_an_arn(text: str) -> ApiError:
    """Return the error for a Resource that is not an ARN.

    The text is IAM's, written from memory (recall).
    """
    return _document_invalid(f'Resource {text} must be in ARN format or "*".')


def policy_principal_invalid() -> ApiError:
    return invalid_parameters("Invalid principal in policy document.")


def policy_unbounded() -> ApiError:
    return validation(
        "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
        "least-privilege form of access"
    )


def policy_locks_out() -> ApiError:
    """Return the error for a policy that would not allow its author to change it again."""
    return ApiError(
        "AccessDeniedException",
        "The new resource policy will not allow you to update the resource policy in the future.",
    )


# --- attached policies ----------------------------------------------------------------------------


def _not_found(detail: str) -> ApiError:
    return ApiError(
        "PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: {detail}"
    )


def policy_missing(arn: str) -> ApiError:
    return _not_found(arn)


def policy_revision_differs(resource: str, expected: str, current: str) -> ApiError:
    return _not_found(
        f"Requested update for policy with revision id {expected}, but the policy associated to target {resource} has "
        f"revision id {current}."
    )


def policy_revision_missing(resource: str, expected: str) -> ApiError:
    """Return the error for a request that expects a revision of a policy where no policy exists.

    We do not know the end of the service's text.
    """
    return _not_found(
        f"Requested update for policy with revision id {expected}, but {resource} has no associated policy."
    )


def policy_present(resource: str, current: str) -> ApiError:
    """Return the error for a request that expects no policy (NO_POLICY) where a policy exists."""
    return _not_found(
        f"Requested policy update expecting none to be present for {resource}, but a policy exists with revision id "
        f"{current}."
    )


def policy_pending(kind: str, name: str) -> ApiError:
    """Return the error for a change of a policy while an earlier change is not yet in force.

    kind: Table or Stream.
    """
    return still_in_use(f"{kind} is pending previous resource-based policy update: {name}")


def policy_throttled(resource: str, milliseconds: int, until: float) -> ApiError:
    """Return the error for a change of a policy too soon after an earlier change.

    milliseconds: the minimum time between two changes. until: when the next change is allowed, in
    seconds since the epoch.
    """
    after = datetime.fromtimestamp(until, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return ApiError(
        "ThrottlingException",
        f"Resource-based policy for {resource} modified within the previous {milliseconds} milliseconds. "
        f"Please try again after {after}Z.",
    )


def policy_update_pending(table: str) -> ApiError:
    """Return the error for a DeleteTable directly after a change of the table's policy."""
    return still_in_use(f"Table: {table} has a pending resource-based policy update.")


# --- ARNs -----------------------------------------------------------------------------------------


def policy_arn_invalid(arn: str) -> ApiError:
    """Return the error for an ARN of another region or partition."""
    return invalid_parameters(f"Invalid resource Arn: {arn}")


def policy_account_differs() -> ApiError:
    return validation("This action is only supported by accounts that match the resource owner’s account.")  # noqa: RUF001 - sic


def policy_stream_missing(label: str, table: str) -> ApiError:
    return missing_resource(f": Stream: {label} not found for Table: {table}")
