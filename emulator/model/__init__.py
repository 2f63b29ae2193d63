"""What the wire allows: the service's own model, compiled into one parser and one validator per operation.

`service` reads the operations out of `data/` into `shapes`; `overrides` is the table of
what the service does differently; `parse` turns a shape into a parser (types, layer 1), `validate` into a check of
the member constraints (layer 2), `request` holds both. `service.request_model(name)` is the entrance.
"""
