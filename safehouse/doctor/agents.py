"""The agents that are installed: what each is, which profile it gets, and whether it could start."""

from __future__ import annotations

import json
import os
import re

from safehouse.doctor.finding import NOTE, OK, PROBLEM, WARNING, Finding
from safehouse.doctor.shell_state import calling, is_off
from safehouse.doctor.subject import attempt, search_path
from safehouse.errors import UserError, printable
from safehouse.files import read_file
from safehouse.policy.policy import Access
from safehouse.request import HERE, Request
from safehouse.shims import on_path, wanted
from safehouse.sources import protected, shim_file, user
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.subject import Subject
    from safehouse.host import Host
    from safehouse.plan import Plan

_MOST_PACKAGE = 256 * 1024
_MOST_HEAD = 4096
_VERSION = re.compile(r"v?\d+(\.\d+)+([-.+][0-9A-Za-z.]+)?")
_INTERPRETED = b"#!"


def findings(subject: Subject) -> Iterator[Finding]:
    """All about agents."""
    names = [name for name in subject.agents() if _programs(name, subject.host)]
    for name in names:
        yield _of_agent(name, subject)
        yield from _second(name, subject.host)
    for name in subject.agents():
        yield from _broken(name, subject.host)
    elsewhere = [
        n for n in wanted.agents(subject.catalogue) if n not in names and _lies(n, subject)
    ]
    for name in elsewhere:
        path = next(f"{p}/{name}" for p in subject.found.places if wanted.is_program(f"{p}/{name}"))
        if not shim_file.is_shim(path):
            text = f"{name} is {short(path, subject.host)}, which PATH does not find here"
            yield Finding(f"agent-{name}", NOTE, text)


def summary(found: tuple[Finding, ...]) -> str:
    """The agents in one line, where all is well."""
    names = [each.name.partition("-")[2] for each in found if each.name.startswith("agent-")]
    return ", ".join(names) if names else "none is installed"


def _programs(name: str, host: Host) -> list[str]:
    """The programs of a name in PATH, but for our shims of it."""
    paths = (f"{place}/{name}" for place in search_path(host))
    return [path for path in paths if wanted.is_program(path) and not shim_file.is_shim(path)]


def _lies(name: str, subject: Subject) -> bool:
    return wanted.is_installed(name, subject.found.places)


def _second(name: str, host: Host) -> Iterator[Finding]:
    first, *others = _programs(name, host)
    real = {os.path.realpath(first)}
    for other in others:
        if os.path.realpath(other) not in real:
            real.add(os.path.realpath(other))
            text = f"{short(other, host)} is another {name}, behind {short(first, host)} on PATH"
            yield Finding(f"second-{name}", NOTE, text)


def _broken(name: str, host: Host) -> Iterator[Finding]:
    """Links of an agent's name that lead nowhere."""
    for place in search_path(host):
        path = f"{place}/{name}"
        if os.path.islink(path) and not os.path.exists(path):
            target = short(os.path.normpath(os.path.join(place, os.readlink(path))), host)
            text = f"{short(path, host)} is a link to {target}, which is gone"
            yield Finding(
                f"broken-{name}", WARNING, text, (f"install {name} again, or remove the link",)
            )


def _of_agent(name: str, subject: Subject) -> Finding:
    host = subject.host
    path = _programs(name, host)[0]
    profile = subject.agents()[name]
    request = Request(command=(name,), workdir=HERE if not subject.here.error else "")
    tried = attempt(request, host)
    plan, error = tried.plan, tried.error
    key = f"agent-{name}"
    version = _version(path, host)
    details = tuple(filter(None, (_way(path, host), _script(path), _typed(name, subject))))
    shown = f"{name}{f' {version}' if version else ''}, {short(path, host)}"
    if plan is None:  # no launch gets that far: configuration.py says why
        return Finding(key, OK, f"{shown}, by its name for the profile {profile}", (), details)
    if not plan.agent:
        told = "; ".join(plan.notices) or f"nothing says that it is {profile}"
        return Finding(key, WARNING, f"{shown}: gets no profile: {told}", (), details)
    if error and not (subject.bare.error and subject.bare.error.message == error.message):
        mend = tuple(filter(None, (error.hint, *_to_read(path, plan))))
        return Finding(key, PROBLEM, f"{shown}: {error.message}", mend, details)
    missing = _interpreter_missing(plan, path)
    if missing:
        text, hint = missing
        return Finding(key, WARNING, f"{shown}: {text}", (hint,), details)
    return Finding(key, OK, f"{shown}, profile {plan.agent}", (), details)


