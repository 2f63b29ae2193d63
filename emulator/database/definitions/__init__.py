"""What is stored about tables, streams and other resources: dataclasses with a form as JSON.

`tables.py` is the largest, and the example for the others. `streams.py`, `backups.py`,
`s3_jobs.py`, `histories.py`, `mappings.py` and `replicas.py` are about resources with records of
their own. `kinesis.py`, `insights.py`, `policies.py`, `recovery.py` and `vectors.py` are about
settings of a table, and `rare.py` loads their code only for tables that have them. `tenants.py` and
`arns.py` say who owns a resource and what it is called.
"""
