"""The shipped profiles, and which of them a command needs."""

from __future__ import annotations

from safehouse.errors import UserError, nearest
from safehouse.policy.rule import ALLOW
from safehouse.sources.profile import LAYERS, ON_REQUEST, Profile, extended, profile_of
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safehouse.host import Platform
    from safehouse.policy.rule import Filter, Grant
    from safehouse.sources.profile import Record
    from safehouse.sources.secret_names import Names
    from safehouse.sources.sensitive import Group


def records() -> Mapping[str, Record]:
    """The profiles as the build compiled them; in a source checkout, from profiles.yaml itself."""
    try:
        from safehouse.sources import _compiled  # type: ignore[attr-defined]
    except ImportError:
        from safehouse.sources import checkout

        return checkout.parsed()[0]
    compiled: Mapping[str, Record] = _compiled.RECORDS
    return compiled


def secret_names() -> Names:
    """The names by which a project's secrets are known, from the same places."""
    from safehouse.sources.secret_names import Names

    try:
        from safehouse.sources import _compiled  # type: ignore[attr-defined]
    except ImportError:
        from safehouse.sources import checkout

        return Names(*checkout.parsed()[1])
    return Names(*_compiled.SECRETS)


def sensitive_groups() -> tuple[Group, ...]:
    """The places that should stay closed, from the same places."""
    try:
        from safehouse.sources import _compiled  # type: ignore[attr-defined]
    except ImportError:
        from safehouse.sources import checkout

        return checkout.parsed()[2]
    groups: tuple[Group, ...] = _compiled.SENSITIVE
    return groups


class Catalogue(Value):
    """All profiles that there are, for one platform.

    `shipped` are ours, `own` the person's: those of a shipped name extend it. Of a
    record, `[0]` is the name, `[1]` the layer ("" of an extension), `[5]` the commands, `[6]` what
    it requires, `[10]` the rules, `[11]` its line, `[12]` what moves its directories, `[13]` the
    bundles, `[14]` the packages and `[15]` the commands that get no shim unasked: see Record.
    """

    platform: Platform
    shipped: Mapping[str, Record]
    own: tuple[Record, ...] = ()

    @property
    def known(self) -> Mapping[str, Record]:
        """All profiles by their names, the person's behind the shipped ones."""
        added = {record[0]: record for record in self.own if record[1]}
        return {**self.shipped, **added} if added else self.shipped

    def profile(self, name: str) -> Profile:
        """The profile called `name`, with what extends it. Raises KeyError."""
        profile = profile_of(self.known[name], self.platform)
        for extension in self._extensions(name):
            profile = extended(profile, profile_of(extension, self.platform))
        return profile

    def _extensions(self, name: str) -> list[Record]:
        return [record for record in self.own if record[0] == name and not record[1]]

    def for_command(self, names: Iterable[str]) -> str:
        """The agent or app profile that the first known of some names of commands or packages is for.

        "" where there is none.

        The person's own profiles go before those that are shipped.
        """
        known = self.known
        for wanted in names:
            for record in (*self.own, *self.shipped.values()):
                if wanted in (*record[5], *record[14]) and known[record[0]][1] in ON_REQUEST:
                    return record[0]
        return ""

    def in_layers(self, layers: tuple[str, ...]) -> list[str]:
        """The names of the profiles of some layers, in order."""
        return [name for name, record in self.known.items() if record[1] in layers]

    def selected(self, features: tuple[str, ...], agent: str) -> tuple[Profile, ...]:
        """The profiles that are always on, those asked for and what these require, in order.

        Raises UserError for a feature or an agent that is not known.
        """
        known = self.known
        wanted = {name for name, record in known.items() if record[1] not in ON_REQUEST}
        for feature in features:
            self.check(feature, ("feature",), "--enable")
        if agent:
            self.check(agent, ("agent", "app"), "--agent")
        open_ends = [*features, *([agent] if agent else []), *wanted]
        while open_ends:
            name = open_ends.pop()
            wanted.add(name)
            for record in (known[name], *self._extensions(name)):
                open_ends += [other for other in record[6] if other not in wanted]
        order = {layer: number for number, layer in enumerate(LAYERS)}
        ordered = sorted(
            (name for name in known if name in wanted), key=lambda name: order[known[name][1]]
        )
        return tuple(self.profile(name) for name in ordered)

    def check(self, name: str, layers: tuple[str, ...], option: str) -> None:
        """Raises UserError if no profile of these layers has the name."""
        known = self.in_layers(layers)
        if name not in known:
            raise UserError(
                f"{option}: no {layers[0]} is called {name!r}{nearest(name, known)}",
                f"safehouse profiles lists every {layers[0]}",
            )

    def is_elsewhere(self, name: str) -> bool:
        """Whether a profile, with what it requires, has rules, and none of them for this platform."""
        records = (self.known[name], *self._extensions(name))
        rules = [rule for record in records for rule in record[10]]
        if rules:
            return all(rule[2] not in ("", self.platform) for rule in rules)
        required = [other for record in records for other in record[6]]
        return bool(required) and all(self.is_elsewhere(other) for other in required)

    def for_bundle(self, name: str) -> str:
        """The profile of an app by its bundle's name (`X.app`), or ""."""
        for record in (*self.own, *self.shipped.values()):
            if name in record[13]:
                return record[0]
        return ""

    def homes(self) -> Iterator[tuple[str, str]]:
        """The variables that move a directory of any of the profiles, each with the directory."""
        for record in (*self.shipped.values(), *self.own):
            yield from record[12]

    def grants(self) -> Iterator[tuple[str, Grant]]:
        """All that any of the profiles says, as written, with the profile's name."""
        for record in (*self.shipped.values(), *self.own):
            for grant in profile_of(record, self.platform).grants:
                yield record[0], grant

    def writable(self) -> Iterable[Filter]:
        """What any program that is confined by any of the profiles may write, as written."""
        for _, grant in self.grants():
            if grant.action == ALLOW and grant.filter and "file-write*" in grant.operations:
                yield grant.filter
