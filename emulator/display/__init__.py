"""Output of commands on a terminal.

`values.py` makes text of attribute values, `records.py` of stream records. `terminal.py` adds
colours.
"""
