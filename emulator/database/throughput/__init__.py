"""Capacity: the units that requests consume, the limits on them, and the enforcement of limits."""
