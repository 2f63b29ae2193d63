"""What the wire allows: the service's own model, compiled into parsers and validators.

`service` reads the operations from `data/` into `shapes`. `overrides` is the table of rules by
which the service differs from its model. `parse` turns a shape into a parser, which checks types
(layer 1). `validate` turns a shape into a check of the member constraints (layer 2). `request`
holds both for an operation. `service.request_model(name)` is the entrance. `shortening` cuts large
bodies before they are parsed, and `freeing` frees large values piece by piece.
"""
