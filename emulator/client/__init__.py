"""The client with which this program's commands call servers that check no signatures.

`endpoint.py` has the client. `options.py` has the flags with which a user selects the server of a
command. `stream_reader.py` reads the stream of a table, and `pace.py` says when to poll.
"""
