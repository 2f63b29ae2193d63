"""Capacity: the units that requests consume, the limits on units, and how limits are enforced."""
