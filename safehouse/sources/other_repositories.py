"""What makes the person's next command of Mercurial or Jujutsu run a program: closed, as git's is."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.policy.rule import DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import WRITE
from safehouse.sources import git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

# Settings, which name hooks, extensions and aliases: https://www.mercurial-scm.org/doc/hgrc.5.html,
# https://docs.jj-vcs.dev/latest/config/. An empty file says as much as none.
_SETTINGS = {
    ".hg": ("hgrc", "hgrc-not-shared"),
    ".jj": ("repo/config.toml", "workspace-config.toml"),
}
# They say which repository, with its settings, this one belongs to.
_LEADS = {".hg": ("sharedpath",), ".jj": ("repo/store/git_target",)}


def grants(host: Host, root: str, open_config: bool = False) -> Iterator[Grant]:
    """Denials for the repositories at `root`; `open_config` leaves git's settings in them open.

    Raises UserError for one that a link leads to, since nothing can hold that in its place.
    """
    for name, settings in _SETTINGS.items():
        place = f"{root.rstrip('/')}/{name}"
        kind = host.files.kind(place)
        if kind == "link":
            raise UserError(
                f"{printable(place)} is a symbolic link, which could be replaced",
                "mend it, or give another directory: --workdir=DIR",
            )
        if kind != "directory":
            continue
        for each in settings:
            yield _denied(f"{place}/{each}", "file:")
        for each in _LEADS[name]:
            yield _denied(f"{place}/{each}")
        if name == ".jj":
            if host.files.kind(f"{place}/repo") == "file":  # a workspace: it says where the rest is
                yield _denied(f"{place}/repo")
            yield from git.around(host, f"{place}/repo/store/git", open_config)


def _denied(path: str, create: str = "") -> Grant:
    reason = "your next hg or jj command would run what it says"
    origin = Origin(Tier.PROTECTED, "repositories", reason)
    return Grant(DENY, WRITE, Filter("literal", path), origin, create, existing_only=not create)
