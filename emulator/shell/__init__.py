"""A prompt for PartiQL statements, for the command `shell`.

`session.py` runs statements and dot commands, without a terminal. `statements.py` splits a text
into statements, `parameters.py` parses parameters, `output.py` prints items. `completion.py`
suggests words while the user types; `knowledge.py` caches the facts about tables for it.
`prompt.py` is the prompt on the terminal; only this module needs the library prompt-toolkit.
"""
