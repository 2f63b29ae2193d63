"""Capacity: the units that requests consume, and the limits on these units.

`capacity.py` computes units. `enforcement.py` has everything that is enforced or counted on one
table, and calls the others: `throttle.py` has the token buckets, `insights.py` counts keys, and
`usage.py` counts units for metrics.
"""
