"""Global tables: ReplicaUpdates of UpdateTable, and what the tables of a group share.

See control-plane 6 and 7. The tables of a group are found with jobs/replication.py (`others`).
Each table has its own status: the status of a replica is that of its table.

| file             | job                                                              |
|------------------|------------------------------------------------------------------|
| `regions`        | the regions that may have strong consistency                     |
| `checks`         | checks of ReplicaUpdates that do not depend on the table         |
| `overrides`      | settings of one replica that differ from the others              |
| `members`        | descriptions, shared settings, what is refused for members       |
| `creation`       | the tables of a group in the transaction that adds replicas      |
| `strong`         | groups with strong consistency, and their witnesses              |
| `scaling`        | the auto scaling of one replica                                  |
| `accounts`       | groups of several accounts                                       |
| `disassociation` | replicas that become regional tables                             |
| `updates`        | UpdateTable with ReplicaUpdates                                  |
"""
