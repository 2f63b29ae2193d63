"""Checks requests: AWS's own service model, compiled into parsers and validators.

`service` reads the operations from `data/`, and `shapes` represents them. `overrides` has tables of
the rules by which the service differs from its model. `parse` and `scalars` turn a shape into a
parser, which checks types (layer 1). `validate` turns a shape into a validator, which checks member
constraints (layer 2) with the rules in `constraints`. `request` has the parser and the validator of
an operation. Callers use `service.request_model(name)`. `shortening` cuts large bodies before they
are parsed. `freeing` frees large values in pieces, and `nesting` says whether values nest deeply.
`printing` prints values as the service's messages do.
"""
