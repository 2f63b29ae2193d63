"""The operations on tables: their handlers, the rules for requests, settings, and updates."""
