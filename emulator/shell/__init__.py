"""A prompt for PartiQL statements, for the command `shell`.

`session.py` runs statements and dot commands, without a terminal. `statements.py` splits a text
into statements, `parameters.py` parses parameters, `output.py` prints items. `completion.py` finds
the words that can follow a text, with the facts about tables in `knowledge.py`. `prompt.py` is the
prompt on the terminal; only it needs the library prompt-toolkit.
"""
