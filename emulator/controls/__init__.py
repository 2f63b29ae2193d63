"""Controls: functions with which tests do things that no request of DynamoDB can do.

For example, controls move the clock, enforce throughput, sweep expired items, wait for a condition,
and copy the data folder. A control takes JSON and returns JSON, and does not depend on HTTP. Every
module of this package is a family of controls, except `registry` and `body`, which the families
use. The package `waits` has the conditions for which the control `wait` can wait.

The registry finds controls by name (`registry.call`) or by method and path. So HTTP, the command
line, the pytest plugin and the console run the same functions.
"""
