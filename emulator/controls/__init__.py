"""Controls: with them a test causes what on AWS only time, load or other clients cause.

A control moves the clock, enforces throughput, sweeps expired items, copies the data folder. It is
a function that takes JSON and returns JSON, and knows nothing of HTTP. Every file of this package
is a family of controls, except `registry` and `body`, which the families use.

The registry finds controls by name (`registry.call`) or by method and path, so HTTP, the command
line, a test plugin and web pages run the same functions.
"""
