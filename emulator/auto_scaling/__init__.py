"""Application Auto Scaling, as far as DynamoDB uses it (control-plane 10).

| module         | job                                                                          |
|----------------|------------------------------------------------------------------------------|
| `service.py`   | what an emulator owns: the API, and the work that is due each minute         |
| `api.py`       | the operations of the API                                                    |
| `requests.py`  | members of requests: types and constraints                                   |
| `shapes.py`    | what answers say about targets, policies, scheduled actions and activities   |
| `target.py`    | what is stored about a scalable target, with all that belongs to it          |
| `targets.py`   | all targets of an emulator                                                   |
| `schedules.py` | the times of scheduled actions: at, rate and cron                            |
| `tracking.py`  | which capacity a target tracking policy wants, from the units of each minute |
| `scaling.py`   | changes of capacity, through UpdateTable                                     |

A target is the read or write capacity of a table or global index. It belongs to a tenant and
outlives its table. A policy works where throughput is enforced, because only there the units that
requests consume are counted (database/throughput/consumption.py). Each worker counts for itself.
Each minute it stores its counts in the targets, and the owner of the background work adds them up.
"""
