"""What a command left in a repository that the person's next git command would obey, in words.

What is looked at may be the work of an attacker: nothing is followed, all is bounded, and no text
reaches the terminal with control characters in it.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import UserError, printable
from safehouse.sources import git_config, git_keys, git_layout, git_places
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
_MOST_TEXT = 200
_MOST_COMMAND = 2000


class Seen(Value):
    """What was there before a command ran in `root`.

    `had` is what lay at `.git`, `git` its repository ("" for none), `parts` the directories of its
    submodules and worktrees. `settings` has each file of settings that the command may write.
    """

    root: str
    had: Kind
    git: str
    parts: frozenset[str]
    settings: tuple[tuple[str, Values], ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """Whether the command may leave something that no rule holds."""
        return self.had == "missing" or len(self.parts) > 1 or bool(self.settings)


def look(host: Host, roots: Iterable[str], open_config: bool) -> tuple[Seen, ...]:
    """What is there now, in each directory that is opened for writing ("": none)."""
    return tuple(_seen(host, root, open_config) for root in dict.fromkeys(roots) if root)


def _seen(host: Host, root: str, open_config: bool) -> Seen:
    had = host.files.kind(_inside(root, ".git"))
    git = git_places.repository(host, root).git
    parts = [part.path for part in git_layout.parts(host.files, git)] if git else []
    files = [f"{part}/{name}" for part in parts for name in _FILES] if open_config else []
    settings = tuple((file, _values(git_config.settings(file))) for file in files)
    return Seen(root, had, git, frozenset(parts), settings)


def told(files: FileSystem, before: Iterable[Seen]) -> Iterator[str]:
    """A sentence for each thing that the person should look at. `files` looks anew."""
    for seen in before:
        found = [*_of_dot_git(files, seen), *_new_parts(files, seen)]
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
    if seen.had == "missing" and files.kind(git) != "missing":
        yield f"{git} is new: look at its config and hooks before you run git in there"
    lost = seen.had == "directory" and files.kind(git + "/HEAD") == "missing"
    if lost and files.kind(_inside(seen.root, "HEAD")) != "missing":
        yield (
            f"{git} has lost its HEAD, and git would take the files of {seen.root} for the "
            "repository: run no git in there before you have looked at HEAD, config and hooks in it"
        )


def _new_parts(files: FileSystem, seen: Seen) -> Iterator[str]:
    """Worktrees and submodules that were made, where something in them could run a program."""
    if not seen.git:
        return
    for part in git_layout.parts(files, seen.git):
        if part.path in seen.parts:
            continue
        reasons = [part.wrong] if part.wrong else list(_reasons(files, part))
        if reasons:
            said = ", ".join(reasons[:3]) + (", ..." if len(reasons) > 3 else "")
            yield f"{_cut(part.path)} is new: {said}. Look at it before you run git there"


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
        if not name.endswith(".sample") and os.access(f"{hooks}/{name}", os.X_OK):
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
