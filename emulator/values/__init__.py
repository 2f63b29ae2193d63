"""Attribute values: pure functions on DynamoDB JSON.

A *value* is a dictionary with exactly one of the tags S N B SS NS BS M L NULL BOOL; an *item* maps attribute names to
values. After `wire.parse_item` both are *canonical*: numbers in the service's own plain form, set members distinct and
sorted, binaries as base64 text. Two canonical values are equal exactly when they compare equal as Python objects.
"""
