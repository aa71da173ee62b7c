"""SBPL files that people bring (`--append-profile`), also those written for agent-safehouse."""

from __future__ import annotations

import re

from safehouse.errors import UserError, printable
from safehouse.policy.match import text_matches
from safehouse.policy.rule import ALLOW, DENY, PATH_KINDS, Filter, Grant, Opaque, Origin, Rule, Tier
from safehouse.sbpl.evaluate import Below, Known
from safehouse.sbpl.parse import Source
from safehouse.sbpl.reader import read
from safehouse.sbpl.syntax import quote
from safehouse.sources.settings import contains
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host
    from safehouse.policy.rule import AnyGrant

MOST_BYTES = 512 * 1024
_DATA_VOLUME = "/System/Volumes/Data"
# Who opens both opens the home as a whole, by whatever filter.
_IN_A_HOME = ("/.ssh/id_x", "/x")
_NO_WORKDIR = "there is no working directory"
_REASONS = {Tier.REPOSITORY: "a profile that this repository brings"}
_REASON = "an appended profile"
_METADATA = re.compile(r"\$\$([A-Za-z][A-Za-z-]*)=(.*?)\$\$")
# What is read of what does not exist is what the confined program has put there itself.
_READING = frozenset(
    "file-read* file-read-data file-read-metadata file-read-xattr file-test-existence".split()
)
# Operations that decide about another: seatbelt.md 1.4. Our base profile closes the first three, which
# SBPL leaves open, so that who allows the other means them, too.
_WITH = {
    "file-read*": ("file-test-existence", "file-clone"),
    "file-read-data": ("file-clone",),
    "file-read-metadata": ("file-test-existence",),
    "file-write*": ("file-link",),
    "file*": ("file-test-existence", "file-clone", "file-link"),
}
# Under another name a file is judged anew, so that what is closed must keep its name (2.8).
_KEEPING = {
    "file-read*": ("file-link", "file-write-unlink"),
    "file-read-data": ("file-link", "file-write-unlink"),
    "file-write-data": ("file-link", "file-write-unlink"),
}
# Every command has these from the caller, so that a default for one could only harm.
_ALWAYS_SET = ("HOME", "PATH", "SAFEHOUSE_SANDBOX")


class Appended(Value):
    """What a file says: rules in its order, defaults of variables, and what to tell the person."""

    grants: tuple[AnyGrant, ...]
    environment: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def profile(
    data: bytes,
    file: str,
    tier: int,
    host: Host,
    workdir: str,
    features: tuple[str, ...] = (),
    enabled: tuple[str, ...] = (),
) -> Appended:
    """What a file with this content says; `file` is its path for origins and messages.

    `workdir` is "" for none. `features` are the names that `--enable` takes, `enabled` the profiles
    that are in force: a file may name another one that it builds on. Raises UserError, with the
    place, for all that Seatbelt would not take, for a path that can fit nothing, and, in the tier
    of a repository, for what is not understood or opens the home as a whole.
    """
    file = printable(file)
    text = _text(data, file)
    source = Source(text, file)
    repository = tier == Tier.REPOSITORY
    rules = read(text, file, tier, {}, _known(host, workdir), entirely=repository)
    reason = _REASONS.get(tier, _REASON)
    grants: list[AnyGrant] = []
    notes: list[str] = []
    for rule in rules:
        if repository and isinstance(rule, Rule):
            _refuse_too_wide(rule, host)
        origin = rule.origin
        origin = replace(origin, reason=printable(origin.reason) or reason)
        if isinstance(rule, Opaque):
            grants.append(replace(rule, origin=origin))
            continue
        if rule.action == DENY and rule.filter is None and rule.operations != ("default",):
            notes.append(_bare_note(rule))
        grants += [_grant(rule, filter, origin) for filter in _alternatives(rule.filter)]
    environment, more = _metadata(source, features, enabled)
    return Appended(tuple(grants), environment, (*notes, *more))


