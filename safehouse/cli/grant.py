"""`safehouse grant` and `safehouse revoke`: what is kept for a directory, and forgotten again."""

from __future__ import annotations

import sys

from safehouse.cli.grants import catalogue_of, outside
from safehouse.cli.main import tell
from safehouse.cli.sources import shown
from safehouse.errors import UserError, nearest, pasted, printable
from safehouse.files import ancestors
from safehouse.policy.planting import Planting
from safehouse.policy.rule import DENY
from safehouse.sources import directory, git, grant_store
from safehouse.sources.command_line import holding
from safehouse.sources.directory import written
from safehouse.sources.grant_store import MODES, Said
from safehouse.sources.reach import refuse_to_keep
from safehouse.sources.sensitive import Places
from safehouse.sources.settings import contains, too_wide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from safehouse.cli.arguments import Arguments
    from safehouse.files import Resolution
    from safehouse.host import Host
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.settings import Mode
    from safehouse.sources.settings_file import Directories

_MOST_PATH = 1000  # as strict_yaml.py reads
# What a launch may do, by the list that says so.
_WORDS = {
    "add-dirs-ro": "may read",
    "add-dirs": "may read and write",
    "deny": "may neither read nor write",
    "enable": "have the feature",
    "env-pass": "get the variable",
}
_KINDS = {key: mode for mode, key in MODES.items()} | {"enable": "feature", "env-pass": "variable"}
_OPTIONS = {"enable": "--enable", "env-pass": "--env-pass"}
_MADE = ("PATH", "HOME")  # variables that a command gets from us, whatever is passed


def grant(arguments: Arguments) -> int:
    """Keeps something for a directory, and says what."""
    host = outside()
    request = arguments.request
    mode = _mode(arguments)
    if not (arguments.words or request.enable or request.env_pass):
        raise UserError(
            "what is to be granted?", "safehouse grant PATH..., --enable=FEATURE or --env-pass=NAME"
        )
    place = _place(arguments, host)
    refuse_to_keep(request, host)
    catalogue = catalogue_of(host)
    for name in request.enable:
        catalogue.check(name, ("feature",), "--enable")
    if request.agent:
        catalogue.check(request.agent, ("agent", "app"), "--agent")
    for name in request.env_pass:
        _check_variable(name)
    paths = tuple(
        dict.fromkeys(_path(word, mode, place, host, catalogue) for word in arguments.words)
    )
    wanted = {
        MODES[mode]: tuple(written(path, host) for path in paths),
        "enable": tuple(dict.fromkeys(request.enable)),
        "env-pass": tuple(dict.fromkeys(request.env_pass)),
    }
    grant_store.change(
        host, lambda kept: grant_store.granting(kept, host, place, request.agent, wanted)
    )
    _say_granted(wanted, paths, place, request.agent, catalogue, host)
    if mode != "deny":
        _warn(paths, mode == "write", request.agent, catalogue, host)
    _say_undoing(wanted, arguments, place, host)
    return 0


def revoke(arguments: Arguments) -> int:
    """Forgets something that is kept for a directory, and says what."""
    host = outside()
    request = arguments.request
    asked = bool(arguments.words or request.enable or request.env_pass)
    if arguments.all == asked:
        what = "--all leaves nothing to name" if asked else "what is to be revoked?"
        raise UserError(what, "safehouse revoke PATH...; safehouse revoke --all for everything")
    gone: list[Said] = []

    def decide(kept: Directories) -> list[grant_store.Edit]:
        gone.clear()
        entries, place = _entries(kept, arguments, host)
        if arguments.all:
            everything = [s for entry in entries for s in grant_store.said(kept, entry)]
            gone.extend(s for s in everything if request.agent in ("", s.agent))
            if not entries or (request.agent and not gone):
                raise _unknown(kept, "", "", place, arguments, host)
            return grant_store.forgetting(kept, entries, request.agent)
        own = [s for entry in entries for s in grant_store.said(kept, entry)]
        own = [s for s in own if s.agent == request.agent]
        for key, text in _asked(arguments):
            found = [s for s in own if _is_meant(s, key, text, host)]
            if not found:
                raise _unknown(kept, key, text, place, arguments, host)
            gone.extend(found)
        return grant_store.revoking(kept, gone)

    grant_store.change(host, decide)
    for each in dict.fromkeys(gone):
        _say(f"no longer kept for {printable(each.entry)}: {thing(each)}")
    if not gone:
        _say("forgotten: an entry that said nothing")
    return 0


