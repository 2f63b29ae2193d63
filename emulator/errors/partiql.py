"""Errors of PartiQL (behaviour 14).

The parameter `position` is "<line>:<column>:<length>" in the statement. The word "recall" marks a
text that we know only from memory.
"""

from emulator.errors.base import ApiError
from emulator.errors.forms import validation
from emulator.errors.values import number_text


def malformed_statement(detail: str) -> ApiError:
    """Return the error for a statement with a wrong syntax.

    detail: the reason; empty if the statement cannot be split into tokens.
    """
    return validation(f"Statement wasn't well formed, can't be processed: {detail}")


def item_not_a_map() -> ApiError:
    return malformed_statement("Expected a map")


def statement_expression(detail: str) -> ApiError:
    """Return the error for a wrong condition or update in a statement.

    detail: the whole message, from expressions/problems.py.
    """
    return validation(detail)


def aliasing() -> ApiError:
    return validation("Aliasing is not supported")


def parameter_count() -> ApiError:
    return validation("Number of parameters in request and statement don't match.")


def number_under(kind: str, written: str, path: str) -> ApiError:
    """Return the error for a number literal that DynamoDB cannot store.

    kind: overflow, underflow or precision. path: where the number is, for example "root.x[1]".
    """
    return validation(f"{number_text(kind, written)} under {path}")


def unrecognized_function(function: str, position: str) -> ApiError:
    return validation(f"Unrecognized function: {function} at {position}")


def unexpected_path_component(position: str) -> ApiError:
    return validation(f"Unexpected path component at {position}")


def unsupported_data_type(function: str, path: str, position: str) -> ApiError:
    """Return the error for a function call in a place where only a literal is allowed.

    path: the attribute or map key that has the call as its value, or "root" if the call stands in
    place of the whole item.
    """
    return validation(f"Unsupported data type: {function} under key {path} at {position}")


def empty_bag() -> ApiError:
    return validation("Empty bags are not supported")


def unsupported_bag() -> ApiError:
    """Return our own error for a bag (`<<...>>`) that cannot be a set.

    Its members have different types, or a type that no set can have.
    """
    return validation("Only bags of strings, of numbers or of binary values are supported")


def set_function_target(function: str, position: str) -> ApiError:
    """Return the error for a SET function whose first argument is not the target of SET.

    function: SET_ADD or SET_DELETE, as in all errors whose name begins with set_function.
    """
    return validation(f"The first argument to {function} must equal the assignment value at {position}")


def set_function_value(function: str, position: str) -> ApiError:
    return validation(f"The second argument to {function} must be a value with type SET at {position}")


def set_function_arguments(function: str, position: str) -> ApiError:
    return validation(f"{function} must have exactly two arguments at {position}")


def invalid_returning(returning: str) -> ApiError:
    return validation(
        f"Invalid returning clause: RETURNING {returning} *. Only RETURNING ALL OLD * is allowed in DELETE statements."
    )


def too_many_from_components() -> ApiError:
    return validation("A path may contain at most 2 components in the FROM clause")


def empty_path_component() -> ApiError:
    return validation("Path component cannot be an empty string")


def statement_on_index() -> ApiError:
    return validation("This operation is not supported on an index")


def insert_into_index() -> ApiError:
    """Return the error for an INSERT into an index.

    We know the service's text up to "name" (behaviour 14.2). The rest is from DynamoDB Local.
    """
    return validation("FROM clause may only contain a single table name in data manipulation statements")


def statement_of_multi_attribute_index() -> ApiError:
    return validation(
        "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
    )


def statement_unknown_index() -> ApiError:
    return validation("The table does not have the specified index")


def statement_consistent_read_on_gsi() -> ApiError:
    return validation("Strongly consistent read is not supported on Global Secondary Indexes")


def statement_without_key() -> ApiError:
    return validation("Where clause does not contain a mandatory equality on all key attributes")


def overlapping_conditions() -> ApiError:
    return validation("Overlapping conditions with range keys are not supported in where clause")


def order_without_where() -> ApiError:
    """Return the error for ORDER BY without WHERE.

    The texts of this function and the next two functions are from memory (recall).
    """
    return validation("Must have WHERE clause in the statement when using ORDER BY clause.")


def order_without_key() -> ApiError:
    return validation(
        "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
    )


def order_by_non_key(name: str) -> ApiError:
    return validation(f"Variable reference {name} in ORDER BY clause must be part of the primary key")


def duplicate_item() -> ApiError:
    return ApiError("DuplicateItemException", "Duplicate primary key exists in table", about="condition")


def next_token_mismatch() -> ApiError:
    return validation("NextToken does not match request")


def next_token_invalid() -> ApiError:
    return validation("Invalid NextToken")


def batch_mixed() -> ApiError:
    return validation("Read and write requests together in the same batch is not supported.")


def batch_read_without_key() -> ApiError:
    return validation(
        "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
    )


def transaction_mixed() -> ApiError:
    return validation("ExecuteTransaction API does not support both read and write operations in the same request.")


def transaction_statement(position: int, error: ApiError) -> ApiError:
    """Return the error for a wrong statement of a transaction.

    position: the number of the statement, counted from 0. error: the statement's error.
    """
    return validation(f"Validation failed in TransactStatements[{position}]: {error.message}")


def transaction_returning() -> ApiError:
    return validation("RETURNING clause is not supported in ExecuteTransaction.")


def transaction_read_on_index() -> ApiError:
    return validation("Reads on indices are not supported within transactions.")


def transaction_read_without_key() -> ApiError:
    return validation(
        "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
        about="transaction",
    )


def transaction_exists() -> ApiError:
    return validation("EXISTS() must contain a single item read with additional condition", about="transaction")


def exists_outside_transaction() -> ApiError:
    """Return our own error for an EXISTS() statement outside ExecuteTransaction."""
    return validation("EXISTS() is only supported in ExecuteTransaction.")
