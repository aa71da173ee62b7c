"""What to do about denials: for each group of them the one command, or why it should stay as it is."""

from __future__ import annotations

from os.path import commonpath

from safehouse import sandbox
from safehouse.answers.answer import Asked
from safehouse.answers.mending import Mender
from safehouse.answers.question import question
from safehouse.denials.denial import LOOK
from safehouse.denials.learned import short
from safehouse.denials.merging import Need, merged
from safehouse.denials.row import Row
from safehouse.denials.trees import SEEN_IS_CONNECTED, Trees
from safehouse.errors import UserError, pasted, printable
from safehouse.files import ancestors
from safehouse.host import Host
from safehouse.policy.planting import Planting
from safehouse.sources.settings import contains
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.answers.mending import Mending
    from safehouse.denials.denial import Denial
    from safehouse.denials.row import Kind
    from safehouse.plan import Plan

MOST_ROWS = 100
_MOST_ASKED = 5  # of things that should stay closed for one reason, after a feature for one of them
_FAR = "it is on a network mount, or on one that mounts by itself: not looked at"
_SOCKET = f"it is a socket, and {SEEN_IS_CONNECTED}"
_ORDER = ("read", "write", "run", "connect", "look")


def advised(plan: Plan, denials: Iterable[Denial]) -> tuple[Row, ...]:
    """The rows for a person, what can be mended first."""
    in_order = sorted(denials, key=lambda d: (d.access.target, d.access.operation, d.named))
    return _Advice(plan, tuple(in_order)).rows()


