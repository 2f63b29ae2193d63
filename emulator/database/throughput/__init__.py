"""Capacity: the units that requests consume, and the limits on these units."""
