"""Factories that other factories of this package share.

They accept any text. So only other factories of this package call them.
"""

from typing import Final

from emulator.errors.base import VALIDATE, About, ApiError

INVALID_PARAMETERS: Final = "One or more parameter values were invalid: "


def validation(message: str, *, about: About = "request", bare: bool = False) -> ApiError:
    return ApiError("ValidationException", message, namespace=VALIDATE, about=about, bare=bare)


def invalid_parameters(detail: str, *, about: About = "request") -> ApiError:
    """Return a ValidationException that starts "One or more parameter values were invalid: "."""
    return validation(INVALID_PARAMETERS + detail, about=about)


def missing_resource(detail: str) -> ApiError:
    """Return the ResourceNotFoundException of the control plane.

    detail: what is missing, such as ": Table: t not found". The data plane's error
    (tables.resource_not_found) has no detail.
    """
    return ApiError("ResourceNotFoundException", "Requested resource not found" + detail)


def limit_exceeded(message: str) -> ApiError:
    return ApiError("LimitExceededException", message)


def resource_in_use(message: str) -> ApiError:
    return ApiError("ResourceInUseException", message)


def still_in_use(detail: str) -> ApiError:
    """Return the error for a resource that is being changed.

    detail: for example "Table is being created: t".
    """
    return resource_in_use(f"Attempt to change a resource which is still in use: {detail}")
