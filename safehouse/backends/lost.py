"""What a program wrote into the home that a launch has for itself, which ends with it."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import pasted, printable
from safehouse.files import ancestors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safehouse.backends.mount import Mounts
    from safehouse.policy.policy import Policy

# Can be made again, or is of no use to anybody later.
_WORTHLESS = frozenset(
    """
    .cache .npm .bash_history .lesshst .node_repl_history .psql_history .python_history
    .sqlite_history .sudo_as_admin_successful .viminfo .wget-hsts
    .composer/.htaccess .config/composer/.htaccess .local/share/composer/.htaccess
    .config/go/telemetry .java/.userPrefs .pki .gradle/daemon .sbt
    .local/share/jupyter/runtime .local/share/jupyter/nbsignatures.db .local/share/jupyter/notebook_secret
    .gnupg/pubring.kbx .gnupg/trustdb.gpg
    .config/chromium .config/chromium-headless .config/google-chrome .config/google-chrome-for-testing
    """.split()
)
# Never to be opened because of what a command has put there.
_KEYS = frozenset(".aws .azure .docker .gnupg .kube .ssh".split())
_MOST = 1000
_MOST_TOLD = 3


class PrivateHome:
    """A launch's own home, held so that it can be looked at after the last process has ended."""

    def __init__(self, first: int, mounts: Mounts, home: str) -> None:
        """`first` is the sandbox's first process; nothing is held where its home is the person's."""
        self._home = home
        self._put: frozenset[str] = frozenset()
        self._named: frozenset[str] = frozenset()
        self._descriptor = -1
        if not mounts.home_is_private:
            return
        self._put = frozenset(_put(mounts))
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._descriptor = os.open(f"/proc/{first}/root{home}", flags)
        except OSError:  # it has ended, or the kernel does not show it: nothing is told then
            pass

    def lost(self, policy: Policy) -> tuple[str, ...]:
        """The absolute paths of what is in there and is gone afterwards; directories end in `/`.

        What the policy lets be written there is meant to be lost: caches, locks, temporary files.
        """
        if self._descriptor < 0:
            return ()
        try:
            return tuple(sorted(self._found(self._descriptor, self._home, policy)))
        except OSError:
            return ()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def is_untouched(self) -> bool:
        """Whether nothing is in there but what we have put, so that nothing can be lost."""
        if self._descriptor < 0:
            return True
        worthless = {f"{self._home}/{name}" for name in _WORTHLESS}
        known = self._put | worthless
        ways = {above for path in known for above in ancestors(path)}
        try:
            return self._has_only(self._descriptor, self._home, known, ways)
        except OSError:
            return False

    def _has_only(
        self, directory: int, above: str, known: frozenset[str] | set[str], ways: set[str]
    ) -> bool:
        for name in _names(directory):
            path = f"{above}/{name}"
            if path in known:
                continue
            inside = _opened(directory, name) if path in ways else -1
            if inside < 0:
                return False
            try:
                if not self._has_only(inside, path, known, ways):
                    return False
            finally:
                os.close(inside)
        return True

    def _found(self, directory: int, above: str, policy: Policy) -> Iterator[str]:
        from safehouse.policy.policy import Access

        start = len(self._home) + 1
        for name in _names(directory):
            path = f"{above}/{name}"
            if path in self._put or path[start:] in _WORTHLESS:
                continue
            if policy.decide(Access("file-write-create", path)).allowed:
                continue
            inside = _opened(directory, name)
            if inside < 0:
                yield path
                continue
            try:
                if self._has_names(path, policy):
                    yield from self._found(inside, path, policy)
                elif any(_names(inside)):
                    yield f"{path}/"
            finally:
                os.close(inside)

    def _has_names(self, directory: str, policy: Policy) -> bool:
        """Whether anything in a directory is named, so that it is looked into."""
        if not self._named:
            self._named = frozenset(_named(policy, self._home))
        return directory in self._named


def told(
    paths: tuple[str, ...],
    policy: Policy,
    home: str,
    keepers: Mapping[str, tuple[str, bool]],
    agent: str,
    closed: Mapping[str, str],
) -> str:
    """What to tell the person of what was lost, and how it would stay; "" for nothing.

    `keepers` says of paths which agent's state they are, and whether the command names it; `agent` is
    the one whose profile is in force. The profile opens less than the directory would, and to that
    agent only. `closed` says of paths why nothing is to keep them.
    """
    if not paths:
        return ""
    names = ["~" + path[len(home) :] for path in paths]
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    said = (
        "written in a home of this launch's own, and gone: "
        f"{', '.join(printable(name) for name in names[:_MOST_TOLD])}{more}"
    )
    for keeper, named in dict.fromkeys(keepers[path] for path in paths if path in keepers):
        if named and not agent:
            said += f"\nthat is the state of {keeper}; with its profile it stays: --agent={keeper}"
        else:
            said += f"\nthat is the state of {keeper}, which keeps it where it is started by itself"
    left = [path for path in paths if path not in keepers]
    for path in [path for path in left if path in closed][:_MOST_TOLD]:
        said += f"\nleave it so: {printable('~' + path[len(home) :])}: {closed[path]}"
    if not left:
        return said
    from safehouse.policy.policy import Access

    # What may be read and not written runs, or decides, outside too; keys are nobody else's.
    if any(
        path in closed
        or path[len(home) + 1 :].partition("/")[0] in _KEYS
        or policy.decide(Access("file-read-data", path.rstrip("/"))).allowed
        for path in left
    ):
        return (
            f"{said}\nyour programs, settings and keys are not changed from inside: do this outside"
        )
    keep = pasted("~" + left[0][len(home) :].rstrip("/"))
    make = "mkdir -p" if left[0][-1] == "/" else "touch"
    return f"{said}\nto keep it from now on: {make} {keep} && safehouse grant --write {keep}"


def _named(policy: Policy, home: str) -> Iterator[str]:
    """The directories above all that has a name in the policy, or here."""
    from safehouse.policy.rule import PATH_KINDS, Opaque

    for name in _WORTHLESS:
        yield from ancestors(f"{home}/{name}")
    for rule in policy.rules:
        if not isinstance(rule, Opaque) and rule.filter and rule.filter.kind in PATH_KINDS:
            yield from ancestors(rule.filter.value)


def _names(directory: int) -> Iterator[str]:
    """The first names in a directory, one by one: a program may have made millions of files."""
    with os.scandir(directory) as entries:
        for count, entry in enumerate(entries):
            if count == _MOST:
                return
            yield entry.name


def _opened(directory: int, name: str) -> int:
    """A directory in another one, by descriptor; -1 for what is none."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=directory)
    except OSError:
        return -1


def _put(mounts: Mounts) -> Iterable[str]:
    """What is there because we have put it there."""
    yield from (mount.path for mount in mounts.mounts)
    yield from (path for path, _ in mounts.links)
    yield from (creation.path for creation in mounts.creations)
