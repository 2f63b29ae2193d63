"""The rules of the advisor, one in each file. See `emulator/advisor/rule.py`."""
