"""The definitions of tables, streams and other resources: dataclasses that are stored as JSON.

`tables.py` is the largest module, and the example for the others. `streams.py`, `backups.py`,
`s3_jobs.py`, `histories.py` and `mappings.py` are about other resources. `kinesis.py`,
`insights.py`, `policies.py`, `recovery.py`, `replicas.py` and `vectors.py` are about parts of a
table's definition. `rare.py` imports `insights.py`, `policies.py` and `replicas.py` only for tables
that need them. `tenants.py` and `arns.py` say who owns a resource, and what its ARN is.
"""
