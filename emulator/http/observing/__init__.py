"""Reports about answered requests: log lines, recordings, kept requests and metrics.

`front/observed.py` reports each request with its answer, as an `Exchange`. The observers are:

    log_lines     a line for each request in the log: --log-requests, --log-level debug and trace
    recording     a file with all requests and answers: --record
    kept          the last thousand requests, for the control `requests`
    counters      numbers for Prometheus: --metrics
    evidence      requests that the advisor examines later (`examining`): --advise, and the control
                  `advise`
    request_counts    the number of requests of each caller, for budgets

`summary` extracts the facts of an exchange that a person wants to read. `reasons` finds the reason
why a request failed, and `waits` the reason why it was slow. `large_bodies` finds facts in bodies
that are too large to parse a second time. `request_log` turns observers on and off. `wanted` says
which observers the settings ask for, without importing the observers.
"""
