"""A named set of grants, and the plain record that it is stored as."""

from __future__ import annotations

from safehouse.policy.rule import Filter, Grant, Origin, Tier
from safehouse.value import Value, made, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.policy.rule import Action

    # A record has tuples, strings, integers and booleans only: the build writes `repr()` of it into
    # a module, which loads as one constant.
    Target = tuple[str, str, str, int]  # kind of filter ("": none), value, reason, line
    Rules = tuple[Action, tuple[str, ...], str, str, bool, bool, tuple[Target, ...]]
    #             action, operations, platform ("": every), create, existing_only, follow, targets
    Record = tuple[
        str,  # name
        str,  # layer
        str,  # summary
        str,  # weakens
        str,  # file
        tuple[str, ...],  # commands
        tuple[str, ...],  # requires
        tuple[str, ...],  # passes
        tuple[tuple[str, str, str], ...],  # environment: platform ("": every), name, value
        tuple[tuple[str, str], ...],  # arguments: platform ("": every), argument
        tuple[Rules, ...],
        int,  # line of its name in the file
        tuple[tuple[str, str], ...],  # homes: variable, the directory that it moves
        tuple[str, ...],  # bundles
        tuple[str, ...],  # packages
        tuple[str, ...],  # commands that other programs are called as well
    ]

LAYERS = ("base", "system", "network", "toolchain", "shared", "core", "feature", "agent", "app")
ON_REQUEST = ("feature", "agent", "app")
PLATFORMS = ("macos", "linux")


class Profile(Value):
    """What one entry of profiles.yaml says for one platform.

    `weakens` says in one line what a feature gives up. `environment` are defaults that the caller's
    own values win over; `arguments` are put behind the command's name. The layers in ON_REQUEST are
    chosen by command, package, app bundle (`bundles`) or name, those before them are always in force.
    `passes` are variables of the caller that are handed on: an agent's own sign-in. `homes` are
    variables that move a directory, with the directory as it is without them.
    """

    name: str
    layer: str
    summary: str
    weakens: str = ""
    commands: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    homes: tuple[tuple[str, str], ...] = ()
    bundles: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def extended(profile: Profile, by: Profile) -> Profile:
    """The profile with the person's extension of it, which has the last word."""
    return replace(
        profile,
        commands=profile.commands + by.commands,
        requires=profile.requires + by.requires,
        passes=profile.passes + by.passes,
        environment=tuple({**dict(profile.environment), **dict(by.environment)}.items()),
        arguments=profile.arguments + by.arguments,
        grants=profile.grants + by.grants,
        homes=profile.homes + by.homes,
        bundles=profile.bundles + by.bundles,
        packages=profile.packages + by.packages,
    )


def profile_of(record: Record, platform: str) -> Profile:
    """The profile, with only what `platform` ("macos" or "linux") is concerned with."""
    name, layer, summary, weakens, file, commands, requires, passes = record[:8]
    environment, arguments, rules, _, homes, bundles, packages, _ = record[8:]
    here = ("", platform)
    tier = Tier.BASE if layer in ("base", "system", "network") else Tier.PROFILE
    grants = []
    for action, operations, on, create, existing_only, follow, targets in rules:
        if on not in here:
            continue
        for kind, value, reason, line in targets:
            origin = made(Origin, (tier, f"{name}, {file}:{line}", reason))
            filter = made(Filter, (kind, value, ())) if kind else None
            fields = (action, operations, filter, origin, create, existing_only, follow, "")
            grants.append(made(Grant, fields))
    defaults = {key: value for on, key, value in environment if not on}
    defaults.update((key, value) for on, key, value in environment if on == platform)
    return Profile(
        name,
        layer,
        summary,
        weakens,
        commands,
        requires,
        passes,
        tuple(defaults.items()),
        tuple(argument for on, argument in arguments if on in here),
        tuple(grants),
        homes,
        bundles,
        packages,
    )
