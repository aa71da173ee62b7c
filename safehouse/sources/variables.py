"""What SAFEHOUSE_* variables say: options for whoever starts a program by other means than a shell."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.policy.rule import Tier
from safehouse.sources.settings import Ignored, Item, Settings, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host

START = "SAFEHOUSE_"
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
WORKDIR = "SAFEHOUSE_WORKDIR"
ENV_PASS = "SAFEHOUSE_ENV_PASS"
# Field, and what separates its items.
_LISTS = {
    "SAFEHOUSE_ADD_DIRS": ("add_dirs", ":"),
    "SAFEHOUSE_ADD_DIRS_RO": ("add_dirs_ro", ":"),
    "SAFEHOUSE_APPEND_PROFILE": ("append_profile", ":"),
    "SAFEHOUSE_ENABLE": ("enable", ","),
    ENV_PASS: ("env_pass", ","),
}
DENY_SECRETS = "SAFEHOUSE_DENY_SECRETS"
VARIABLES = (*_LISTS, WORKDIR, DENY_SECRETS)
_TRUST = "SAFEHOUSE_TRUST_WORKDIR_CONFIG"


def settings(host: Host) -> tuple[Settings, ...]:
    """What the variables of the caller ask for: one source, or none."""
    fields = {}
    for name, (field, separator) in _LISTS.items():
        parts = host.environ.get(name, "").split(separator)
        if len(parts) > 1 or separator == ",":  # a path alone is taken to the letter
            parts = [part.strip(" ") for part in parts]
        items = tuple(
            Item(part.lower() if field == "enable" else part, name) for part in parts if part
        )
        if items:
            fields[field] = items
    if _closes_secrets(host):
        fields["deny_secrets"] = (Item("true", DENY_SECRETS),)
    if not fields:
        return ()
    return (said(Tier.ENVIRONMENT, "environment", host.cwd, fields, strict=True),)


def _closes_secrets(host: Host) -> bool:
    """Whether a variable closes a project's secrets; it can undo nothing. Raises UserError."""
    text = host.environ.get(DENY_SECRETS, "")
    if text.strip().lower() in ("", *NO):
        return False
    if text.strip().lower() in YES:
        return True
    raise UserError(
        f"{DENY_SECRETS}: {printable(text)!r} is neither yes nor no",
        "1/0, true/false, yes/no, on/off",
    )


def workdir(host: Host) -> tuple[Item, ...]:
    """The working directory that a variable names ("" for none), if one does."""
    text = host.environ.get(WORKDIR)
    return () if text is None else (Item(text, WORKDIR),)


def ignored(host: Host) -> tuple[Ignored, ...]:
    """What a variable asks for that none may."""
    if not host.environ.get(_TRUST):
        return ()
    why = "tools of a project could set it; use safehouse trust, or --trust-workdir-config"
    return (Ignored("trust in this project's configuration", _TRUST, why),)
