"""Global tables: ReplicaUpdates of UpdateTable, and settings that the tables of a group share.

See control-plane 6 and 7. A replica is a table in another region, and the status of the replica is
the status of this table. `others` in database/jobs/replication.py finds the other tables of a
group.

| file             | job                                                              |
|------------------|------------------------------------------------------------------|
| `regions`        | the regions that may have strong consistency                     |
| `checks`         | checks of ReplicaUpdates that do not depend on the table         |
| `overrides`      | settings of one replica that differ from the others              |
| `members`        | descriptions, shared settings, changes that are refused          |
| `creation`       | the tables of a group in the transaction that adds replicas      |
| `strong`         | groups with strong consistency, and their witnesses              |
| `scaling`        | the auto scaling of one replica                                  |
| `accounts`       | groups of several accounts                                       |
| `disassociation` | replicas that become regional tables                             |
| `updates`        | UpdateTable with ReplicaUpdates                                  |
"""