def thing(each: Said) -> str:
    """Something that is kept, in words: `~/docs (read-only)`, `the feature ssh`."""
    agent = f", for {printable(each.agent)}" if each.agent else ""
    kind = _KINDS.get(each.key, each.key)
    if each.key in grant_store.PATHS:
        return f"{printable(each.text)} ({kind}{agent})"
    return f"the {kind} {printable(each.text)}{agent and f' ({agent[2:]})'}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


# What is granted


def _warn(paths: Iterable[str], writes: bool, agent: str, catalogue: Catalogue, host: Host) -> None:
    """Says of each path that should stay closed why, and of a directory the first in it."""
    places = Places(host, catalogue, [agent])
    for path in paths:
        found, name = places.place_of(path, writes), shown(path, host)
        if found is None:
            inner, found = next(places.places_in(path, writes), ("", None))
            name += f" holds {shown(inner, host)}, which"
        if found is not None:
            tell(f"{name} should stay closed: {printable(found.what)}: {found.because}")


def _mode(arguments: Arguments) -> Mode:
    chosen: list[Mode] = []
    if arguments.read_only:
        chosen.append("read-only")
    if arguments.write:
        chosen.append("write")
    if arguments.closed:
        chosen.append("deny")
    if len(chosen) > 1:
        words = " and ".join(f"--{mode}" for mode in chosen)
        raise UserError(f"{words} contradict each other", "one of them, in a command for each")
    if chosen and not arguments.words:
        raise UserError(f"--{chosen[0]} is for paths", f"safehouse grant --{chosen[0]} PATH...")
    return chosen[0] if chosen else "read-only"


def _place(arguments: Arguments, host: Host) -> str:
    """The directory that something is granted for."""
    if not arguments.directory:
        if contains(host.cwd, host.home):
            raise UserError(
                f"refusing to keep this for all below {shown(host.cwd, host)}, which {holding(host)}",
                "cd into the project first; or, if you mean it: "
                f"--for={_typed(written(host.cwd, host))}",
            )
        return host.cwd
    found = host.named(arguments.directory, "--for")
    if host.files.kind(found.real) != "directory":
        raise UserError(f"--for: {printable(arguments.directory)} is not a directory", "name one")
    if found.links:
        _say(f"{printable(arguments.directory)} leads to {shown(found.real, host)}, by a link")
    _check_writable(found.real, "--for")
    return found.real


def _path(word: str, mode: Mode, place: str, host: Host, catalogue: Catalogue) -> str:
    """A path as typed, in full and without links. Raises UserError for one that cannot be kept."""
    found = host.named(word, "grant")
    real, name = found.real, shown(found.real, host)
    _check_writable(real, "grant")
    if mode == "deny":
        if contains(real, place):
            raise UserError(
                f"grant: {name} holds {shown(place, host)}: no command could be started there",
                "deny what lies in it",
            )
    else:
        why = too_wide(host, real, mode, place)
        if why:
            raise UserError(f"grant: {name} cannot be kept", why)
        if mode == "write":
            _refuse_of_git(real, place, host)
        _refuse_planted(word, found, mode, place, host, catalogue)
    if found.links:
        _say(f"{printable(word)} leads to {name}, by a link; kept is {name}")
    return real


