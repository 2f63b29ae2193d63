"""Chooses the error for JSON of the wrong type in an attribute value.

Some texts of the service contain the name of a Java class. Others contain the type of the JSON
scalar that was sent, such as NUMBER.
"""

from typing import Final

from emulator import errors

_JAVA_VALUE: Final = "com.amazonaws.dynamodb.v20120810.AttributeValue"
_JAVA_CLASSES: Final = {"String": "class java.lang.String", "Boolean": "class java.lang.Boolean"}


def not_a_scalar(given: object, expected: str) -> errors.ApiError:
    """Return the error for JSON that is not the expected scalar. expected: String or Boolean."""
    if type(given) is dict:
        return errors.structure_not_expected()
    if type(given) is list:
        return errors.wrong_collection(_JAVA_CLASSES[expected])
    return errors.wrong_token(token_of(given), expected)


def token_of(given: object) -> str:
    """Return the service's name for the type of a JSON scalar, such as STRING or TRUE.

    An integer is a NUMBER, and a number with a fraction is a DECIMAL. orjson parses an integer of
    more than 64 bits as a float, so a large float without a fraction is a NUMBER.
    """
    if type(given) is bool:
        return "TRUE" if given else "FALSE"
    if type(given) is float and abs(given) >= _BEYOND_INTEGERS and given.is_integer():
        return "NUMBER"
    return _TOKENS[type(given)]


_TOKENS: Final[dict[type, str]] = {int: "NUMBER", float: "DECIMAL", str: "STRING"}
_BEYOND_INTEGERS: Final = 2.0**63


def not_binary(given: object) -> errors.ApiError:
    """Return the error for JSON that is not a string, where base64 text is expected."""
    if type(given) is dict:
        return errors.structure_not_expected()
    if type(given) is list:
        return errors.wrong_collection("class java.nio.ByteBuffer")
    return errors.not_base64()


def not_a_list(given: object) -> errors.ApiError:
    """Return the error for JSON that is not a list, where a list is expected."""
    return errors.structure_not_expected() if type(given) is dict else errors.scalar_as_field()


def not_a_map(given: object) -> errors.ApiError:
    """Return the error for JSON that is not an object, where a map of values is expected."""
    if type(given) is list:
        return errors.wrong_collection(f"java.util.Map<java.lang.String, {_JAVA_VALUE}>")
    return errors.scalar_as_field()


def not_a_value(given: object) -> errors.ApiError:
    """Return the error for JSON that is not an object, where an attribute value is expected."""
    if type(given) is list:
        return errors.wrong_collection(f"class {_JAVA_VALUE}")
    return errors.scalar_as_member()
