"""`--explain`: what the command may do, on one screen, for a person who decides whether to trust it."""

from __future__ import annotations

from textwrap import wrap

from safehouse.backends.mounts import AT_THE_START
from safehouse.cli.places import CLOSED, READ, READ_ONLY, WRITE, Places
from safehouse.cli.sources import ignored_lines, said_lines
from safehouse.errors import UserError, printable
from safehouse.host import LINUX
from safehouse.policy.policy import NONE
from safehouse.policy.rule import Opaque
from safehouse.sources.environment import is_usual
from safehouse.sources.secrets import WHAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Union

    from safehouse.cli.places import Mode, Place
    from safehouse.launch import Launch
    from safehouse.plan import Plan
    from safehouse.sources.profile import Profile

    Prepared = Union[Launch, UserError]

# With the `safehouse: ` that stands before each line it is 100.
WIDTH = 89
_HEAD = 13
_MOST_LINES = 30
_MOST_PATHS = 5
_FIRST_NOTES = 3
_MOST_VARIABLES, _MOST_USUAL = 20, 6
_ALL = "--explain=full"
_BOLD, _YELLOW, _PLAIN = "\033[1m", "\033[33m", "\033[0m"
# What is worse stands first, and is not what is left out.
_WHENEVER = "what gets such a name later is closed, too"
_ENDS = "this ends the confinement"


class Section:
    """One head with its items; `least` of them are kept where there is no room for all."""

    def __init__(
        self,
        head: str,
        items: Iterable[str],
        least: int = 99,
        more: Callable[[Sequence[str]], str] = lambda left: f"and {len(left)} more: {_ALL}",
        warns: bool = False,
    ) -> None:
        self.head, self.items, self.least, self.more = head, [*items], least, more
        self.warns = warns
        self.left: list[str] = []

    def shorten(self) -> bool:
        """Leaves out the last item; False where none may be."""
        if len(self.items) <= self.least:
            return False
        self.left.insert(0, self.items.pop())
        return True

    def lines(self, colour: bool = False) -> list[str]:
        """Its lines: the head stands before the first."""
        indent = " " * _HEAD
        found: list[str] = []
        for item in [*self.items, *([self.more(self.left)] if self.left else [])]:
            below = indent + "  "
            found += wrap(
                item, WIDTH, initial_indent=indent, subsequent_indent=below,
                break_on_hyphens=False, break_long_words=False,
            )  # fmt: skip
        if not found:
            return []
        heads = [self.head, *[""] * (len(found) - 1)]
        plain = [(head.ljust(_HEAD), line[_HEAD:]) for head, line in zip(heads, found)]
        if colour:
            mark = _YELLOW if self.warns else ""
            end = _PLAIN if self.warns else ""
            plain = [(f"{_BOLD}{head}{_PLAIN}", f"{mark}{text}{end}") for head, text in plain]
        return [head + text for head, text in plain]


def explanation(plan: Plan, prepared: Prepared, colour: bool = False) -> str:
    """What may be written and read, what is closed, features, network, environment, enforcement.

    `prepared` is the launch, or why there is none.
    """
    return Screen(plan, prepared).text(colour)