def _refuse_of_git(real: str, place: str, host: Host) -> None:
    """Raises UserError for what git would run, of the directory's repository or of the path's own."""
    kinds = {each: host.files.kind(each.rstrip("/") + "/.git") for each in ancestors(real)}
    around = [each for each, kind in kinds.items() if kind in ("directory", "file")]
    for root in dict.fromkeys((place, *around)):
        for each in git.grants(host, root, worktrees=False):
            if each.action != DENY or each.filter is None:
                continue
            tree = each.filter.kind == "subpath"
            if real == each.filter.value or (tree and contains(each.filter.value, real)):
                feature = f"; see --enable={git.FEATURE}" if real.endswith("/config") else ""
                raise UserError(
                    f"grant: {shown(real, host)} cannot be kept",
                    f"it is protected ({each.origin.reason}){feature}",
                )


def _refuse_planted(
    word: str, found: Resolution, mode: Mode, place: str, host: Host, catalogue: Catalogue
) -> None:
    """Raises UserError where an earlier, confined, command could have chosen what a path leads to."""
    links = [
        link for link, _ in found.links
        if contains(place, link) and not contains(place, found.real)
    ]  # fmt: skip
    stays = all(contains(place, step) for step in (found.real, *(link for link, _ in found.links)))
    if not links and not stays and Planting(host, catalogue.writable).suspects(found):
        links = [link for link, _ in found.links]
    if links:
        raise UserError(
            f"grant: {printable(word)} leads through the link {shown(links[0], host)} "
            f"to {shown(found.real, host)}",
            "commands that were run confined could have made that link; if you mean its target: "
            f"safehouse grant --{mode} {_typed(written(found.real, host))}",
        )


def _typed(text: str) -> str:
    return pasted(text)


def _check_writable(path: str, what: str) -> None:
    """Raises UserError for a path that the file cannot hold as it is."""
    if not path.isprintable() or path != path.strip() or len(path) > _MOST_PATH:
        raise UserError(
            f"{what}: {printable(path)} cannot be kept: it has invisible characters, "
            f"a space at an end, or more than {_MOST_PATH} characters",
            "rename it; for one launch there are --add-dirs-ro, --add-dirs and --deny",
        )


def _check_variable(name: str) -> None:
    if not name.isidentifier() or not name.isascii():
        raise UserError(
            f"--env-pass: {printable(name)!r} is not the name of a variable",
            "letters, digits and _ only, and no digit first",
        )
    if name in _MADE:
        raise UserError(f"--env-pass: {name} is made by safehouse for each launch", "leave it out")


def _say_granted(
    wanted: dict[str, tuple[str, ...]],
    paths: tuple[str, ...],
    place: str,
    agent: str,
    catalogue: Catalogue,
    host: Host,
) -> None:
    who = f"launches of {printable(agent)}" if agent else "launches"
    where = f"{who} in {shown(place, host)} and below it"
    for key, texts in wanted.items():
        if texts:
            several = "s" if len(texts) > 1 and key not in grant_store.PATHS else ""
            _say(f"{where} {_WORDS[key]}{several} {', '.join(map(printable, texts))}")
    for name in wanted["enable"]:
        _say(f"{name}: {catalogue.profile(name).weakens}")
    if contains(place, host.home):
        _say("that is all of your home; config.yaml is the place for what is for every launch")
    elif "deny" not in wanted:
        _remark([path for path in paths if contains(place, path)], wanted, place, host)
    for name in wanted["env-pass"]:
        if name not in host.environ:
            _say(f"{name} is not set now{nearest(name, [*host.environ])}")


def _remark(inner: list[str], wanted: dict[str, tuple[str, ...]], place: str, host: Host) -> None:
    """What a grant means for paths that a launch in the directory itself can write anyway."""
    where = f"launches in {shown(place, host)} itself"
    parts = ", ".join(shown(path, host) for path in inner if path != place)
    if place in inner or (parts and "add-dirs" in wanted):
        _say(f"this gives {where} nothing new, but those in directories below it")
    if parts and "add-dirs-ro" in wanted:
        _say(f"this narrows: {where} could write {parts}")


