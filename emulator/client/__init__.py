"""A client of DynamoDB endpoints, for the commands of this program.

`endpoint.py` has the interface that commands use, and the client of servers that check no
signatures: this one and other emulators. `options.py` turns the flags of a command into an
endpoint.
"""
