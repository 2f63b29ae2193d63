"""Attribute values: pure functions on DynamoDB JSON.

A *value* is a dictionary with exactly one of the tags S N B SS NS BS M L NULL BOOL. An *item* maps
attribute names to values. After `wire.parse_item`, items and values are *canonical*: numbers are in
the plain form in which the service returns them, set members are distinct and sorted, binaries are
base64 text. Two canonical values are equal exactly when they compare equal as Python objects.

| file | job |
|---|---|
| `types.py` | the names of the types |
| `number.py` | the canonical form of numbers, and bytes that sort in the order of the numbers |
| `wire.py` | parsing the values of a request, in one pass; read this first |
| `scalars.py`, `sets.py` | the parsers of single types, which `wire` calls |
| `json_types.py` | the errors for JSON of the wrong type |
| `problems.py` | mistakes that parsing finds, and that a later check reports |
| `size.py` | sizes in bytes, as the service counts them |
| `compare.py` | comparisons and functions of expressions, such as begins_with |
| `paths.py` | values at document paths: reading, projecting and changing them |
| `rows.py` | the stored form of items |
"""