def _way(path: str, host: Host) -> str:
    """The links that lead to a program."""
    try:
        found = host.resolve(path)
    except UserError as error:
        return error.message
    if not found.links:
        return ""
    steps = [*(link for link, _ in found.links), found.real]
    return "links: " + " -> ".join(short(step, host) for step in steps if step != path)


def _typed(name: str, subject: Subject) -> str:
    """What typing the name starts, as far as it can be told from here."""
    host = subject.host
    here = calling(host)
    found = here.names.get(name) if here else None
    if here and found and found.alias:
        return f"typed in this {here.shell}: an alias for {found.alias}"
    if here and found and found.shim:
        off = ", which is switched off" if is_off(host) else ": confined"
        return f"typed in this {here.shell}: the function of safehouse{off}"
    if here and found and found.function:
        return f"typed in this {here.shell}: a function of yours"
    first = next(p for s in search_path(host) for p in [f"{s}/{name}"] if wanted.is_program(p))
    if shim_file.is_shim(first):
        # Whoever can write there can write a head like ours as well: what counts is all of it.
        try:
            remark = on_path.REMARKS[on_path.placed(first, host).state]
        except UserError as error:  # there is no telling which safehouse it should start
            remark = error.message
        how = f"not known to confine: {remark}" if remark else "confined"
        return f"typed: the shim {short(first, host)}: {how}"
    where = f" in this {here.shell}" if here else ", where no function of safehouse is"
    return f"typed{where}: {short(first, host)}, not confined"


def _version(path: str, host: Host) -> str:
    """The version, where it is written beside the program: an agent is not run to be asked."""
    try:
        real = host.resolve(path).real
    except UserError:
        return ""
    _, kept, below = real.rpartition("/Cellar/")
    for part in (below.split("/")[1] if kept else "", real.rpartition("/")[2]):
        if _VERSION.fullmatch(part):
            return part
    _, packaged, _ = real.rpartition("/node_modules/")
    directory = real.rpartition("/")[0]
    while packaged and not directory.endswith("/node_modules"):
        try:
            data = read_file(f"{directory}/package.json", _MOST_PACKAGE, "package.json")
            version = json.loads(data).get("version", "")
            return printable(version) if isinstance(version, str) and len(version) < 40 else ""
        except (UserError, ValueError, AttributeError):
            directory = directory.rpartition("/")[0]
    return ""


def _script(path: str) -> str:
    words = _interpreter(os.path.realpath(path))
    return f"a script, run by {printable(' '.join(words))}" if words else ""


def _interpreter_missing(plan: Plan, path: str) -> tuple[str, str] | None:
    """Where a confined command would not find what runs a script: what to say, and what mends it."""
    words = _interpreter(os.path.realpath(path))
    if not words:
        return None
    program = words[0]
    if program.rpartition("/")[2] == "env":
        name = next((word for word in words[1:] if word[:1] != "-" and "=" not in word), "")
        places = dict(plan.policy.environment).get("PATH", "").split(":")
        program = next((f"{p}/{name}" for p in places if wanted.is_program(f"{p}/{name}")), "")
        if name and not program:
            text = f"it is run by {printable(name)}, which is nowhere on the PATH of a confined command"
            return text, f"install {printable(name)}, or put its directory on PATH"
    if program and not wanted.is_program(program):
        return f"it is run by {printable(program)}, which is gone", "install it again"
    if program and not _may_read(program, plan):
        text = f"it is run by {printable(program)}, which a confined command may not read"
        return text, _to_read(program, plan)[0]
    return None


def _to_read(program: str, plan: Plan) -> tuple[str, ...]:
    """What lets each launch read a program, where the policy does not."""
    if _may_read(program, plan):
        return ()
    place = plan.host.resolve(program).real.rpartition("/")[0] or "/"
    file = short(f"{protected.configuration(plan.host)}/{user.FILE}", plan.host)
    return (f"in each launch: `add-dirs-ro: [{short(place, plan.host)}]` in {file}",)


def _may_read(path: str, plan: Plan) -> bool:
    real = plan.host.resolve(path).real
    return plan.policy.decide(Access("file-read-data", real)).allowed


def _interpreter(path: str) -> list[str]:
    """The words behind `#!` of a script; none of another program."""
    try:
        with open(path, "rb") as file:
            head = file.read(_MOST_HEAD)
    except OSError:
        return []
    if not head.startswith(_INTERPRETED):
        return []
    line = head.split(b"\n", 1)[0]
    return line[len(_INTERPRETED) :].decode("utf-8", "replace").split()
