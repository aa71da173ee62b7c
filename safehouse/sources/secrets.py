"""A project's secrets, found by their names: what is there now, and the denials for them.

A name stays: what is denied cannot be renamed, nor can a directory above it (resolve.py). So where
a file lies decides nothing but for directories of fetched packages, into which nothing denied can
be moved for the same reason.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
from errno import ENOENT, ENOTDIR

from safehouse.errors import UserError, pasted, printable
from safehouse.facts import encoded
from safehouse.files import LocalFiles, ancestors
from safehouse.host import MACOS
from safehouse.policy.planting import quoted as in_regex
from safehouse.policy.rule import DENY, Filter, Grant, Origin
from safehouse.sources import git_index, git_places
from safehouse.sources.catalogue import secret_names
from safehouse.sources.secret_names import alternatives
from safehouse.sources.settings import SOCKET, contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from safehouse.host import Host
    from safehouse.sources.secret_names import Names

WHAT = "secrets in the project"
# 2 million take some 4 seconds.
MOST_ENTRIES = 2_000_000
MOST_FOUND = 10_000
_MOST_TOLD = 3
_START = 3
_KERNEL = ("/proc", "/sys", "/dev")


class Secret(Value):
    """A file, or a directory with all that is in it, and why it is taken for a secret."""

    path: str
    directory: bool
    reason: str


class Secrets(Value):
    """What is closed by name: who said so, where it was looked for, and what was there."""

    tier: int
    place: str
    roots: tuple[str, ...]
    names: Names
    found: tuple[Secret, ...]

    def again(self) -> tuple[str, ...]:
        """What is there now and was not found before."""
        known = {secret.path for secret in self.found}
        now = found(self.roots, self.names)
        return tuple(secret.path for secret in now if secret.path not in known)


def looked_for(tier: int, place: str, roots: tuple[str, ...], host: Host) -> Secrets:
    """The secrets in some directories. A host's are looked for once. Raises UserError."""
    names = secret_names()
    files = host.files
    if roots not in files.walked:
        files.walked[roots] = found(roots, names)
    return Secrets(tier, place, roots, names, files.walked[roots])


def grants(secrets: Secrets, platform: str) -> Iterator[Grant]:
    """Denials for what was found. A Mac's are by name as well, so that they hold for new files."""
    if platform == MACOS:
        for root in secrets.roots:
            for reason, filter in _patterns(root, secrets.names):
                origin = Origin(secrets.tier, secrets.place, f"{WHAT}: {reason}")
                yield Grant(DENY, SOCKET, filter, origin)
    for secret in secrets.found:
        origin = Origin(secrets.tier, secrets.place, f"{WHAT}: {secret.reason}")
        filter = Filter("subpath" if secret.directory else "literal", secret.path)
        yield Grant(DENY, SOCKET, filter, origin, existing_only=True, follow=False)


def _patterns(root: str, names: Names) -> Iterator[tuple[str, Filter]]:
    """What is called so at any depth, by the reasons, and what lies in a directory that is."""
    start = f"^{in_regex(root.rstrip('/'))}/(.*/)?"
    inside = Filter("subpath", root)
    fetched = _but(start + alternatives(name for name, _ in names.fetched) + "/")
    for reason, closed in names.by_reason().items():
        kept = names.open_of(closed)
        named = Filter("regex", start + alternatives(closed) + "$")
        but = (_but(start + alternatives(kept) + "$"),) if kept else ()
        yield reason, Filter("require-all", "", (inside, named, *but, fetched))
    below = Filter("regex", start + alternatives(name for name, _ in names.closed) + "/")
    yield "in a directory that is called so", Filter("require-all", "", (inside, below, fetched))


def _but(pattern: str) -> Filter:
    return Filter("require-not", "", (Filter("regex", pattern),))


def found(roots: Iterable[str], names: Names) -> tuple[Secret, ...]:
    """The secrets in some directories, and their other names there.

    Raises UserError where not all can be looked at: what is not seen would stay open.
    """
    return _Search(tuple(roots), names).found()


