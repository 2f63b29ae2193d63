"""What a test can wait for (controls/wait.py). Each file has one kind of condition.

A condition is checked when it is made: a body that can never be right is refused at once. Then its
`look` says whether it holds now, and what there is to see (`Seen`).
"""
