"""The shipped profiles, and which of them a command needs."""

from __future__ import annotations

from safehouse.errors import UserError, nearest
from safehouse.policy.rule import ALLOW
from safehouse.sources.profile import LAYERS, ON_REQUEST, Profile, profile_of
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safehouse.host import Platform
    from safehouse.policy.rule import Filter
    from safehouse.sources.profile import Record


def records() -> Mapping[str, Record]:
    """The profiles as the build compiled them; in a source checkout, from profiles.yaml itself."""
    try:
        from safehouse.sources import _compiled  # type: ignore[attr-defined]
    except ImportError:
        return _from_yaml()
    compiled: Mapping[str, Record] = _compiled.RECORDS
    return compiled


def _from_yaml() -> Mapping[str, Record]:
    import os

    from safehouse.sources.profile_file import load

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for path in (f"{package}/profiles.yaml", f"{os.path.dirname(package)}/profiles.yaml"):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return load(file.read(), "profiles.yaml")
    raise UserError("profiles.yaml is missing from this installation", "install safehouse again")


class Catalogue(Value):
    """All profiles that there are, for one platform.

    Of a record, `[1]` is the layer, `[5]` the commands and `[6]` what it requires: see Record.
    """

    platform: Platform
    known: Mapping[str, Record]

    def profile(self, name: str) -> Profile:
        """The profile called `name`. Raises KeyError."""
        return profile_of(self.known[name], self.platform)

    def for_command(self, names: Iterable[str]) -> str:
        """The agent or app profile that the first known of some command names is for, or ""."""
        for wanted in names:
            for name, record in self.known.items():
                if wanted in record[5] and record[1] in ON_REQUEST:
                    return name
        return ""

    def in_layers(self, layers: tuple[str, ...]) -> list[str]:
        """The names of the profiles of some layers, in order."""
        return [name for name, record in self.known.items() if record[1] in layers]

    def selected(self, features: tuple[str, ...], agent: str) -> tuple[Profile, ...]:
        """The profiles that are always on, those asked for and what these require, in order.

        Raises UserError for a feature or an agent that is not known.
        """
        wanted = {name for name, record in self.known.items() if record[1] not in ON_REQUEST}
        for feature in features:
            self._check(feature, ("feature",), "--enable")
        if agent:
            self._check(agent, ("agent", "app"), "--agent")
        open_ends = [*features, *([agent] if agent else []), *wanted]
        while open_ends:
            name = open_ends.pop()
            wanted.add(name)
            open_ends += [other for other in self.known[name][6] if other not in wanted]
        order = {layer: number for number, layer in enumerate(LAYERS)}
        ordered = sorted(
            (name for name in self.known if name in wanted),
            key=lambda name: order[self.known[name][1]],
        )
        return tuple(self.profile(name) for name in ordered)

    def _check(self, name: str, layers: tuple[str, ...], option: str) -> None:
        known = self.in_layers(layers)
        if name not in known:
            raise UserError(
                f"{option}: no {layers[0]} is called {name!r}{nearest(name, known)}",
                f"there are: {', '.join(known)}",
            )

    def writable(self) -> Iterable[Filter]:
        """What any program that is confined by any of the profiles may write, as written."""
        for record in self.known.values():
            for grant in profile_of(record, self.platform).grants:
                if grant.action == ALLOW and grant.filter and "file-write*" in grant.operations:
                    yield grant.filter
