"""What tests share. A test imports from here, never from another test or from a conftest.py."""
