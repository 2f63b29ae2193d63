"""Writes settings with which other programs find this server, for the command `configure`.

`target.py` describes the server. `profile_files.py` edits the two files with AWS profiles.
`snippets.py` makes texts for Terraform, CDK and shells.
"""
