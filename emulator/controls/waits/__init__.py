"""The kinds of conditions for which the control `wait` can wait (controls/wait.py).

The constructor of a condition checks the body. It refuses a body with which the condition can never
be met. Its method `look` returns a `Seen`: whether the condition is met now, and the current state.
"""
