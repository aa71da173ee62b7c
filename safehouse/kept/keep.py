"""Keeping a launch that was planned, so that the next one like it need not be: again.py starts it.

What is rare is not kept, nor what could hold a secret: of the environment there are names, and a
digest of the values; of the command's own words nothing.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
from errno import EINVAL, ENOENT

from safehouse import afterwards, audit, facts, record
from safehouse.files import ancestors
from safehouse.kept import again
from safehouse.launch import Input, Words
from safehouse.sources import own_files, selection
from safehouse.value import fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from safehouse.backends.mount import Mounts
    from safehouse.launch import Launch
    from safehouse.plan import Plan
    from safehouse.request import Request
    from safehouse.sources.git_changes import Seen

_MOST_KEPT = 64
_LEFT = 48  # when these are too many


class Keeper:
    """Takes down what a plan is made from, from its first question on."""

    def __init__(self, argv: list[str], request: Request) -> None:
        self._words = again.head(argv) if argv else ()
        self._rest = tuple(argv[len(self._words) :])
        self._journal = facts.record() if self._words and _is_usual(request) else None

    def keep(
        self, plan: Plan, launch: Launch, mounts: Mounts | None, seen: tuple[Seen, ...]
    ) -> None:
        """Keeps a launch that is about to start, if it is one of those that are kept."""
        journal, self._journal = self._journal, None
        facts.stop()
        if journal is None or not facts.is_whole(journal):
            return
        path = again.place(self._words, plan.host.environ)
        described = None
        if path:
            described = described_launch(plan, launch, mounts, self._words[-1], self._rest)
        if described is None or plan.host.is_borrowed() or any(each.settings for each in seen):
            return
        after = facts.record()
        try:
            told = list(afterwards.changed(seen, afterwards.unconfigured(plan), plan.host))
        finally:
            facts.stop()
        if told or not facts.is_whole(after):
            return
        salt = os.urandom(16)
        environ = plan.host.environ
        asked = environ.asked if isinstance(environ, facts.Variables) else set(environ)
        names = tuple(sorted(asked | {name for name, _ in plan.policy.environment}))
        entry = {
            **described,
            "salt": salt,
            "variables": names,
            "values": again.values(names, salt, dict(environ.items())),
            "journal": brief(journal),
            "after": brief(after),
            "seen": [fields(each) for each in seen],
            "unconfigured": afterwards.unconfigured(plan),
            **_recorded(plan, launch),
        }
        _write(path, facts.packed(entry))


def _is_usual(request: Request) -> bool:
    """Whether a request is for nothing that is looked at anew each time, or that may hold secrets."""
    said = (request.trust, request.always_trust, request.env_file, request.assignments)
    runner = request.command[:1] and selection.is_runner(request.command[0])
    return bool(request.command) and not any(said) and not runner


def described_launch(
    plan: Plan, launch: Launch, mounts: Mounts | None, word: str, rest: tuple[str, ...]
) -> dict[str, Any] | None:
    """A launch for again.py, without the command's own words (`rest`); None for what is not kept."""
    environ, policy, host = plan.host.environ, plan.policy, plan.host
    added = _added(plan, word, rest)
    rare = (
        launch.proof,
        plan.secrets,
        launch.enforcement.wider,
        policy.opaque,
        plan.configuration.environment_file(plan.request),
        "-f" in launch.argv[:2],  # a policy too long for an argument
    )
    if added is None or any(rare):
        return None
    values = {
        name: (name,) if value == environ.get(name) else value for name, value in policy.environment
    }
    argv = [_kept(part, values) for part in launch.argv[: len(launch.argv) - len(rest)]]
    return {
        "program": launch.program,
        "by": launch.enforcement.by,
        "argv": argv,
        "environment": [(name, values[name]) for name, _ in launch.environment],
        "creations": [fields(each) for each in launch.creations],
        "stays": launch.stays,
        "directory": launch.directory,
        "temporary": launch.temporary,
        "own name": launch.temporary.rpartition("/")[2],
        "mounts": mounts and [fields(each) for each in mounts.mounts],
        "links": mounts.links if mounts else (),
        "home is private": bool(mounts and mounts.home_is_private),
        "home": host.home,
    }


def brief(journal: facts.Journal) -> facts.Journal:
    """The same journal in the order of directories, without what follows from other answers.

    `plain` is what is there and no link, `there` what is of one form, `missing` by directory what is
    not there, but for what lies in something that is not there.
    """
    result = {name: dict(answers) for name, answers in journal.items()}
    forms, links = result.pop("form", {}), result.setdefault("link", {})
    nothing = {path for each in (forms, links) for path in each if each[path] == -ENOENT}
    plain = {path for path in links if links[path] == -EINVAL}
    there = {path: form for path, form in forms.items() if form >= 0}
    known = {path for path, form in there.items() if form != facts.LINK}
    led = {path for path in links if isinstance(links[path], str) and path not in known}
    # Answers that contradict each other stay: what was exchanged meanwhile is never found the same.
    result["plain"] = dict.fromkeys(plain - known)
    result["there"] = {path: there[path] for path in there if path not in led}
    result["link"] = {path: links[path] for path in links if path not in plain | nothing}
    result["form"] = {path: forms[path] for path in forms if path not in there.keys() | nothing}
    missing: dict[str, list[str]] = {}
    for path in nothing:
        if nothing.isdisjoint(ancestors(path)):
            directory, _, name = path.rpartition("/")
            missing.setdefault(directory, []).append(name)
    result["missing"] = {path or "/": tuple(names) for path, names in missing.items()}
    return result


def _added(plan: Plan, word: str, rest: tuple[str, ...]) -> tuple[str, ...] | None:
    """What comes between the command's name and its own words; None where these have a say in it."""
    start = selection.with_arguments((word,), plan.agent, plan.profiles, plan.configuration)
    said = plan.configuration.said("args")
    some = said or any(each.arguments for each in plan.profiles if each.name == plan.agent)
    if plan.command != (*start, *rest) or (some and len(start) == 1):
        return None
    return start[1:]


def _kept(part: str | Input | Words, values: dict[str, Any]) -> Any:
    """A part of an argv as marshal has it, without values of variables."""
    if isinstance(part, str):
        return part
    if isinstance(part, Input):
        return part.data
    kept = [_kept(word, values) for word in part.words]
    for place, word in enumerate(part.words):
        if word == "--setenv":
            name = part.words[place + 1]
            if place + 2 < len(kept) and name in values:
                kept[place + 2] = values[name]
    return kept


def _recorded(plan: Plan, launch: Launch) -> dict[str, Any]:
    """What the log says of each such launch, and where that is; "" for no log."""
    wanted = record.is_wanted(plan)
    return {
        "log": "" if wanted == record.OFF else audit.directory(plan.host),
        "logs arguments": wanted == record.ARGUMENTS,
        "recorded": record.fields(plan, launch),
    }


def _write(path: str, data: bytes) -> None:
    """Writes it for the next time, if that is possible; nothing depends on it."""
    if len(data) > again.MOST_BYTES // 2:
        return
    directory = path.rpartition("/")[0]
    try:
        own_files.make_directory(directory)
        own_files.replace(path, data, durable=False)
        names = os.listdir(directory)
        if len(names) > _MOST_KEPT:
            paths = [f"{directory}/{name}" for name in names]
            paths.sort(key=lambda each: os.lstat(each).st_mtime)
            for old in paths[: len(paths) - _LEFT]:
                os.unlink(old)
    except OSError:
        pass
