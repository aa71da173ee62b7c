"""What would allow an access: the option for once, the command that keeps it, and what else that opens.

For `safehouse why`, and for whoever else has a denial to explain: these are values, not text.
"""

from __future__ import annotations

from safehouse import sandbox
from safehouse.answers.opened import Opened, Opening
from safehouse.errors import UserError, pasted, quoted
from safehouse.files import ancestors
from safehouse.policy.index import Index
from safehouse.policy.match import kind_of
from safehouse.policy.policy import NONE, OPEN
from safehouse.policy.rule import DENY, Tier
from safehouse.policy.words import RENAME
from safehouse.sources import git, trust
from safehouse.sources.configuration import start
from safehouse.sources.sensitive import AGENTS, Places
from safehouse.sources.settings import READ_AND_WRITE, READ_ONLY, Limits, contains
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from safehouse.plan import Plan
    from safehouse.policy.policy import Access, Decision
    from safehouse.policy.rule import Grant
    from safehouse.request import Request
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.profile import Profile
    from safehouse.sources.sensitive import Sensitive

    By = Literal["network", "trust", "feature", "agent", "path", "nothing"]

# They open nearly everything: a path of its own, or another feature, opens less.
_WIDE_FEATURES = ("wide-read", "all-agents", "all-apps")
_VERDICTS: dict[trust.Verdict, str] = {
    trust.UNKNOWN: "and you have not trusted it",
    trust.CHANGED: "and has changed since you looked at it",
    trust.DECLINED: "and it is declined",
}


class Mending(Value):
    """One way to allow an access.

    `once` are the options for one launch, `keep` the command after which every launch here has it;
    "" where there is none. `first` is a command to run before. `name` is that of a feature or an
    agent, `note` a sentence on who closes it. By "nothing" means that there is no way, and `note` why.
    """

    by: By
    once: str = ""
    keep: str = ""
    first: str = ""
    name: str = ""
    note: str = ""
    opens: Opened = Opened()


