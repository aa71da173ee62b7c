"""A home to type commands in, as the tests of the command line have it."""

from tests.cli.conftest import in_home

__all__ = ["in_home"]
