"""Capacity: the units that requests consume, the limits of tables and partitions, and who enforces them."""
