"""The conditions for which a test can wait (controls/wait.py). Each module has one kind.

The constructor of a condition checks the body. It refuses a body with which the condition can never
be met. `look` returns whether the condition is met now, and the current state (`Seen`).
"""
