"""The items of every benchmark, in process and over HTTP.

Instead of a number, each function also accepts a token (`token(7)`): eight characters that
`compare/load.lua` replaces in each request with a number of eight digits. So the length of a
request never changes.
"""

from typing import Any

Item = dict[str, Any]


def token(offset: int = 0) -> str:
    """Return a token. The load generator replaces it with a key number plus `offset`."""
    return f"@@@@@@{offset:02d}"


SERIAL = "@@@@@@##"
"""A token that the load generator replaces with a different number in each request."""


def digits(number: int | str) -> str:
    """Return a number as eight digits, or a token unchanged."""
    return number if isinstance(number, str) else f"{number:08d}"


def item_1k(number: int | str, pk: str | None = None, a: int = 1, **extra: Item) -> Item:
    """Return an item with 13 attributes of all common types: about 1 KB, or 1.3 KB of JSON."""
    number = digits(number)
    return {
        "pk": {"S": pk or "user#" + number},
        "sk": {"S": "order#" + number},
        "a": {"N": str(a)},
        "name": {"S": "Customer number " + number},
        "email": {"S": "customer." + number + "@example.com"},
        "active": {"BOOL": True},
        "score": {"N": "12345.678"},
        "tags": {"SS": ["alpha", "beta", "gamma"]},
        "address": {
            "M": {"street": {"S": "1 Example Street, Floor 3"}, "city": {"S": "Springfield"}, "zip": {"N": "12345"}}
        },
        "history": {"L": [{"N": "1"}, {"N": "22"}, {"S": "three"}, {"BOOL": False}]},
        "text1": {"S": "The quick brown fox jumps over the lazy dog. " * 6},
        "text2": {"S": "Pack my box with five dozen liquor jugs now! " * 6},
        "text3": {"S": "x" * 180},
        **extra,
    }


def item_200(pk: str, number: int | str) -> Item:
    """Return an item with 6 attributes and about 200 B."""
    return {
        "pk": {"S": pk},
        "sk": {"S": "item#" + digits(number)},
        "a": {"N": "42"},
        "title": {"S": "A short title for this small item"},
        "flag": {"BOOL": True},
        "note": {"S": "y" * 100},
    }


def indexed(number: int | str, a: int = 1) -> Item:
    """Return an item of 1 KB with the keys `g1` and `g2` of two indexes."""
    return item_1k(number, a=a, g1={"S": "g#" + digits(number)}, g2={"S": "h#" + digits(number)})


def key(number: int | str) -> Item:
    """Return the key of `item_1k(number)`."""
    return {"pk": {"S": "user#" + digits(number)}, "sk": {"S": "order#" + digits(number)}}
