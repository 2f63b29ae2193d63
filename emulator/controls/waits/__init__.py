"""The conditions for which a test can wait (controls/wait.py). Each module has one kind.

Making a condition checks its body, and refuses a body with which it can never hold. Then `look`
returns whether the condition holds now, and the current state (`Seen`).
"""
