"""Controls: what a test tells the emulator, and what on AWS happens by itself.

A control moves the clock, enforces throughput, sweeps expired items, copies the data folder. It is
a function that takes JSON and returns JSON, and knows nothing of HTTP. Every file of this package
is a family of controls, but `registry` and `body`, which the families use.

The registry finds them by name (`registry.call`) or by method and path, so HTTP, the command line,
a test plugin and web pages run the same functions.
"""