class Screen:
    """What there is to say of a plan, in sections."""

    def __init__(self, plan: Plan, prepared: Prepared) -> None:
        self.plan = plan
        self.home = plan.host.home
        self.prepared = prepared
        made = () if isinstance(prepared, UserError) else prepared.creations
        self.places = Places(plan, [each.path for each in made if not each.stub])

    def text(self, colour: bool = False) -> str:
        """The screen."""
        sections = [*self.sections()]
        while sum(len(section.lines()) for section in sections) > _MOST_LINES:
            # From the end: what may be done matters most.
            if not any(section.shorten() for section in reversed(sections)):
                break
        return "\n".join(line for section in sections for line in section.lines(colour))

    def sections(self) -> Iterator[Section]:
        """All of it, in order."""
        plan = self.plan
        yield Section("profile", [self._profile()])
        yield Section("may write", self._opened(WRITE))
        yield Section("may read", self._opened(READ))
        yield Section("closed", self._closed(), 4)
        yield self._features()
        yield Section("network", [self._network()])
        yield Section("environment", [self._variables()])
        yield self._enforcement()
        yield Section("said by", said_lines(plan), 2)
        yield Section("ignored", ignored_lines(plan), 1)
        yield Section("more", [f"{_ALL}, or safehouse why OPERATION TARGET for one thing"])

    def _profile(self) -> str:
        plan = self.plan
        by = plan.agent or "none of an agent"
        return f"{by}, for the command {printable(plan.command[0])}" if plan.command else by

    # What may be done

    def _opened(self, mode: Mode) -> Iterator[str]:
        """The places of a mode by whose they are: the project first, the system last."""
        groups: dict[str, list[Place]] = {}
        for place in self.places.outermost(mode):
            groups.setdefault(self.places.group(place.origin), []).append(place)
        agent = self.plan.agent or "agents"
        for group, label in (
            ("project", "the project"),
            ("git", "git's, outside of the project"),
            ("agent", f"state of {agent}" if mode == WRITE else f"for {agent}"),
            ("you", "by you"),
            ("asked", "by the project's configuration"),
            ("appended", "by your SBPL"),
        ):
            if group in groups:
                yield f"{label}: {self._named(groups[group], group == 'you')}"
        for name, found in self._by_profile(groups.get("feature", [])).items():
            yield f"by the feature {name}: {self._named(found)}"
        tools = groups.get("toolchain", [])
        if tools:
            label = "caches of toolchains" if mode == WRITE else "toolchains"
            yield f"{label}: {', '.join(self._by_profile(tools))} ({_count(tools)})"
        if "system" in groups:
            what = "" if mode == WRITE else " (programs, libraries, settings)"
            yield f"the system{what}: {self._named(groups['system'])}"
        if mode == WRITE:
            yield from self.own()

    def own(self) -> Iterator[str]:
        """What each launch has of its own."""
        host = self.plan.host
        if host.platform == LINUX:
            home = ", and the home around what is listed" if self._home_is_hidden() else ""
            yield f"its own, gone at the end: /tmp{home}"
        elif host.launch_temp:
            yield "its own directory for temporary files, as TMPDIR"

    def _named(self, places: Sequence[Place], sources: bool = False) -> str:
        """Some paths, with who said so where that is a person."""
        names = [printable(place.shown(self.home)) for place in places[:_MOST_PATHS]]
        if sources:
            names = [
                f"{name} ({printable(place.origin.source)})" for name, place in zip(names, places)
            ]
        more = f" and {len(places) - _MOST_PATHS} more" if len(places) > _MOST_PATHS else ""
        return ", ".join(names) + more

    def _by_profile(self, places: Iterable[Place]) -> dict[str, list[Place]]:
        found: dict[str, list[Place]] = {}
        for place in places:
            found.setdefault(self.places.profile(place.origin), []).append(place)
        order = [profile.name for profile in self.plan.profiles]
        return {name: found[name] for name in order if name in found}

    # What is closed

    def _home_is_hidden(self) -> bool:
        return not self.places.is_readable_beside(f"{self.home}/x")

    def _closed(self) -> Iterator[str]:
        """What is closed by name inside of what is open; then all that is not open."""
        closed = [p for p in self.places.outermost(CLOSED) if self._is_inside(p)]
        kept = self.places.outermost(READ_ONLY)
        secrets = self.plan.secrets
        names = {secret.path for secret in secrets.found} if secrets else set()
        by_name = [place for place in closed if place.path in names]
        if secrets:
            some = f": {self._named(by_name)}" if by_name else ""
            later = f"; {AT_THE_START if self.plan.host.platform == LINUX else _WHENEVER}"
            opened = [p for p in self.places.all if p.path in names and p.mode != CLOSED]
            count = len(names) - len({place.path for place in opened})
            yield f"secrets by name, {count} closed by {printable(secrets.place)}{some}{later}"
            if opened:
                yield f"not closed, though it has such a name: {self._named(opened, True)}"
        closed = [place for place in closed if place.path not in names]
        yours = [place for place in closed if self.places.group(place.origin) in ("you", "asked")]
        system = [place for place in closed if self.places.group(place.origin) == "system"]
        others = [place for place in closed if place not in (*yours, *system)]
        of_git = [place for place in kept if place.origin.source == "git"]
        kept = [place for place in kept if place not in of_git]
        if yours:
            yield f"by you: {self._named(yours, True)}"
        if of_git:
            yield f"git, for writing: {self._named(of_git)}"
        if others:
            yield f"secrets and sockets in what is open: {self._named(others)}"
        if self._home_is_hidden():
            how = "is not there" if self.plan.host.platform == LINUX else "is refused"
            yield f"all else in your home, and what is not listed outside of it, {how}"
        if kept:
            yield f"for writing: {self._named(kept)}"
        if not secrets:
            yield f"not closed: {WHAT}; --deny-secrets closes .env, *.pem, ..."
        if system:
            one = min(system, key=lambda place: not place.path.endswith("/shadow"))
            yield f"of the system, {_count(system)}: {self._named([one])} and the like"

    def _is_inside(self, place: Place) -> bool:
        return self.places.is_readable_beside(place.path)

    # What else there is

    def _features(self) -> Section:
        """The features that are on, with what they give up."""
        asked = {item.text for item in self.plan.configuration.said("enable")}
        # One that is required, and means nothing on this system, gives up nothing.
        found = [p for p in self.plan.profiles if p.weakens and (p.name in asked or p.grants)]
        found.sort(key=lambda profile: not profile.weakens.startswith(_ENDS))

        def more(left: Sequence[str]) -> str:
            return f"and {', '.join(each.partition(':')[0] for each in left)}: {_ALL}"

        return Section("features", map(_feature, found), 3, more, warns=True)

    def _network(self) -> str:
        policy = self.plan.policy
        if policy.network == NONE:
            return "none"
        services = sum(
            not isinstance(rule, Opaque)
            and rule.action == "allow"
            and "mach-lookup" in rule.operations
            for rule in policy.rules
        )
        macos = f"; {services} rules for services of macOS" if services else ""
        return f"open: all hosts and ports, those of this computer, too{macos}"

    def _variables(self) -> str:
        """The names of the variables: those first that not every command gets."""
        names = [name for name, _ in self.plan.policy.environment]
        special = [name for name in names if not is_usual(name)]
        usual = [name for name in names if is_usual(name)]
        shown = [*special, *usual[: max(0, _MOST_USUAL - len(special))]][:_MOST_VARIABLES]
        more = len(names) - len(shown)
        return ", ".join(map(printable, shown)) + (f" and {more} more" if more else "")

    def _enforcement(self) -> Section:
        if isinstance(self.prepared, UserError):
            return Section("enforcement", [f"none here: {self.prepared.message}"], warns=True)
        enforcement = self.prepared.enforcement
        items = [
            f"{enforcement.level}, by {enforcement.by}",
            *(f"less: {each.rule.origin}: {each.instead}" for each in enforcement.wider),
            *(f"note: {note}" for note in enforcement.notes),
        ]
        if enforcement.narrower:
            count = _places(len(enforcement.narrower))
            items.append(f"stricter: {count}: not there yet, or less is possible than said")
        # What the system cannot do comes first among the notes.
        least = 1 + len(enforcement.wider) + min(len(enforcement.notes), _FIRST_NOTES)
        return Section("enforcement", items, least, warns=bool(enforcement.wider))


def _feature(profile: Profile) -> str:
    return f"{profile.name}: {profile.weakens}"


def _count(places: Sequence[Place]) -> str:
    return _places(len(places))


def _places(count: int) -> str:
    return f"{count} place{'s' * (count != 1)}"
