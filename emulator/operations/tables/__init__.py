"""CreateTable, UpdateTable, DeleteTable and reading tables: handlers, rules of requests, settings and updates."""
