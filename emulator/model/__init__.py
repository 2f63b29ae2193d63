"""Checks requests: AWS's own service model, compiled into parsers and validators.

Callers use `service.request_model(name)`, which returns the parser and validator of an operation.

| module            | job                                                                          |
|-------------------|------------------------------------------------------------------------------|
| `service`         | reads the service model from the folder `data/`                              |
| `shapes`          | the classes of the model: a *shape* is a type of the service model           |
| `overrides`       | tables of the differences between the service and its model                  |
| `parse`, `scalars`| turn a shape into a parser, which checks types (layer 1)                     |
| `validate`        | turns a shape into a validator, which checks member constraints (layer 2)    |
| `constraints`     | the constraints that validators check                                        |
| `request`         | the parser and the validator of an operation                                 |
| `shortening`      | cuts large bodies before they are parsed                                     |
| `freeing`         | frees large values in pieces                                                 |
| `nesting`         | finds out if attribute values nest deeply                                    |
| `printing`        | prints values as the service's error messages do                             |
"""
