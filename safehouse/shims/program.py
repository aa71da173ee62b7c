"""Which safehouse this is: the file that was started, how it was installed, and the build that it is."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms, and `safehouse --version` is asked for this
import sys

from safehouse import __version__
from safehouse.errors import UserError, printable
from safehouse.files import LocalFiles, follow
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["single file", "checkout", "Homebrew", "pipx", "uv tool", "Nix", "pip"]

# Where whoever installs programs keeps them, by a part of the path.
_KEPT_BY: tuple[tuple[str, Kind], ...] = (
    ("/Cellar/", "Homebrew"),
    ("/pipx/venvs/", "pipx"),
    ("/uv/tools/", "uv tool"),
    ("/nix/store/", "Nix"),
)
_IN_THE_FILE = "/site-packages"
_MODE, _FILE = 0o170000, 0o100000


class Installation(Value):
    """How this safehouse came here.

    `place` is the single file, the checkout, the environment, or the directory of packages.
    """

    kind: Kind
    place: str


def path() -> str:
    """The safehouse that was started, by absolute path, as it was named: a link stays a link.

    Raises UserError where that is no program (`python -m safehouse`).
    """
    named = _absolute(sys.argv[0])
    if _is_file(named) and os.access(named, os.X_OK):
        return named
    raise UserError(
        "there is no program of ours that a shell could start",
        "install safehouse, and start it by its name",
    )


def build() -> str:
    """What was built, by its digest; "" in a checkout."""
    try:
        from safehouse import _build  # type: ignore[attr-defined]
    except ImportError:
        return ""
    identifier: str = _build.ID
    return identifier


def installation() -> Installation:
    """How this safehouse was installed."""
    root = __file__.rpartition("/safehouse/shims/")[0]
    archive = root[: -len(_IN_THE_FILE)] if root.endswith(_IN_THE_FILE) else ""
    if archive and _is_file(archive):
        kept = kept_by(archive)
        return Installation(kept.kind if kept else "single file", _absolute(archive))
    if _is_file(f"{root}/pyproject.toml"):
        return Installation("checkout", root)
    # Started without `site`, Python does not know the environment that it is in.
    return kept_by(root) or kept_by(sys.prefix) or Installation("pip", _absolute(root))


def version() -> str:
    """What `safehouse --version` says: version, which one of several this is, and what runs it."""
    found = installation()
    python = "{}.{}".format(*sys.version_info)
    return f"safehouse {__version__} ({found.kind} {printable(found.place)}, Python {python})"


def kept_by(path: str) -> Installation | None:
    """Whoever installs programs and keeps one at such a path, and its place there; None for others."""
    try:
        real = follow(LocalFiles(), _absolute(path)).real
    except UserError:  # links in a circle
        return None
    for part, kind in _KEPT_BY:
        above, found, below = f"{real}/".partition(part)
        if found:
            return Installation(kind, f"{above}{part}{below.partition('/')[0]}")
    return None


def _is_file(path: str) -> bool:
    try:
        return os.stat(path).st_mode & _MODE == _FILE
    except (OSError, ValueError):
        return False


def _absolute(path: str) -> str:
    """A path from the root, without `.` and `..`: as os.path.abspath."""
    parts: list[str] = []
    for part in (path if path[:1] == "/" else f"{os.getcwd()}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
