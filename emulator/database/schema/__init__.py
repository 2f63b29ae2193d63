"""Compiled tables and indexes, the followers of writes, and descriptions of tables."""
