"""Errors of Contributor Insights (control-plane 0.1, 12)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import missing_resource, validation


def insights_index_missing(index: str, table: str) -> ApiError:
    return missing_resource(f": Index: {index} not found for table: {table}")


def insights_not_active(part: str) -> ApiError:
    """Return the error for a table or index that is not ACTIVE. part: Table or Index."""
    return validation(
        "Table or Index is not in a valid state to update Key Access Insights: "
        f"{part}Status must be ACTIVE to enable ContributorInsights."
    )


def insights_token_invalid(token: str) -> ApiError:
    """Return the error for an invalid NextToken.

    We infer the text from the errors for tokens of ListExports (control-plane 0.2).
    """
    return validation(f"Invalid Request: Provided nextToken is invalid: {token}")
