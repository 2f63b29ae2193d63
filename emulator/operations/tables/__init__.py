"""The operations on tables: handlers, rules of requests, settings and updates."""