def _say_undoing(
    wanted: dict[str, tuple[str, ...]], arguments: Arguments, place: str, host: Host
) -> None:
    words = [_typed(text) for key in grant_store.PATHS for text in wanted.get(key, ())]
    for key, option in _OPTIONS.items():
        words += [f"{option}={','.join(wanted[key])}"] if wanted[key] else []
    if arguments.request.agent:
        words.append(f"--agent={arguments.request.agent}")
    if arguments.directory:
        words.append(f"--for={_typed(written(place, host))}")
    _say(f"to undo it: safehouse revoke {' '.join(words)}")


# What is revoked


def _entries(kept: Directories, arguments: Arguments, host: Host) -> tuple[list[str], str]:
    """The entries that are meant, and their directory, which may be gone or a link now."""
    if not arguments.directory:
        return directory.entries_for(kept, host, host.cwd), host.cwd
    plain = _plain(arguments.directory, host)
    entries = directory.entries_for(kept, host, plain)
    if entries:
        return entries, plain
    real = host.located(arguments.directory, "--for", host.cwd).real
    return directory.entries_for(kept, host, real), real


def _plain(word: str, host: Host) -> str:
    """A path in full, by its words only: what it names may be gone."""
    from os.path import normpath

    return normpath(host.absolute(word, "revoke"))


def _asked(arguments: Arguments) -> Iterable[tuple[str, str]]:
    request = arguments.request
    return [
        *(("", word) for word in arguments.words),
        *(("enable", name) for name in request.enable),
        *(("env-pass", name) for name in request.env_pass),
    ]


def _is_meant(each: Said, key: str, text: str, host: Host) -> bool:
    """Whether something that is kept is what was typed; `key` is "" for a path."""
    if key:
        return each.key == key and each.text == text
    if each.key not in grant_store.PATHS:
        return False
    plain = _plain(text, host)
    if grant_store.same_path(each.text, plain, host):
        return True
    try:
        return grant_store.same_path(each.text, host.located(text, "revoke", host.cwd).real, host)
    except UserError:  # links in a circle
        return False


def _unknown(
    kept: Directories, key: str, text: str, place: str, arguments: Arguments, host: Host
) -> UserError:
    """The error for what is not kept: where it is, or what is."""
    agent = arguments.request.agent
    option = f"{_OPTIONS[key]}=" if key else ""
    name = f"{option}{printable(text)}" if key or not text else shown(_plain(text, host), host)
    if text:
        word = text if key else _typed(written(_plain(text, host), host))
        for each in _everything(kept, place, host):
            if _is_meant(each, key, text, host):
                words = [f"safehouse revoke {option}{word}"]
                words += [f"--agent={printable(each.agent)}"] if each.agent else []
                if directory.expanded(each.entry, host) != host.cwd:
                    words.append(f"--for={_typed(each.entry)}")
                return UserError(
                    f"{name} is kept for {printable(each.entry)}"
                    f"{f', agent {printable(each.agent)}' if each.agent else ''}",
                    " ".join(words),
                )
    own = [
        each for each in _everything(kept, place, host)
        if directory.expanded(each.entry, host) == place and each.agent == agent
        and (each.key == key if key else each.key in grant_store.PATHS or not text)
    ]  # fmt: skip
    who = f"{shown(place, host)}{f', agent {printable(agent)}' if agent else ''}"
    there = [each.text for each in own]
    close = nearest(text if key else written(_plain(text, host), host), there) if text else ""
    what = f"{name} is not kept" if text else "nothing is kept"
    return UserError(
        f"{what} for {who}{printable(close)}",
        f"there is: {', '.join(thing(each) for each in own)}"
        if own
        else "safehouse grants --all shows everything that is kept",
    )


def _everything(kept: Directories, place: str, host: Host) -> list[Said]:
    """What is kept for a directory and for those above it, the nearest first."""
    entries = [entry for entry in kept if contains(directory.expanded(entry, host), place)]
    entries.sort(key=lambda entry: -len(directory.expanded(entry, host)))
    return [each for entry in entries for each in grant_store.said(kept, entry)]
