"""Code that tests share. A test imports it from here, never from another test or a conftest.py."""
