"""A client of servers that check no signatures, for the commands of this program.

`endpoint.py` has the client. `options.py` has the flags by which a command finds its server.
"""
