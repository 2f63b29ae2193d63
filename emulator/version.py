"""The version of the package. The build reads it from this file (pyproject.toml)."""

VERSION = "0.1.0"
