"""The home of the command line's tests, for shims."""

from tests.cli.conftest import in_home  # noqa: F401
