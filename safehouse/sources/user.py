"""The person's own configuration: config.yaml, and the profiles in profiles.d."""

from __future__ import annotations

from safehouse.policy.rule import Tier
from safehouse.sources import own_files, protected
from safehouse.sources.settings import Ignored, Item, Settings, said
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safehouse.host import Host
    from safehouse.sources.profile import Record
    from safehouse.sources.settings_file import Section, User

FILE = "config.yaml"
PROFILES = "profiles.d"
_FIELDS = {
    "add-dirs": "add_dirs",
    "add-dirs-ro": "add_dirs_ro",
    "deny": "deny",
    "enable": "enable",
    "env-pass": "env_pass",
    "append-profile": "append_profile",
    "args": "args",
    "network": "network",
    "deny-secrets": "deny_secrets",
}


class Configuration(Value):
    """What config.yaml says; `name` is the file as messages show it.

    `defaults` are the options that have one value, by their name without dashes in front; `shims`
    the agents that the person wants to start confined by typing their name, None where they do not say.
    """

    name: str
    general: Settings
    defaults: dict[str, Item]
    agents: dict[str, tuple[Settings, dict[str, Item]]]
    shims: tuple[Item, ...] | None = None


def configuration(host: Host) -> Configuration | None:
    """The person's configuration, None where there is none. Raises UserError for a wrong one."""
    path = f"{protected.configuration(host)}/{FILE}"
    data = own_files.read(path, host)
    if data is None:
        return None
    name = own_files.short(path, host)
    section: Section = {}
    agents: dict[str, Section] = {}
    if not own_files.says_nothing(data):
        parsed = own_files.understood(data, "config", host, lambda data: _parsed(name, data))
        section, agents = parsed
    return Configuration(
        name,
        settings(section, Tier.USER, name, name, host.home),
        _defaults(section, name),
        {
            agent: (
                settings(own, Tier.USER, f"{name}, agent {agent}", name, host.home),
                _defaults(own, name),
            )
            for agent, own in agents.items()
        },
        items(section, "shims", name) if "shims" in section else None,
    )


def unknown_agents(found: Configuration, known: Iterable[str]) -> tuple[Ignored, ...]:
    """The sections for agents that no profile is called after."""
    names = set(known)
    return tuple(
        Ignored(f"agents: {agent}", found.name, "no agent has this name")
        for agent in found.agents
        if agent not in names
    )


def profiles(host: Host, shipped: Mapping[str, Record]) -> list[Record]:
    """The profiles of profiles.d in the order of the files' names; those of a shipped name extend it."""
    files = []
    for path in profile_files(host):
        data = own_files.read(path, host)
        if data is not None and not own_files.says_nothing(data):
            files.append((own_files.short(path, host), data))
    if not files:
        return []
    known = tuple(shipped)
    # All of them together, and what they can refer to: another release may ship other profiles.
    text = b"\0".join([",".join(known).encode(), *(n.encode() + b"\0" + d for n, d in files)])
    return own_files.understood(text, "profiles", host, lambda _: _profiles(files, known))


def profile_files(host: Host) -> list[str]:
    """The files of profiles.d, in the order in which they are read."""
    directory = f"{protected.configuration(host)}/{PROFILES}"
    return [f"{directory}/{name}" for name in own_files.names(directory, ".yaml")]


def settings(section: Section, tier: int, name: str, file: str, base: str) -> Settings:
    """What a section of a file says, as of one source."""
    lists = {_FIELDS[key]: items(section, key, file) for key in section if key in _FIELDS}
    return said(tier, name, base, lists)


def items(section: Section, key: str, file: str) -> tuple[Item, ...]:
    """What a key of a section says, with its places."""
    return tuple(Item(text, f"{file}:{line}") for text, line in section.get(key, ()))


def _defaults(section: Section, file: str) -> dict[str, Item]:
    single = (key for key in section if key not in _FIELDS and key != "shims")
    return {key: items(section, key, file)[0] for key in single}


def _parsed(name: str, data: bytes) -> User:
    from safehouse.sources.settings_file import user

    return user(data, name)


def _profiles(files: list[tuple[str, bytes]], known: tuple[str, ...]) -> list[Record]:
    from safehouse.sources.profile_file import load

    found: list[Record] = []
    names = set(known)
    for file, data in files:
        records = load(data, file, frozenset(names))
        found += records.values()
        names |= records.keys()
    return found
