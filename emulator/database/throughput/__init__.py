"""Capacity: the units that requests consume, and the limits on these units.

| file | job |
|---|---|
| `capacity.py` | computes the units that a request consumes |
| `enforcement.py` | refuses and counts reads and writes of one table, with the files below |
| `throttle.py` | enforces throughput with token buckets |
| `ramp.py` | computes the throughput of an on-demand table, which grows with its traffic |
| `gate.py` | lets faults refuse reads and writes at the place where real limits do |
| `insights.py` | counts the accessed and throttled keys, for Contributor Insights |
| `usage.py` | counts units and throttled requests, for metrics |
| `metering.py` | counts the units of each caller, for budgets |
| `throttles.py` | keeps the last throttled requests, for the control `throttles` |
"""