class _Advice:
    def __init__(self, plan: Plan, denials: tuple[Denial, ...]) -> None:
        self.plan = plan
        self.denials = denials
        self.mender = Mender(plan)
        self._connects_by_sight = sandbox.backend_for(plan.host).connects_by_sight
        self.trees = Trees(
            plan.host, self.mender.places, dict(plan.policy.defines).get("WORKDIR", ""),
            self._connects_by_sight,
        )  # fmt: skip
        self._left = MOST_ROWS
        self._unmended: set[Need] = set()

    def rows(self) -> tuple[Row, ...]:
        closed: dict[str, list[Denial]] = {}
        paths: list[Denial] = []
        others: dict[tuple[str, ...], list[Denial]] = {}
        for denial in self.denials:
            looks = denial.of_file and not denial.far
            found = self.mender.sensitive(denial.access) if looks else None
            if denial.noise:
                others.setdefault(("noise", denial.noise), []).append(denial)
            elif denial.far:
                others.setdefault(("nothing", _FAR), []).append(denial)
            elif found is not None:
                closed.setdefault(f"{found.what}: {found.because}", []).append(denial)
            elif denial.unexplained:
                others.setdefault(("unexplained", denial.does), []).append(denial)
            elif denial.of_file and self.mender.nothing(denial.access):
                others.setdefault(("nothing", self.mender.nothing(denial.access)), []).append(
                    denial
                )
            elif denial.of_file and not denial.access.operation.startswith("network"):
                paths.append(denial)
            else:
                others.setdefault(("one", denial.does, denial.access.target), []).append(denial)
        rows = [*self._paths(paths), *self._closed(closed)]
        rows += [self._other(key, group) for key, group in others.items()]
        rank = ("path", "feature", "link", "option", "closed", "nothing", "noise")
        return tuple(sorted(rows, key=lambda row: (rank.index(row.kind), -row.count, row.target)))

    # What a path opens

    def _paths(self, denials: list[Denial]) -> Iterator[Row]:
        needs: dict[Need, list[Denial]] = {}
        for denial in denials:
            needs.setdefault(self._need(denial), []).append(denial)
        needs = self._without_ways(needs)
        groups: dict[Need, list[Denial]] = {}
        together = set(merged(needs, self.trees.may))
        for need, group in needs.items():
            wide = self._covering(need, together)
            groups.setdefault(wide, []).extend(group)
        chosen = sorted(
            groups, key=lambda need: (-sum(d.count for d in groups[need]), _order(need))
        )
        for need, group in self._verified({need: groups[need] for need in chosen[:MOST_ROWS]}):
            yield self._path(need, group)
        rest = [denial for need in chosen[MOST_ROWS:] for denial in groups[need]]
        if rest:
            yield replace(self._row("nothing", rest), note="too much to look at one by one")

    def _covering(self, need: Need, together: set[Need]) -> Need:
        for path in (need.path, *ancestors(need.path)):
            for writes in (need.writes, True):
                if Need(path, writes) in together:
                    return Need(path, writes)
        raise AssertionError(need)

    def _without_ways(self, needs: dict[Need, list[Denial]]) -> dict[Need, list[Denial]]:
        """Without directories that were only looked at on the way to what lies in them."""
        inner: dict[str, Need] = {}
        for need in needs:
            for above in ancestors(need.path):
                inner[above] = min(inner.get(above, need), need, key=_order)
        found = {need: [*group] for need, group in needs.items()}
        for need in sorted(needs, key=_order):
            beyond = inner.get(need.path)
            if beyond and all(denial.does == LOOK for denial in needs[need]):
                found[beyond] += found.pop(need)
        return found

    def _need(self, denial: Denial) -> Need:
        """The path that has to be open for it."""
        there = self.mender.directory_of(denial.access)
        if there and not contains(there, self.plan.host.home):
            return Need(there, True)
        return Need(denial.access.target, denial.writes)

    def _verified(self, groups: dict[Need, list[Denial]]) -> list[tuple[Need, list[Denial]]]:
        """The needs that, once granted, let something be done: by asking the plan that has them all."""
        files = self.plan.host.files
        there = [need for need in groups if files.kind(need.path) not in ("missing", "link")]
        together = self._with(there)
        for need in there:
            asked = together or self._with([need])
            group = groups[need]
            if asked is None or not any(_mends(asked, each, self.plan.host) for each in group):
                self._unmended.add(need)
        return sorted(groups.items(), key=lambda pair: _order(pair[0]))

    def _with(self, needs: list[Need]) -> Asked | None:
        read = tuple(need.path for need in needs if not need.writes and ":" not in need.path)
        write = tuple(need.path for need in needs if need.writes and ":" not in need.path)
        request = self.plan.request
        plan = self.mender.planned(
            add_dirs=(*request.add_dirs, *write), add_dirs_ro=(*request.add_dirs_ro, *read)
        )
        if plan is None:
            return None
        try:
            return Asked(plan)
        except UserError:
            return None

    def _path(self, need: Need, group: list[Denial]) -> Row:
        row = self._row("path", group, need)
        if need in self._unmended:
            return self._by_link(row, group)
        files = self.plan.host.files
        is_tree = files.kind(need.path) == "directory"
        obstacle = self.trees.obstacle(need.path, need.writes) if is_tree else ""
        mendings = self._mendings(group[0])
        special = mendings[0] if mendings and mendings[0].by in ("network", "trust") else None
        if special:
            return _by(row, special)
        if obstacle:
            return self._instead(replace(row, kind="nothing", note=obstacle), mendings)
        found = self.mender.by_path(need.path, need.writes, [each.decision for each in group])
        row = replace(row, once=found.once, keep=found.keep, opens=_opened(found), tree=is_tree)
        if files.kind(need.path) == "missing":
            row = self._made(row, need, group)
        if not row.keep:
            return self._instead(replace(row, kind="option"), mendings)
        if self._is_seen_to_connect(need.path):
            return replace(row, kind="option", note=_SOCKET)
        return replace(row, harmless=self._is_harmless(row, need.path, need.writes))

    def _by_link(self, row: Row, group: list[Denial]) -> Row:
        """A row for what a grant of its real path would not mend: links to it are not to be seen."""
        denial = next((each for each in group if each.links), None)
        host = self.plan.host
        if (
            denial is None
            or self.mender.places.place_of(denial.named, denial.writes) is not None
            or Planting(host, self.mender.catalogue.writable).suspects(host.resolve(denial.named))
        ):
            return replace(row, kind="nothing", note="nothing that can be granted would allow it")
        real = denial.access.target
        is_tree = host.files.kind(real) == "directory"
        obstacle = self.trees.obstacle(real, denial.writes) if is_tree else ""
        if obstacle or self._is_seen_to_connect(real):
            return replace(row, kind="nothing", note=obstacle or _SOCKET)
        link = printable(short(denial.links[0][0], host.home))
        note = f"{link} is a link; a grant opens only what it leads to, a profile the link as well"
        learn = f"safehouse learn --profile -- {pasted(self.plan.command[0])} ..."
        return replace(
            row, kind="link", target=denial.named, tree=False, once=learn, note=note,
            harmless=self._is_harmless(row, real, denial.writes),
        )  # fmt: skip

    def _is_harmless(self, row: Row, path: str, writes: bool) -> bool:
        """Whether it opens files for reading, and nothing else."""
        kind = self.plan.host.files.kind(path)
        return not writes and "run" not in row.does and kind in ("file", "directory")

    def _is_seen_to_connect(self, path: str) -> bool:
        return self._connects_by_sight and self.plan.host.files.is_socket(path)

    def _made(self, row: Row, need: Need, group: list[Denial]) -> Row:
        """What has to be made before it can be granted."""
        directory = any(each.makes and each.access.target == need.path for each in group)
        directory = directory or any(each.access.target != need.path for each in group)
        make = "mkdir -p" if directory else "touch"
        first = f"{make} {self.mender.word(need.path)}"
        return replace(row, first=first, make="directory" if directory else "file")

    def _instead(self, row: Row, mendings: tuple[Mending, ...]) -> Row:
        """A row with the feature that would do, if there is one."""
        for mending in mendings:
            if mending.by == "feature":
                opens = mending.opens
                return replace(
                    row, kind="feature" if row.kind != "closed" else "closed", feature=mending.name,
                    once=mending.once, keep=mending.keep, gives_up=opens.gives_up,
                )  # fmt: skip
            if mending.by == "agent" and row.kind == "closed":
                return replace(row, once=mending.once)
        return row

    # The others

    def _closed(self, groups: dict[str, list[Denial]]) -> Iterator[Row]:
        for why, group in groups.items():
            row = replace(self._row("closed", group), note=why)
            for denial in group[:_MOST_ASKED]:
                row = self._instead(row, self._mendings(denial)) if not row.feature else row
            yield row

    def _other(self, key: tuple[str, ...], group: list[Denial]) -> Row:
        if key[0] == "noise":
            return replace(self._row("noise", group), note=key[1])
        if key[0] == "unexplained":
            note = (
                "this policy allows it: the system itself refused it, or a policy within this one"
            )
            return replace(self._row("nothing", group), note=note)
        if key[0] == "nothing":
            return replace(self._row("nothing", group), note=key[1])
        row = self._row("nothing", group)
        mendings = self._mendings(group[0])
        if not mendings or mendings[0].by == "nothing":
            return replace(row, note=mendings[0].note if mendings else "no option allows it")
        if mendings[0].by in ("network", "trust", "path"):
            return _by(row, mendings[0])
        return self._instead(replace(row, note=mendings[0].note), mendings)

    def _mendings(self, denial: Denial) -> tuple[Mending, ...]:
        self._left -= 1
        return self.mender.mendings(denial.access) if self._left >= 0 else ()

    def _common(self, targets: list[str]) -> str:
        """The one target, or the directory that several have in common; else the first of them."""
        if len(targets) > 1 and all(target[:1] == "/" for target in targets):
            found = commonpath(targets)
            if not contains(found, self.plan.host.home):
                return found
        return targets[0]

    def _row(self, kind: Kind, group: list[Denial], need: Need | None = None) -> Row:
        done = dict.fromkeys(each.does for each in group)
        does = sorted(done, key=lambda d: (_ORDER.index(d) if d in _ORDER else 9, d))
        if len(does) > 1 and "look" in does:
            does.remove("look")
        targets = dict.fromkeys(
            each.access.target for each in group
            if not need or contains(need.path, each.access.target) or each.does != LOOK
        )  # fmt: skip
        target = need.path if need else self._common([*targets])
        program = next((each.program for each in group if each.program), "")
        origin = group[0].decision.rule.origin
        rule = "" if group[0].decision.rule.operations == ("default",) else origin.source
        return Row(
            kind, tuple(does), target, target not in targets,
            len(targets), sum(each.count for each in group), program, rule,
            origin.reason if rule else "", writes=need.writes if need else group[0].writes,
            lost=all(each.lost for each in group),
        )  # fmt: skip


def _order(need: Need) -> tuple[str, bool]:
    return need.path, need.writes


def _mends(asked: Asked, denial: Denial, host: Host) -> bool:
    try:
        word = denial.access.operation
        return asked.answer(question(word, denial.named, host)).allowed
    except UserError:
        return False


def _by(row: Row, mending: Mending) -> Row:
    keep = mending.keep if mending.by == "path" else ""
    once = mending.once or mending.keep
    return replace(row, kind="option", once=once, keep=keep, note=mending.note)


def _opened(mending: Mending) -> str:
    from safehouse.answers.opened import MOST_COUNTED

    opens = mending.opens
    if not opens.directory or opens.entries < 1:
        return ""
    more = "more than " if opens.entries == MOST_COUNTED else ""
    return f"{more}{opens.entries} {'entries' if opens.entries > 1 else 'entry'}"