class Mender:
    """Finds what would allow accesses under a plan. What takes a plan of its own is planned once."""

    def __init__(self, plan: Plan, index: Index | None = None) -> None:
        self.plan = plan
        self.index = index or Index(plan.policy)
        self.catalogue: Catalogue = start(self._request(), plan.host).catalogue
        own = [profile.name for profile in plan.profiles]
        self.places = Places(plan.host, self.catalogue, own)
        self._limits = Limits(plan.host, dict(plan.policy.defines).get("WORKDIR", ""))
        self._opening = Opening(plan.host, self.places)
        self._planned: dict[tuple[object, ...], Index | None] = {}
        self._profiles: dict[str, dict[str, Profile]] = {}
        self._costs: list[str] | None = None

    def _request(self, **changes: object) -> Request:
        return replace(self.plan.request, platform="", **changes)

    def sensitive(self, access: Access) -> Sensitive | None:
        """The place that should stay closed, whoever asks, that an access is about."""
        if not _is_of_file(access) and kind_of(access) != "path":
            return None
        return self.places.place_of(access.target, _writes(access))

    def mendings(self, access: Access) -> tuple[Mending, ...]:
        """The ways to allow an access that is denied by the rules, the one that opens least first.

        There is always one, if only the reason why nothing allows it.
        """
        decision = self.index.decide(access)
        found = [*self._network(access), *self._trust(access)]
        found += [*self._agent(access), *self._features(access, decision)]
        found += [*self._path(access, decision)]
        if not found:
            why = self._nothing(access, decision) or "nothing does while it does not exist"
            found.append(Mending("nothing", note=why))
        return tuple(found)

    # What is asked of another plan

    def _index(self, **changes: object) -> Index | None:
        """The rules of another request; None where there is no such launch."""
        key = tuple(changes.items())
        if key not in self._planned:
            closed = frozenset(self.plan.host.files.closed)
            try:
                plan = sandbox.make_plan(self._request(**changes), self.plan.host)
                self._planned[key] = Index(plan.policy)
            except UserError:  # what it asks for is wrong, or too much
                self._planned[key] = None
            self.plan.host.files.closed.intersection_update(closed)
        return self._planned[key]

    def planned(self, **changes: object) -> Plan | None:
        """The plan of another request, to be asked as well; None where there is no such launch."""
        try:
            return sandbox.make_plan(self._request(**changes), self.plan.host)
        except UserError:
            return None

    def _allows(self, access: Access, **changes: object) -> bool:
        index = self._index(**changes)
        return index is not None and index.decide(access).allowed

    # The ways

    def _network(self, access: Access) -> Iterator[Mending]:
        """Opening the network, where closing it is what denies it."""
        closed = [item for item in self.plan.configuration.said("network") if item.text == NONE]
        if self.plan.policy.network == NONE and closed and self._allows(access, network=OPEN):
            note = f"network: none ({closed[-1].place})"
            yield Mending("network", once=f"--network={OPEN}", note=note)

    def _trust(self, access: Access) -> Iterator[Mending]:
        """Trust, where the project asks for it and the person has not said yes to that."""
        found = self.plan.configuration
        if found.project is None or found.verdict == trust.TRUSTED:
            return
        if self._allows(access, trust=True):
            command = trust.command(found.project.directory, self.plan.host)
            note = f"this project asks for it, {_VERDICTS[found.verdict]}"
            yield Mending("trust", keep=command, note=note)

    def _features(self, access: Access, decision: Decision) -> Iterator[Mending]:
        """The features with which it would be allowed; those that open the least come first."""
        found: set[str] = set()
        for name in self._candidates(access, decision):
            if name in _WIDE_FEATURES and _is_of_file(access):
                continue
            if not found.isdisjoint(self._added(name)):
                continue  # it has one of those before in it
            if self._allows(access, enable=(*self.plan.request.enable, name)):
                found.add(name)
                gives_up = self.catalogue.profile(name).weakens
                opens = self._opening.by_feature(gives_up, self._grants(name))
                keep = self._kept(f"grant --enable={name}")
                yield Mending("feature", f"--enable={name}", keep, name=name, opens=opens)

    def _candidates(self, access: Access, decision: Decision) -> Iterator[str]:
        """The features that may allow it: by what they have rules for, when all are switched on."""
        if self._costs is None:
            names = self.catalogue.in_layers(("feature",))
            self._costs = sorted(names, key=lambda name: len([*self._grants(name)]))
        every = self._index(enable=(*self.plan.request.enable, *self._costs))
        if every is None:
            yield from self._costs
            return
        named = {
            each.rule.origin.source.partition(",")[0]
            for each in every.in_line(access)
            if each.allowed
        }
        for name in self._costs:
            of_git = name == git.FEATURE and decision.rule.origin.source == "git"
            if of_git or not named.isdisjoint(self._added(name)):
                yield name

    def _added(self, name: str) -> dict[str, Profile]:
        """The profiles that a feature adds to the plan's, by name."""
        known = self._profiles.get(name)
        if known is None:
            there = {profile.name for profile in self.plan.profiles}
            wanted, known = [name], {}
            while wanted:
                each = wanted.pop()
                if each not in there and each not in known:
                    known[each] = self.catalogue.profile(each)
                    wanted += known[each].requires
            self._profiles[name] = known
        return known

    def _grants(self, name: str) -> Iterator[Grant]:
        return (grant for profile in self._added(name).values() for grant in profile.grants)

    def _agent(self, access: Access) -> Iterator[Mending]:
        """The agent whose own it is, where none was named."""
        found = self.sensitive(access)
        if found is None or found.group != AGENTS or self.plan.agent:
            return
        if self._allows(access, agent=found.owner):
            note = f"{found.owner} keeps it: with that command, or this option, it is open"
            yield Mending("agent", once=f"--agent={found.owner}", name=found.owner, note=note)

    def _path(self, access: Access, decision: Decision) -> Iterator[Mending]:
        """Naming the path itself, for once and for good."""
        path, writes = access.target, _writes(access)
        if self._nothing(access, decision):
            return
        first, files = "", self.plan.host.files
        there = self._directory_of(access)
        if there and not contains(there, self.plan.host.home):
            path = there
        elif there:
            above = path.rpartition("/")[0] or "/"
            make = "" if files.kind(above) != "missing" else f"mkdir -p {self.word(above)} && "
            first = f"{make}touch {self.word(path)}"
        sensitive = self.places.place_of(access.target, writes) or self.places.place_of(
            path, writes
        )
        if sensitive is not None and files.kind(access.target) == "missing":
            return  # what is not there is not made to be opened
        field = "add_dirs" if writes else "add_dirs_ro"
        if ":" not in path and not first and self._is_doubtful(path, access, decision, sensitive):
            closed = self._still_closed(
                access, **{field: (*getattr(self.plan.request, field), path)}
            )
            if closed:
                yield Mending("nothing", note=closed)
                return
        note = "" if _is_of_file(access) else "what can be seen can be connected to, on this system"
        found = self.by_path(path, writes, (decision,))
        keep = "" if sensitive is not None else found.keep
        yield replace(found, keep=keep, first=first, note=note)

    def by_path(self, path: str, writes: bool, decisions: Iterable[Decision]) -> Mending:
        """Naming a path, against the decisions by which something is denied that is, or lies, there."""
        option = "--add-dirs" if writes else "--add-dirs-ro"
        once = f"{option}={quoted(self._short(path))}" if ":" not in path else ""
        keep = self._kept(f"grant {'--write ' if writes else ''}{self.word(path)}")
        if self.places.place_of(path, writes) is not None or not all(
            self._lasts(path, writes, decision) for decision in decisions
        ):
            keep = ""
        return Mending("path", once, keep, opens=self._opening.by_path(path, writes))

    def _is_doubtful(
        self, path: str, access: Access, decision: Decision, sensitive: Sensitive | None
    ) -> bool:
        """Whether opening a path might not be enough, so that a plan has to tell."""
        kind = self.plan.host.files.kind(path)
        if kind == "link" or (path != access.target and decision.rule.filter is not None):
            return True
        return _writes(access) and (
            kind != "file" or sensitive is not None or access.operation in RENAME
        )

    def _still_closed(self, access: Access, **changes: object) -> str:
        """What would close it still, as when a repository comes with what is opened; "" for nothing."""
        index = self._index(**changes)
        if index is None:
            return "nothing does: it cannot be named in an option"
        decision = index.decide(access)
        return "" if decision.allowed else f"nothing does: {decision.rule.origin.reason}"

    def _lasts(self, path: str, writes: bool, decision: Decision) -> bool:
        """Whether a path can be granted for good: nothing that is said later takes it back."""
        if self.plan.host.files.kind(path) == "link":
            return False
        if decision.rule.filter is not None and decision.rule.origin.tier > Tier.DIRECTORY:
            return False
        for settings, found in self.plan.configuration.sources:
            for named in found if settings.tier > Tier.DIRECTORY else ():
                if named.mode != READ_AND_WRITE and contains(named.real, path):
                    return False
        return not self._limits.too_wide(path, READ_AND_WRITE if writes else READ_ONLY)

    def _kept(self, command: str) -> str:
        """The command that keeps something for the plan's directory, from here; "" where none does."""
        workdir = self._limits.workdir
        if not (command and workdir):
            return ""
        elsewhere = workdir != self.plan.host.cwd or contains(workdir, self.plan.host.home)
        return f"safehouse {command}" + (f" --for={self.word(workdir)}" if elsewhere else "")

    def word(self, path: str) -> str:
        """A path as a word of a command."""
        return pasted(self._short(path))

    def _short(self, path: str) -> str:
        home = self.plan.host.home
        return "~" + path[len(home) :] if contains(home, path) else path

    def _directory_of(self, access: Access) -> str:
        """What has to be open for something to be made or renamed in it; "" for all else."""
        files = self.plan.host.files
        missing = files.kind(access.target) == "missing"
        if not (missing or access.operation in RENAME) or access.target == "/":
            return ""
        return next(above for above in ancestors(access.target) if files.kind(above) != "missing")

    def nothing(self, access: Access) -> str:
        """Why no option allows it; "" where one may."""
        return self._nothing(access, self.index.decide(access))

    def directory_of(self, access: Access) -> str:
        """The directory that has to be open for what is made or renamed in it; "" for all else."""
        return self._directory_of(access)

    def _nothing(self, access: Access, decision: Decision) -> str:
        """Why no option allows it; "" where one does."""
        rule, path = decision.rule, access.target
        if rule.origin.tier == Tier.PROTECTED:
            return "nothing does: it is protected"
        if (
            rule.action == DENY
            and access.operation in RENAME
            and set(rule.operations) <= set(RENAME)
        ):
            return "nothing does: its name keeps something closed that lies in it"
        if rule.origin.tier == Tier.APPENDED:
            return f"an appended profile closes it: change {rule.origin.source}"
        if rule.origin.source == "--deny":
            return "--deny closes it: leave that out"
        seen = rule.filter is None and self._is_seen_to_connect(access)
        if not (_is_of_file(access) or seen):
            return "no option allows it"
        if not path.isprintable():
            return "its name cannot be written into a policy: rename it"
        files, there = self.plan.host.files, self._directory_of(access)
        if there and files.kind(there) != "directory":
            return f"nothing does: {there} is no directory"
        if there and files.kind(path) != "missing" and contains(there, self.plan.host.home):
            return f"nothing does: {there}, which it lies in, holds your whole home"
        return ""

    def _is_seen_to_connect(self, access: Access) -> bool:
        """Whether an access is to a socket which is open as soon as it can be seen."""
        connects = access.operation == "network-outbound" and kind_of(access) == "path"
        there = connects and self.plan.host.files.kind(access.target) == "other"
        return there and sandbox.backend_for(self.plan.host).connects_by_sight


def _is_of_file(access: Access) -> bool:
    """Whether an access is to a file, and not to a socket in the file system."""
    return kind_of(access) == "path" and not access.operation.startswith("network")


def _writes(access: Access) -> bool:
    return access.operation.startswith(("file-write", "file-link", "network-bind"))
