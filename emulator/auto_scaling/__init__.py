"""Application Auto Scaling of tables and global indexes (control-plane 10).

| module         | job                                                                          |
|----------------|------------------------------------------------------------------------------|
| `service.py`   | the interface of this package: the API, and the work of each minute          |
| `api.py`       | the operations of the API                                                    |
| `requests.py`  | members of requests: types and constraints                                   |
| `shapes.py`    | what answers say about targets, policies, scheduled actions and activities   |
| `target.py`    | the stored form of a scalable target, its policies and its actions           |
| `targets.py`   | all targets of an emulator                                                   |
| `schedules.py` | the times of scheduled actions, from texts with `at`, `rate` or `cron`       |
| `tracking.py`  | the capacity that a target tracking policy demands                           |
| `scaling.py`   | changes of capacity, through UpdateTable                                     |

A target is the read or write capacity of a table or global index. It belongs to a tenant and
outlives its table. A policy has an effect only while throughput is enforced, because otherwise the
units that requests consume are not counted (database/throughput/throttle.py). Once a minute, each
worker process stores its counts of units in the targets, and the owner process adds them up.
"""
