"""A prompt for PartiQL statements, for the command `shell`.

`session.py` runs statements and dot commands, without a terminal. `statements.py` splits a text
into statements, `parameters.py` parses parameters, `output.py` prints items. `completion.py`
suggests words while the user types. `knowledge.py` caches facts about tables, such as their
indexes. `prompt.py` is the prompt on the terminal, and the only module that needs the library
prompt-toolkit.
"""
