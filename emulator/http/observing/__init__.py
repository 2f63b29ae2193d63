"""What the emulator tells about the requests that it has answered.

`front/observed.py` reports each request with its answer, as an `Exchange`. The observers are:

    log_lines     a line for each request in the log: --log-requests, --log-level debug and trace
    recording     a file with all requests and answers: --record
    kept          the last thousand requests, for the control `requests`
    counters      numbers for Prometheus: --metrics

`summary` turns an exchange into the facts that a person wants to read. `large_bodies` finds facts
in bodies that are too large to parse a second time. `reasons` says why a request failed, and
`waits` why it was slow. `request_log` turns observers on and off.
"""
