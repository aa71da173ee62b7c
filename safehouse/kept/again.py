"""A launch that was planned before, started again without planning, if it would be planned the same.

keep.py says what is kept. It lies in ~/.cache/safehouse/launches, which no confined program can look
into or write. What is imported here is paid for by every launch.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
import sys

from safehouse import facts
from safehouse.errors import REFUSED, UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from safehouse.audit import Begun
    from safehouse.backends.lost import PrivateHome
    from safehouse.backends.mount import Mounts
    from safehouse.launch import Launch
    from safehouse.request import Request

    # As marshal has it; a tuple of one name in a word's place stands for that variable's value.
    Entry = dict[str, Any]

FORM = 1  # of what is kept; another one is not read
MOST_BYTES = 2 << 20
_MOST_WORDS = 100_000  # in characters: longer ones may need another way to be passed on
_LAUNCHES = "/.cache/safehouse/launches"
_OWN_FILE, _OWN_DIRECTORY = 0o100600, 0o040700


def start(
    argv: list[str], tell: Callable[[str], None], request: Callable[[list[str]], Request]
) -> int | None:
    """Starts the launch of these arguments from what is kept; None where it has to be planned.

    `tell` and what is raised are as for sandbox.run; `request` understands arguments.
    """
    found = kept(argv)
    if found is None:
        return None
    entry, launch = found
    begun = _begun(entry, argv, tell)
    status, home = REFUSED, None
    try:
        if entry["mounts"] is None:
            from safehouse.backends import sandbox_exec

            status = sandbox_exec.start(launch)
        else:
            status, home = _in_bubblewrap(entry, launch)
    finally:
        if begun:
            from safehouse import audit

            audit.end(begun, status, tell)
    for sentence in _told(entry, home, lambda: request(argv)):
        tell(sentence)
    return status


def kept(argv: list[str]) -> tuple[Entry, Launch] | None:
    """What is kept for these arguments, and the launch that it makes; None where nothing holds."""
    words = head(argv)
    if not words or sum(map(len, argv)) > _MOST_WORDS:
        return None
    environ = facts.environment()
    path = place(words, environ)
    entry = read(path) if path else None
    if entry is None or not _holds(entry, environ) or not _has_policy(entry):
        return None
    return entry, _launch(entry, environ, tuple(argv[len(words) :]))


def head(argv: list[str]) -> tuple[str, ...]:
    """The words up to the command's name: those behind it are its own, and no plan depends on them.

    Nothing where only a table of options could tell.
    """
    if argv[0][:1] != "-" and argv[0] != "run":
        return (argv[0],)
    if "--" not in argv:
        return ()
    words = argv[: argv.index("--") + 2]
    return tuple(words) if words[-1] != "--" else ()


def place(words: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """The file for a launch of these words here; "" where none may be.

    A HOME that is not the person's own may be part of a repository, with all that is in it.
    """
    home = environ.get("HOME", "")
    if home[:1] != "/" or facts.home_of(os.getuid()) not in ("", home):
        return ""
    try:
        from safehouse import _build  # type: ignore[attr-defined]

        here = os.getcwd()
    except (ImportError, OSError):  # a checkout changes under its name
        return ""
    program = (FORM, _build.ID, __file__, sys.argv[0], sys.executable, sys.prefix, sys.base_prefix)
    of = (program, os.getuid(), os.uname().machine, here, words, sorted(environ))
    name = facts.digest(repr(of).encode("utf-8", "surrogatepass")).hex()
    return f"{home}{_LAUNCHES}/{name}"


def read(path: str) -> Entry | None:
    """What is kept in a file, if it is the person's own and nobody else's; never an error."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        found, above = os.fstat(descriptor), os.lstat(path.rpartition("/")[0])
        own = (_OWN_FILE, os.getuid(), 1, _OWN_DIRECTORY, os.getuid())
        here = (found.st_mode, found.st_uid, found.st_nlink, above.st_mode, above.st_uid)
        if own != here or found.st_size > MOST_BYTES:
            return None
        data = os.read(descriptor, MOST_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    entry: Entry | None = facts.unpacked(data)  # None where it was not written to its end
    return entry


def values(names: tuple[str, ...], salt: bytes, environ: Mapping[str, str]) -> bytes:
    """What stands for the values of variables: on the disk they may not be."""
    found = [(name, environ.get(name)) for name in names]
    return facts.digest(repr(found).encode("utf-8", "surrogatepass"), salt)


def _holds(entry: Entry, environ: Mapping[str, str]) -> bool:
    """Whether all that the plan was made from is as it was."""
    if values(entry["variables"], entry["salt"], environ) != entry["values"]:
        return False
    return _same(entry["journal"])


def _same(journal: facts.Journal) -> bool:
    if "submodules" in journal:
        import safehouse.sources.git_index  # noqa: F401  # which answers that
    try:
        return facts.same(journal)
    except UserError:  # something that cannot be looked at
        return False


def _has_policy(entry: Entry) -> bool:
    """Whether the log has the policy still; then it will be for longer."""
    if not entry["log"]:
        return True
    try:
        os.utime(f"{entry['log']}/policies/{entry['recorded']['policy']}")
    except OSError:
        return False
    return True


def _begun(entry: Entry, argv: list[str], tell: Callable[[str], None]) -> Begun | None:
    if not entry["log"]:
        return None
    from safehouse import audit
    from safehouse.launch import new_id

    arguments = tuple(argv[len(head(argv)) :]) if entry["logs arguments"] else None
    return audit.begin(entry["log"], new_id(), entry["recorded"], arguments, tell)


def _launch(entry: Entry, environ: Mapping[str, str], words: tuple[str, ...]) -> Launch:
    from safehouse.launch import FULL, Creation, Enforcement, Input, Launch, Words

    renewed = _renewing(entry["own name"])

    def word(kept: Any) -> Any:
        if type(kept) is str:
            return renewed(kept)
        return environ[kept[0]] if type(kept) is tuple else Input(kept)

    argv = [
        Words(tuple(map(word, kept))) if type(kept) is list else word(kept)
        for kept in entry["argv"]
    ]
    return Launch(
        entry["program"],
        (*argv, *words),
        tuple((name, word(kept)) for name, kept in entry["environment"]),
        Enforcement(FULL, entry["by"]),
        tuple(Creation(*each) for each in entry["creations"]),
        entry["stays"],
        entry["directory"],
        temporary=renewed(entry["temporary"]),
    )


def _renewing(name: str) -> Callable[[str], str]:
    """Puts the name of a new directory for temporary files in the place of the kept one."""
    if not name:
        return lambda text: text
    from safehouse.launch import renamed

    new = os.urandom(len(name) // 2).hex()
    return lambda text: renamed(text, name, new)


def _in_bubblewrap(entry: Entry, launch: Launch) -> tuple[int, PrivateHome | None]:
    from safehouse.backends.landlock import Scope
    from safehouse.backends.sandbox import Sandbox

    def planned() -> tuple[Mounts, str]:
        from safehouse.backends.mount import Mount, Mounts

        mounts = tuple(Mount(*each) for each in entry["mounts"])
        links, private = entry["links"], entry["home is private"]
        return Mounts(mounts, links, private, launch.creations, (), (), ()), entry["home"]

    sandbox = Sandbox(Scope(), planned)
    return sandbox.start(launch), sandbox.home


def _told(entry: Entry, home: PrivateHome | None, request: Callable[[], Request]) -> Iterator[str]:
    """What sandbox.run tells at the end. Where nothing has changed there is nothing to tell."""
    if not _same(entry["after"]):
        from safehouse import afterwards
        from safehouse.sources.git_changes import Seen

        seen = tuple(Seen(*each) for each in entry["seen"])
        yield from afterwards.changed(seen, entry["unconfigured"])
    if home and not home.is_untouched():
        yield from _lost(home, request())


def _lost(home: PrivateHome, request: Request) -> Iterator[str]:
    """What to tell of what was written into a home of the launch's own: for that it is planned now."""
    from safehouse import afterwards, sandbox
    from safehouse.host import Host

    try:
        plan = sandbox.make_plan(request, Host.current())
    except UserError:  # it has become impossible meanwhile, so who would want to keep anything
        return
    yield from afterwards.lost(plan, home.lost(plan.policy))
