"""Output of commands on a terminal.

`values.py` turns attribute values into text. `records.py` turns stream records into text.
`terminal.py` adds colours.
"""
