"""Attribute values: pure functions on DynamoDB JSON.

A *value* is a dictionary with exactly one of the tags S N B SS NS BS M L NULL BOOL. An *item* maps
attribute names to values. After `wire.parse_item`, both are *canonical*: numbers are in the
service's own plain form, set members are distinct and sorted, binaries are base64 text. Two
canonical values are equal exactly when they compare equal as Python objects.
"""