def _text(data: bytes, file: str) -> str:
    """The content as text with plain line ends. Raises UserError for another encoding."""
    if len(data) > MOST_BYTES:
        raise UserError(
            f"{file}: larger than {MOST_BYTES >> 10} KiB", "append several smaller files"
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        raise UserError(f"{file}:1:1: text in UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]  # without the mark at the start, if there is one
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode()) + 1
        raise UserError(f"{file}:{line}:{column}: not text in UTF-8", "save it as UTF-8") from None
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        # To Seatbelt a comment before it would go on: it would hide the rules of the next line.
        Source(text, file).fail(text.index("\r"), "a carriage return", "end lines with a newline")
    return text


def _known(host: Host, workdir: str) -> tuple[Known, ...]:
    """The names that agent-safehouse's profiles may use, with its meanings of them."""
    home, data = host.home, _DATA_VOLUME + host.home
    work = workdir.rstrip("/") if workdir else None
    absent = "" if workdir else _NO_WORKDIR
    path = "WORK_DIR" if work is None else quote(work)
    known = [
        Known("HOME_DIR", home, f"(define HOME_DIR {quote(home)})"),
        Known("DATA_HOME_DIR", data, f"(define DATA_HOME_DIR {quote(data)})"),
        Known(
            "WORK_DIR",
            workdir or False,
            f"(define WORK_DIR {quote(workdir) if workdir else '#f'})",
            absent,
        ),
        Known(
            "workdir-path",
            Below(work),
            f"(define (workdir-path name) (string-append {path} name))",
            absent,
        ),
    ]
    for start, directory, text, kinds, why in (
        ("home", home, "(string-append HOME_DIR name)", ("subpath", "literal", "prefix"), ""),
        ("data-home", data, "(string-append DATA_HOME_DIR name)", ("subpath", "literal"), ""),
        ("workdir", work, "(workdir-path name)", ("subpath", "literal", "prefix"), absent),
    ):
        for kind in kinds:
            name = f"{start}-{kind}"
            definition = f"(define ({name} name) ({kind} {text}))"
            known.append(Known(name, Below(directory, kind), definition, why))
    return tuple(known)


# Rules


def _refuse_too_wide(rule: Rule, host: Host) -> None:
    """Raises UserError for what would open the home as a whole, which no project may."""
    on_files = any(name.startswith(("file", "default")) for name in rule.operations)
    on_sockets = any(name.startswith("network") for name in rule.operations)
    if rule.action != ALLOW or not (on_files or on_sockets):
        return
    why = ""
    for filter in _alternatives(rule.filter):
        if filter is None:
            why = "without a filter it is for all files" if on_files else ""
        elif any(
            all(_may_fit(filter, home + name, host, on_files) for name in _IN_A_HOME)
            for home in (host.home, _DATA_VOLUME + host.home)
        ):
            why = "it holds your whole home"
        if why:
            raise UserError(
                f"{rule.origin.source}: no project can open this: {why}",
                "name the directories that it needs",
            )


def _may_fit(filter: Filter, path: str, host: Host, unsure: bool) -> bool:
    """Whether a filter may be for a path; `unsure` is the answer where it is not about paths."""
    kind, value = filter.kind, filter.value
    if kind == "require-not":
        return True
    if kind == "require-all":
        return all(_may_fit(part, path, host, unsure) for part in filter.parts)
    if kind == "require-any":
        return any(_may_fit(part, path, host, unsure) for part in filter.parts)
    if kind not in PATH_KINDS:
        return unsure
    if text_matches(kind, value, path):
        return True
    return kind == "subpath" and contains(host.resolve(value).real, path)


def _grant(rule: Rule, filter: Filter | None, origin: Origin) -> Grant:
    """A rule as a grant, so that its path is made real like that of any other."""
    if filter is not None and filter.kind == "regex" and filter.value[:2] in ("^~", "^@"):
        # A grant is as written, where these begin a placeholder.
        filter = Filter("regex", f"(({filter.value}))")
    harmless = rule.action == DENY and _READING.issuperset(rule.operations)
    return Grant(
        rule.action,
        rule.operations if filter is None else _complete(rule),
        filter,
        origin,
        existing_only=harmless,
        message=rule.message,
    )


def _complete(rule: Rule) -> tuple[str, ...]:
    """The operations of a rule with those that it says nothing without."""
    names = list(rule.operations)
    for name in rule.operations:
        names += _WITH.get(name, ())
        if rule.action == DENY:
            names += _KEEPING.get(name, ())
    return tuple(dict.fromkeys(names))


def _alternatives(filter: Filter | None) -> Iterator[Filter | None]:
    """What `require-any` stands for is as well said by a rule for each of its parts."""
    if filter is None or filter.kind != "require-any":
        yield filter
        return
    for part in filter.parts:
        yield from _alternatives(part)


def _bare_note(rule: Rule) -> str:
    names = " ".join(rule.operations)
    note = f"{rule.origin.source}: (deny {names}) has no filter, so each rule with one wins over it"
    if any(name.startswith("network") for name in rule.operations):
        note += "; --network=none closes the network"
    return note


# What agent-safehouse reads in comments


def _metadata(
    source: Source, features: tuple[str, ...], enabled: tuple[str, ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The defaults of variables, and notes on what is asked for and not done."""
    values: dict[str, str] = {}
    notes: list[str] = []
    for start, comment in source.comments() if "$$" in source.text else ():
        for found in _METADATA.finditer(comment):
            key, value = found[1], found[2].strip()
            place = start + found.start()
            here = f"{source.file}:{source.line(place)}"
            if key == "exec-env-default":
                name, text = _variable(source, place, value)
                if name in _ALWAYS_SET:
                    notes.append(f"{here}: {name} is always set, so its default has no effect")
                else:
                    values[name] = text
            elif key == "require":
                paths = (path.strip() for path in value.split(","))
                notes += [
                    f"{here}: {note}"
                    for path in paths
                    if (note := _required(path, features, enabled))
                ]
    return tuple(values.items()), tuple(notes)


def _variable(source: Source, place: int, value: str) -> tuple[str, str]:
    name, equals, text = value.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier() or not name.isascii():
        source.fail(
            place, f"not NAME=VALUE: {printable(value)!r}", "write $$exec-env-default=NAME=VALUE$$"
        )
    return name, text.strip()


def _required(path: str, features: tuple[str, ...], enabled: tuple[str, ...]) -> str:
    """What to tell about a profile of agent-safehouse that a file builds on; "" if all is well."""
    name = path.rpartition("/")[2].removesuffix(".sb")
    if not name or name in enabled:
        return ""
    said = f"it builds on {printable(path)}, which is not loaded"
    if name in features:
        return f"{said}; ours of that name: --enable={name}"
    return f"{said}, and no feature has that name"
