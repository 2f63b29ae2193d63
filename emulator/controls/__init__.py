"""Controls: functions with which a test does what no request of DynamoDB does.

A control moves the clock, enforces throughput, sweeps expired items, copies the data folder. It
takes JSON and returns JSON, and knows nothing of HTTP. Every file of this package is a family of
controls, except `registry` and `body`, which the families use.

The registry finds controls by name (`registry.call`) or by method and path, so HTTP, the command
line, a test plugin and web pages run the same functions.
"""
