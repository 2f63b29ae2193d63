"""The catalog: which tables exist, who owns them, their statuses and their attachments.

The files, in the order in which to read them:

| file | job |
|---|---|
| `catalog.py` | finds tables for callers, and changes their definitions |
| `tenants.py` | the tables of each tenant |
| `tables.py` | the registry of tables: stored definitions, compiled tables in memory |
| `attachments.py` | what a table has because of its settings: streams, TTL queues, histories |
| `settling.py` | ends statuses, and puts pending changes into force |
| `enforcer.py` | decides which limits and transaction conflicts are enforced on which tables |
| `misses.py` | logs requests for tables that exist only for another tenant |
"""
