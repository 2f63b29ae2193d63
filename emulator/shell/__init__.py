"""A prompt for PartiQL statements, for the command `shell`.

`session.py` runs statements and dot commands, without a terminal. `statements.py` cuts a text into
statements, `parameters.py` reads parameters, `output.py` shows items. `completion.py` knows which
words can follow. `prompt.py` is the terminal, with prompt-toolkit; only it needs that library.
"""
