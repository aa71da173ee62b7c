"""What a repository asks for: .safehouse.yaml, and agent-safehouse's .safehouse, of the working directory.

Both are hostile until the person has looked: they are read once, as bounded regular files, and what
opens anything waits for trust.py.
"""

from __future__ import annotations

from safehouse.errors import UserError, nearest, printable
from safehouse.files import read_file
from safehouse.policy.rule import Tier
from safehouse.sources import own_files
from safehouse.sources.settings import Item, Settings, said
from safehouse.sources.user import settings
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.sources.settings_file import Section

FILE = ".safehouse.yaml"
OLD_FILE = ".safehouse"
# Each launch in a strange project reads it, which must not take long; and a person has to look at
# all that it asks for.
MOST_BYTES = 16 * 1024
MOST_ITEMS = 100
MOST_CHARACTERS = 1000
# The keys of agent-safehouse, with their other spellings, by our field.
_OLD_KEYS = {
    "add-dirs": "add_dirs",
    "add_dirs": "add_dirs",
    "SAFEHOUSE_ADD_DIRS": "add_dirs",
    "add-dirs-ro": "add_dirs_ro",
    "add_dirs_ro": "add_dirs_ro",
    "SAFEHOUSE_ADD_DIRS_RO": "add_dirs_ro",
    "enable": "enable",
    "append-profile": "append_profile",
}
_LISTS = ("add_dirs", "add_dirs_ro", "deny", "enable", "env_pass", "append_profile")
_OLD_SUPPORTED = ["add-dirs", "add-dirs-ro", "enable", "append-profile"]


class Project(Value):
    """A working directory with a configuration of its own: its files, each with what was read."""

    directory: str
    files: tuple[tuple[str, bytes], ...]


def project(host: Host, workdir: str) -> Project | None:
    """The configuration of the working directory, none of a directory above it; None without one.

    Raises UserError for what is no file that can be read: it may have had refusals in it.
    """
    files = []
    for name in (OLD_FILE, FILE) if workdir else ():
        path = f"{workdir.rstrip('/')}/{name}"
        if host.files.kind(path) != "missing" and not host.foreign:
            files.append((path, read_file(path, MOST_BYTES, printable(path))))
    return Project(workdir, tuple(files)) if files else None


def asked(found: Project, host: Host, trusted: bool) -> tuple[Settings, ...]:
    """What the files ask for. Raises UserError for a wrong .safehouse.yaml, trusted or not.

    A .safehouse can only widen, so that an untrusted one need not be understood.
    """
    sources = []
    for path, data in found.files:
        name = path.rpartition("/")[2]
        if name == FILE:
            section = _section(data, name, path, host)
            sources.append(settings(section, Tier.REPOSITORY, name, name, found.directory))
        elif trusted:
            sources.append(_old(data, name, found.directory))
    for source in sources:
        items = sum(len(getattr(source, field)) for field in _LISTS)
        if items > MOST_ITEMS:
            raise UserError(
                f"{source.name}: asks for {items} things; {MOST_ITEMS} is the most",
                "name directories instead of the files in them",
            )
    return tuple(sources)


def _section(data: bytes, name: str, path: str, host: Host) -> Section:
    if own_files.says_nothing(data):
        return {}
    kept_as = f"repository-{own_files.digest(path)}"
    return own_files.understood(data, kept_as, host, lambda data: _parsed(name, data))


def _old(data: bytes, name: str, directory: str) -> Settings:
    """The key=value lines of agent-safehouse: `#` and `;` begin comments, quotes may be round values."""
    fields: dict[str, tuple[Item, ...]] = {}
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}:{line}: not text in UTF-8", "write it as UTF-8") from None
    for number, written in enumerate(text.split("\n"), 1):
        line_text = written.strip()
        if not line_text or line_text[0] in "#;":
            continue
        place = f"{name}:{number}"
        key, equals, value = (part.strip() for part in line_text.partition("="))
        if not equals:
            raise UserError(f"{place}: expected key=value", f"keys: {', '.join(_OLD_SUPPORTED)}")
        if key not in _OLD_KEYS:
            raise UserError(
                f"{place}: unknown key {printable(key[:80])!r}{nearest(key[:80], _OLD_SUPPORTED)}",
                f"keys: {', '.join(_OLD_SUPPORTED)}",
            )
        if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]:
            value = value[1:-1]
        field = _OLD_KEYS[key]
        separator = {"enable": ",", "append_profile": ""}.get(field, ":")
        parts = [part.strip() for part in (value.split(separator) if separator else [value])]
        parts = [part.lower() for part in parts] if field == "enable" else parts
        for part in parts:
            _check(part, place)
        fields[field] = fields.get(field, ()) + tuple(Item(part, place) for part in parts if part)
    return said(Tier.REPOSITORY, name, directory, fields)


def _check(text: str, place: str) -> None:
    """That a value is a text as our own files take it: it ends up in policies and messages."""
    if not text.isprintable():
        raise UserError(
            f"{place}: a control or invisible character: {printable(text[:80])}", "write it without"
        )
    if len(text) > MOST_CHARACTERS:
        raise UserError(f"{place}: longer than {MOST_CHARACTERS} characters", "make it shorter")


def _parsed(name: str, data: bytes) -> Section:
    from safehouse.sources.settings_file import repository

    return repository(data, name)
