"""`safehouse trust` and `untrust`: a project's own configuration, looked at and decided about."""

from __future__ import annotations

import os
import sys

from safehouse import sandbox
from safehouse.cli import question
from safehouse.cli.grants import outside, refuse_words
from safehouse.cli.review import differences, review, visible
from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.policy.policy import Policy
from safehouse.request import Request
from safehouse.sources import configuration as configured
from safehouse.sources import reach, repository, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.cli.arguments import Arguments

DONE, NOT_TRUSTED = 0, 1
# More than this nobody reads before an answer.
_MOST_LINES = 400
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m"}
_PLAIN = "\x1b[0m"


def look(arguments: Arguments) -> int:
    """Shows what a project's configuration asks for, and remembers what the person says to that.

    0 if all that it asks for is in force then, or was declined as wanted; 1 if not.
    """
    _check_together(arguments)
    host = outside()
    if arguments.bring:
        return _bring(arguments, host)
    directory = host.cwd
    if arguments.directory:
        directory = host.named(arguments.directory, "--for").real
        if host.files.kind(directory) != "directory":
            raise UserError(f"--for: {visible(directory)} is not a directory", "name the project")
    if arguments.decline:
        return _decline(directory, host)
    return _decide(directory, arguments, host)


def forget(arguments: Arguments) -> int:
    """Removes what is remembered of a directory, which may be gone."""
    _check_together(arguments)
    host = outside()
    text = arguments.directory
    directory = host.located(text, "--for", host.cwd).real if text else host.cwd
    if trust.forget(directory, host):
        _say(f"forgotten: {visible(directory)} gets no more than any other project")
    else:
        _say(f"nothing is remembered of {visible(directory)}")
    return DONE


def keep(request: Request) -> None:
    """What --always-trust-workdir-config says, before the launch that it was said with."""
    host = Host.current()
    if sandbox.backend_for(host).inside(host):
        return
    workdir = configured.start(request, host).workdir
    if not request.always_trust:
        trust.forget(workdir, host)
        return
    project = repository.project(host, workdir)
    if project:
        reach.refuse_to_keep(request, host)
        trust.refuse_unseen(project, host)
        trust.remember(trust.TRUSTED, trust.judged(project, host, True).content, host)


def _check_together(arguments: Arguments) -> None:
    """Raises UserError for words and options that do not belong together."""
    refuse_words(arguments)
    given = [
        name
        for name, is_there in (
            ("--import", arguments.bring),
            ("--decline", arguments.decline),
            ("--yes", arguments.yes and arguments.decline),
            ("--for", bool(arguments.directory) and arguments.bring),
        )
        if is_there
    ]
    if len(given) > 1:
        raise UserError(f"{given[0]} cannot be combined with {given[1]}", "leave one of them out")


def _decline(directory: str, host: Host) -> int:
    project = repository.project(host, directory)
    if project is None:
        return _nothing(directory)
    reach.refuse_to_keep(Request(workdir=directory), host)
    trust.remember(trust.DECLINED, trust.Content(directory, project.files), host)
    _say(
        f"declined: {visible(directory)} gets no more than any other project, and launches "
        "do not mention it until it changes"
    )
    return DONE


def _nothing(directory: str) -> int:
    files = f"{repository.FILE} and no {repository.OLD_FILE}"
    _say(f"nothing to trust: there is no {files} in {visible(directory)}")
    return NOT_TRUSTED


def _decide(directory: str, arguments: Arguments, host: Host) -> int:
    # As a launch looks it up, which was told to trust: what is shown is what it will get.
    request = Request(workdir=directory, trust=True)
    start = configured.start(request, host)
    found = configured.configuration(request, host, start, "")
    content = found.project
    if content is None:
        return _nothing(directory)
    record = trust.last(directory, host)
    if record == trust.Record(trust.TRUSTED, content):
        _say(f"trusted already: {visible(directory)}, as it is now")
        return DONE
    seen = review(found, _policy(request, host), host, directory, start.catalogue)
    lines = [f"{visible(directory)} has a configuration of its own.", *seen.lines()]
    if not seen.opens and not seen.refused:
        _say("\n".join([*lines, "There is nothing to trust: it opens nothing."]))
        return DONE
    lines.append("What is protected stays closed, whatever a project asks for.")
    if record and not _was_seen(record, content):
        changed = differences(record.content, content)
        lines = ["It has changed since you looked at it:", *_coloured(changed), "", *lines]
    _say("\n".join(lines))
    reach.refuse_to_keep(request, host)
    if not arguments.yes and not _agrees(len(lines), trust.command(directory, host)):
        decline = trust.command(directory, host, " --decline")
        _say(f"not trusted: launches get what they got before\nnot to be told again: {decline}")
        return NOT_TRUSTED
    trust.remember(trust.TRUSTED, content, host)
    _say(f"trusted: {visible(directory)}, until it changes")
    return DONE


def _policy(request: Request, host: Host) -> Policy:
    """What a launch would get; nothing where there can be none, of which the launch tells."""
    try:
        return sandbox.make_plan(request, host).policy
    except UserError:
        return Policy(())


def _was_seen(record: trust.Record, now: trust.Content) -> bool:
    """Whether the person has seen exactly this; what they declined is kept without its profiles."""
    if record.verdict == trust.TRUSTED:
        return record.content == now
    own = tuple(
        (path, data)
        for path, data in now.files
        if path.rpartition("/")[2] in (repository.FILE, repository.OLD_FILE)
    )
    return record.content.files == own


def _agrees(lines: int, command: str) -> bool:
    """Whether the person at the terminal says yes to what they have just seen.

    Raises UserError, of the status of a no, where nobody can have seen it.
    """
    if not question.can_be_asked():
        raise UserError(
            "not trusted: there is no terminal to ask at",
            f"read what it opens; then: {command} --yes",
            NOT_TRUSTED,
        )
    if lines > _MOST_LINES:
        raise UserError(
            f"not trusted: these are {lines} lines, more than anybody reads before an answer",
            f"read them at leisure: {command} | less; then: {command} --yes",
            NOT_TRUSTED,
        )
    return question.is_answered_yes("Trust it, until it changes?")


def _coloured(lines: list[str]) -> list[str]:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lines
    return [
        f"{_COLOURS[line[0]]}{line}{_PLAIN}" if line[:1] in _COLOURS else line for line in lines
    ]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# agent-safehouse's list


def _bring(arguments: Arguments, host: Host) -> int:
    """Goes through the directories that agent-safehouse trusts; 1 if one of them stays untrusted."""
    items = trust.old_list(host)
    if not items:
        _say(f"nothing to import: no directory stands in ~/{trust.OLD_LIST}")
        return NOT_TRUSTED
    statuses = []
    seen = set()
    for item in items:
        try:
            directory = host.located(item.text, item.place, host.home).real
            if directory in seen:
                continue
            seen.add(directory)
            if host.files.kind(directory) != "directory":
                _say(f"{item.place}: {visible(item.text)} is gone")
            elif repository.project(host, directory) is None:
                _say(f"{item.place}: {visible(directory)} has no configuration of its own")
            else:
                statuses.append(_decide(directory, arguments, host))
        except UserError as error:
            if error.status == NOT_TRUSTED:
                raise
            _say(f"{item.place}: {error.message}\n{error.hint}".rstrip())
            statuses.append(NOT_TRUSTED)
    return max(statuses, default=DONE)
