"""Capacity: the units that requests consume, and the limits on these units.

`capacity.py` computes units. `enforcement.py` has everything that is enforced or counted on one
table, and calls the others: `throttle.py` has the token buckets, and `ramp.py` what an on-demand
table serves. `gate.py` lets faults refuse requests in the same way. `insights.py` counts keys,
`usage.py` counts units for metrics, and `metering.py` for budgets. `throttles.py` remembers the
last throttles, for a control.
"""
