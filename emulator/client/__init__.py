"""The client with which commands of this program call a server.

It sends no valid signatures, so AWS refuses its requests. `endpoint.py` has the client.
`options.py` has the flags with which a user selects the server of a command. `stream_reader.py`
reads the stream of a table, and `pace.py` waits between its polls.
"""
