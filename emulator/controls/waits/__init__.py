"""The kinds of conditions for which the control `wait` can wait (controls/wait.py).

The constructor of a condition checks the body of the call of `wait`. It refuses a body with which
the condition can never be met. The method `look` of a condition returns a `Seen`: whether the
condition is met now, and the current state.
"""
