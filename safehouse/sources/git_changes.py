"""What a command left in a repository that the person's next git command would obey, in words.

What is looked at may be the work of an attacker: nothing is followed, all is bounded, and no text
reaches the terminal with control characters in it.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import facts
from safehouse.errors import UserError, pasted, printable
from safehouse.files import follow
from safehouse.sources import git_config, git_keys, git_layout, git_places, git_trees
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.files import FileSystem, Kind
    from safehouse.host import Host
    from safehouse.sources.git_config import Setting

    # Of each key that matters: whether it runs something, and its values in order.
    Values = dict[str, tuple[bool, tuple[str, ...]]]

_FILES = ("config", "config.worktree")
_MOST_TOLD = 20
_UNSEEN = "unseen"
_MOST_TEXT = 200
_MOST_COMMAND = 2000


class Seen(Value):
    """What was there before a command ran in `root`.

    `had` is what lay at `.git`, `git` its repository ("" for none), `parts` the directories of its
    submodules and worktrees. `settings` has each file of settings that the command may write, `held`
    each `.git` of a submodule or worktree, and what says where one is, with what it was. `own` has
    the index of `root`, `embedded` are the submodules that the tree and its index name.
    """

    root: str
    had: Kind
    git: str
    parts: frozenset[str]
    settings: tuple[tuple[str, Values], ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    own: str = ""
    embedded: frozenset[str] = frozenset()

    @property
    def needs_a_look(self) -> bool:
        """Whether the command may leave something that no rule holds."""
        return self.had == "missing" or len(self.parts) > 1 or bool(self.settings or self.embedded)


def look(host: Host, roots: Iterable[str], open_config: bool) -> tuple[Seen, ...]:
    """What is there now, in each directory that is opened for writing ("": none)."""
    return tuple(_seen(host, root, open_config) for root in dict.fromkeys(roots) if root)


def _seen(host: Host, root: str, open_config: bool) -> Seen:
    had = host.files.kind(_inside(root, ".git"))
    found = git_places.repository(host, root)
    git = found.git
    parts = [part.path for part in git_layout.parts(host.files, git)] if git else []
    files = [f"{part}/{name}" for part in parts for name in _FILES] if open_config else []
    settings = tuple((file, _values(git_config.settings(file))) for file in files)
    embedded = frozenset(() if host.foreign else git_trees.embedded(host.files, root, found.own))
    modules = _inside(root, ".gitmodules")
    named = [modules] if embedded and host.files.kind(modules) != "missing" else []
    held = [*embedded, *(f"{part}/gitdir" for part in parts if "/worktrees/" in part)]
    held += [tree for part in parts for tree in _trees(host, part)]
    was = [(path, _state(host.files, path)) for path in dict.fromkeys(held)]
    was += [(path, host.files.kind(path)) for path in named]
    return Seen(root, had, git, frozenset(parts), settings, tuple(was), found.own, embedded)


def _trees(host: Host, part: str) -> Iterator[str]:
    """The `.git` file of a linked worktree, by what its repository says."""
    tree = git_layout.checked_out(host, part) if "/worktrees/" in part else ""
    if tree:
        yield tree


def _state(files: FileSystem, path: str) -> str:
    """What lies at a path, in words that can be compared."""
    try:
        git_trees.refuse_unseen(path)
    except UserError:
        return _UNSEEN
    kind = files.kind(path)
    return f"file {git_layout.line(files, path)}" if kind == "file" else kind


def told(files: FileSystem, before: Iterable[Seen]) -> Iterator[str]:
    """A sentence for each thing that the person should look at. `files` looks anew."""
    for seen in before:
        found: list[str] = []
        try:
            for sentences in (_of_dot_git, _of_held, _of_submodules, _new_parts):
                found += sentences(files, seen)
        except UserError as error:
            found.append(f"{error.message}: mend it before you run git in {printable(seen.root)}")
        for file, values in seen.settings:
            found += _changes(files, file, values)
        yield from found[:_MOST_TOLD]
        if len(found) > _MOST_TOLD:
            yield f"and {len(found) - _MOST_TOLD} more of this kind: {printable(seen.git)}"


def _inside(root: str, name: str) -> str:
    return f"{root.rstrip('/')}/{name}"


def _of_dot_git(files: FileSystem, seen: Seen) -> Iterator[str]:
    """These two cannot be denied on Linux without files of ours in the project."""
    git = _inside(seen.root, ".git")
    shown = printable(git)
    kind = files.kind(git) if seen.had == "missing" else "missing"
    if kind == "file":
        target = git_layout.named(files, git)
        yield (
            f"{shown} is new, and says that the repository is {_cut(target) or 'nowhere'}: a command "
            "that is started here may get that one. If you did not make it, remove it"
        )
    elif kind != "missing":
        yield f"{shown} is new: look at its config and hooks before you run git in there"
    lost = seen.had == "directory" and files.kind(git + "/HEAD") == "missing"
    if lost and files.kind(_inside(seen.root, "HEAD")) != "missing":
        yield (
            f"{shown} has lost its HEAD, and git would take the files of {printable(seen.root)} for "
            "the repository: run no git in there before you have looked at HEAD, config and hooks in it"
        )


def _of_held(files: FileSystem, seen: Seen) -> Iterator[str]:
    """What led to a submodule or worktree, if it does no more."""
    for path, was in seen.held:
        if path == _inside(seen.root, ".gitmodules"):
            if files.kind(path) != was:
                yield f"{_cut(path)} was moved or removed: by it your submodules are found and held"
        elif _state(files, path) not in (was, _UNSEEN):
            yield (
                f"{_cut(path)} is not what it was: look at it before you run git in "
                f"{printable(seen.root)}"
            )


def _of_submodules(files: FileSystem, seen: Seen) -> Iterator[str]:
    """Submodules that nothing names any more, and those that are new."""
    if not seen.git or any(_is_too_long(file) for file, _ in seen.settings):
        return
    now = frozenset(git_trees.embedded(files, seen.root, seen.own))
    for path in sorted(seen.embedded - now):
        if files.kind(path) != "missing":
            yield (
                f"{_cut(path)} is named no more by .gitmodules or the index: mend that, or the next "
                "command may write in it what your git runs"
            )
    for path in sorted(now - seen.embedded):
        reasons = list(_of_a_submodule(files, seen, path))
        if reasons:
            yield (
                f"{_cut(path)} belongs to a new submodule: {', '.join(reasons[:3])}. Your git in "
                f"{printable(seen.root)} goes into it: look at it first"
            )


def _of_a_submodule(files: FileSystem, seen: Seen, path: str) -> Iterator[str]:
    """What in a submodule that was not there before could make git run a program."""
    kind = files.kind(path)
    if kind == "directory":
        yield from _reasons(files, git_layout.Part(git_layout.REPOSITORY, path))
    elif kind == "link":
        yield "it is a symbolic link"
    else:
        target = git_layout.named(files, path)
        base = path[: -len("/.git")]
        try:
            real = follow(files, target if target[:1] == "/" else f"{base}/{target}").real
        except UserError:
            real = ""
        if not contains(f"{seen.git}/modules", real):
            yield f"it leads to {_cut(target) or 'nothing'}"


def _new_parts(files: FileSystem, seen: Seen) -> Iterator[str]:
    """Worktrees and submodules that were made, where something in them could run a program."""
    if not seen.git:
        return
    for part in git_layout.parts(files, seen.git):
        if part.path in seen.parts:
            continue
        reasons = [part.wrong] if part.wrong else list(_reasons(files, part))
        away = _away(files, seen, part)
        if away:
            yield (
                f"{_cut(part.path)} is new, and says that {_cut(away)} is a worktree of this "
                f"repository. If you did not make that: rm -r {pasted(part.path)}"
            )
        if reasons:
            said = ", ".join(reasons[:3]) + (", ..." if len(reasons) > 3 else "")
            yield f"{_cut(part.path)} is new: {said}. Look at it before you run git there"


def _away(files: FileSystem, seen: Seen, part: git_layout.Part) -> str:
    """What a new entry for a worktree gives to a directory elsewhere, or opens of it; "" for none.

    A command that is started there later gets this repository if it can make a `.git` file there.
    """
    if part.whole != git_layout.WORKTREE:
        return ""
    said = git_layout.line(files, f"{part.path}/gitdir")
    try:
        real = follow(files, said if said[:1] == "/" else f"{part.path}/{said}").real
    except UserError:
        return said
    return "" if not said or contains(seen.root, real) else real


def _reasons(files: FileSystem, part: git_layout.Part) -> Iterator[str]:
    """What in a new directory of a repository could make git run a program."""
    common = f"{part.path}/commondir"
    if part.whole == git_layout.WORKTREE:
        if git_layout.line(files, common) != "../..":
            yield "its commondir leads elsewhere"
    elif files.kind(common) != "missing":
        yield "it has a commondir"
    for name in _FILES:
        file = f"{part.path}/{name}"
        try:
            settings = git_config.settings(file)
        except UserError:
            yield f"its {name} is very long"
            continue
        if files.kind(file) not in ("file", "missing"):
            yield f"its {name} is no file"
        for setting in settings:
            if git_keys.runs(setting) and setting.name != "core.worktree":
                yield f"its {name} sets {_cut(setting.name)}"
    hooks = f"{part.path}/hooks"
    if files.kind(hooks) == "link":
        yield "its hooks are a symbolic link"
    for name in files.names(hooks):
        if not name.endswith(".sample") and facts.access(f"{hooks}/{name}", os.X_OK):
            yield f"it has a hook {_cut(name)}"


def _values(settings: list[Setting]) -> Values:
    found: Values = {}
    for setting in settings:
        runs = git_keys.runs(setting)
        if runs or git_keys.is_address(setting):
            did, values = found.get(setting.name, (False, ()))
            found[setting.name] = (did or runs, (*values, setting.value))
    return found


def _changes(files: FileSystem, file: str, old: Values) -> Iterator[str]:
    """What changed in a file of settings, and how to undo it."""
    if files.kind(file) not in ("file", "missing"):
        yield f"{printable(file)} is no file any more: look at it before you run git"
        return
    try:
        new = _values(git_config.settings(file))
    except UserError as error:
        yield f"{error.message}, which it was not: look at it before you run git"
        return
    for name in dict.fromkeys((*new, *old)):
        ran, was = old.get(name, (False, ()))
        runs, now = new.get(name, (False, ()))
        # A new remote is what the feature is for; one that leads elsewhere now is not.
        moved = bool(was and now) or _redirects(name, old)
        if was == now or not (ran or runs or moved):
            continue
        what = "was added" if not was else "was changed" if now else "was removed"
        value = f": {', '.join(_cut(each) for each in now[:5])}" if now else ""
        yield f"{printable(file)}: {_cut(name)} {what}{value}\n  undo: {_undo(file, name, was)}"


def _is_too_long(file: str) -> bool:
    try:
        git_config.settings(file)
    except UserError:
        return True  # told with the changes
    return False


def _redirects(name: str, old: Values) -> bool:
    """Whether a key sends elsewhere what is pushed to a remote that was there before."""
    return name.endswith(".pushurl") and name[: -len("pushurl")] + "url" in old


def _undo(file: str, name: str, values: tuple[str, ...]) -> str:
    """The command that gives a key the values that it had."""
    git, key = f"git config --file {_quoted(file)}", _quoted(name)
    if len(values) == 1:
        command = f"{git} --replace-all {key} {_quoted(values[0])}"
    else:
        adding = [f"{git} --add {key} {_quoted(value)}" for value in values]
        command = "; ".join((f"{git} --unset-all {key}", *adding))
    if not command.isprintable() or len(command) > _MOST_COMMAND:
        return f"by hand, in {printable(file)}: it is too long or too strange to be shown"
    return command


def _quoted(text: str) -> str:
    """A word for a POSIX shell."""
    plain = text and all(c.isascii() and (c.isalnum() or c in "/._-+:@%,") for c in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"


def _cut(text: str) -> str:
    shown = printable(text[:_MOST_TEXT])
    return shown + "..." if len(text) > _MOST_TEXT else shown