class _Search:
    """One look through all directories. It asks the system, since it may be repeated."""

    def __init__(self, roots: tuple[str, ...], names: Names) -> None:
        import re

        def compiled(some: Iterable[str]) -> re.Pattern[str]:
            return re.compile(alternatives(some) + r"\Z", re.DOTALL)

        self.roots = roots
        self.is_closed = compiled(name for name, _ in names.closed).match
        self.may_be_closed = _sieve([name.lower() for name, _ in names.closed])
        self.is_open = compiled(name for name, _ in names.open).match
        self.reasons = [(compiled(some).match, why) for why, some in names.by_reason().items()]
        self.fetched = frozenset(name.lower() for name, _ in names.fetched)
        self.files = LocalFiles()
        self.secrets: dict[str, Secret] = {}
        self.left = MOST_ENTRIES

    def found(self) -> tuple[Secret, ...]:
        """All secrets, those first that were found by their name."""
        seen: set[str] = set()
        for root in self.roots:
            for directory, entries in self._walk(root, self.fetched, seen):
                for entry in entries:
                    if self.may_be_closed(entry.name) and self.is_closed(entry.name):
                        self._take(f"{directory}/{entry.name}", entry)
        several = self._with_several_names()
        if several:
            self._add_names(several)
        return tuple(self.secrets.values())

    def _walk(
        self, root: str, without: frozenset[str], seen: set[str]
    ) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
        """Each directory from `root` on, with what is in it; no link is followed."""
        waiting = [root.rstrip("/")]
        while waiting:
            directory = waiting.pop()
            if directory in seen or directory in _KERNEL:
                continue
            seen.add(directory)
            entries = _entries(directory or "/")
            self.left -= len(entries)
            if self.left < 0:
                raise UserError(
                    f"{printable(root)}: more than {MOST_ENTRIES} files to look through for secrets",
                    "open directories in it instead; or, for this launch: --deny-secrets=no",
                )
            yield directory, entries
            waiting += [
                f"{directory}/{entry.name}"
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
                and entry.name.lower() not in without
                and f"{directory}/{entry.name}" not in self.secrets
            ]

    def _take(self, path: str, entry: os.DirEntry[str]) -> None:
        reason = next(why for fits, why in self.reasons if fits(entry.name))
        if entry.is_dir(follow_symlinks=False):
            self._add(path, True, reason)
        elif self.is_open(entry.name):
            return
        elif entry.is_symlink():
            self._follow(path, reason)
        else:
            self._add(path, False, reason)

    def _follow(self, link: str, reason: str) -> None:
        """What a link of such a name leads to, if that is in what is looked through."""
        from safehouse.files import follow

        try:
            real = follow(self.files, link).real
        except UserError:  # they lead in a circle
            return
        kind = self.files.kind(real)
        root = next((root for root in self.roots if root != real and contains(root, real)), "")
        if kind == "missing" or not root or self.is_open(real.rpartition("/")[2]):
            return
        steps = real[len(root) :].split("/")[:-1]
        holds_a_root = any(contains(real, root) for root in self.roots)
        if not holds_a_root and self.fetched.isdisjoint(step.lower() for step in steps):
            self._add(real, kind == "directory", f"{reason}, by the link {printable(link)}")

    def _add(self, path: str, directory: bool, reason: str) -> None:
        self.secrets.setdefault(path, Secret(path, directory, reason))
        if len(self.secrets) > MOST_FOUND:
            raise UserError(
                f"more than {MOST_FOUND} files have names of secrets; the last: {printable(path)}",
                "deny the directories that they are in: --deny=DIR; or: --deny-secrets=no",
            )

    def _with_several_names(self) -> dict[tuple[int, int], str]:
        """The files among the secrets that have another name, by device and number."""
        several: dict[tuple[int, int], str] = {}
        for secret in tuple(self.secrets.values()):
            paths = [secret.path]
            if secret.directory:
                paths = [
                    f"{directory}/{entry.name}"
                    for directory, entries in self._walk(secret.path, frozenset(), set())
                    for entry in entries
                    if not entry.is_dir(follow_symlinks=False)
                ]
            for path in paths:
                try:
                    info = os.lstat(path)
                except OSError:
                    continue
                if info.st_nlink > 1 and info.st_mode & 0o170000 != 0o040000:
                    several[info.st_dev, info.st_ino] = path
        return several

    def _add_names(self, several: dict[tuple[int, int], str]) -> None:
        """Closes other names of the same files, in directories of fetched packages, too."""
        numbers = {number for _, number in several}
        self.left = MOST_ENTRIES
        seen: set[str] = set()
        for root in self.roots:
            for directory, entries in self._walk(root, frozenset(), seen):
                for entry in entries:
                    if entry.inode() not in numbers or entry.is_dir(follow_symlinks=False):
                        continue
                    path = f"{directory}/{entry.name}"
                    try:
                        info = os.lstat(path)
                    except OSError:
                        continue
                    other = several.get((info.st_dev, info.st_ino))
                    if other:
                        self._add(path, False, f"another name of {printable(other)}")


def _sieve(closed: list[str]) -> Callable[[str], bool]:
    """Whether a name may be one of some in lower case: of most it is said quicker than by a regex."""
    whole = {name for name in closed if "*" not in name}
    ends = {name.rpartition(".")[2] for name in closed if name[0] == "*"}
    starts = {name[:_START] for name in closed if name[0] != "*" and "*" in name}
    if any("*" in text for text in (*ends, *starts)):
        return lambda name: True

    def may_be(name: str) -> bool:
        lower = name.lower()
        return lower in whole or lower.rpartition(".")[2] in ends or lower[:_START] in starts

    return may_be


def _entries(directory: str) -> list[os.DirEntry[str]]:
    """What is in a directory. Raises UserError where a program could look and we cannot."""
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError as error:
        if error.errno in (ENOENT, ENOTDIR):
            return []
        for place in (directory, *ancestors(directory)):
            try:
                owner = os.lstat(place).st_uid
            except OSError:
                continue
            if owner != os.getuid() and error.errno in (1, 13):
                return []  # no confined program can change that
            break
        raise UserError(
            f"{printable(directory)} cannot be looked into for secrets: {error.strerror}",
            f"chmod u+rx {pasted(directory, tilde=False)}",
        ) from None


def in_git(host: Host, secrets: Secrets, workdir: str) -> tuple[str, ...]:
    """What to tell of secrets that git has as well: whoever reads the repository reads them."""
    for top in (workdir, *ancestors(workdir)) if workdir else ():
        if host.files.kind(f"{top.rstrip('/')}/.git") in ("directory", "file"):
            own = git_places.repository(host, top).own
            inside = [each.path for each in secrets.found if contains(top, each.path)]
            names = {encoded(path[len(top.rstrip("/")) + 1 :]): path for path in inside}
            known = git_index.tracked(own, tuple(names)) if own and names else []
            return _told(sorted(names[name] for name in known), top)
    return ()


def _told(paths: list[str], top: str) -> tuple[str, ...]:
    if not paths:
        return ()
    few = ", ".join(printable(path[len(top.rstrip("/")) + 1 :]) for path in paths[:_MOST_TOLD])
    more = f" and {len(paths) - _MOST_TOLD} more" if len(paths) > _MOST_TOLD else ""
    return (f"git keeps what is closed as a secret, and commands can read it there: {few}{more}",)
