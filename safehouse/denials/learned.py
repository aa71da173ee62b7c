"""What was learned, as YAML: for a directory in grants.yaml, or as a profile of a command in profiles.d."""

from __future__ import annotations

import json

from safehouse.errors import UserError, printable
from safehouse.sources import own_files, protected, user
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from safehouse.denials.row import Row
    from safehouse.host import Host

HEAD = "# Written by safehouse learn --profile, which adds to it. Changes of yours stay, comments do not.\n"
_READ, _WRITE = "read", "read write"


def settings(rows: Iterable[Row], host: Host) -> str:
    """What the rows give, in the words of config.yaml and of a directory in grants.yaml."""
    lists: dict[str, list[str]] = {"add-dirs-ro": [], "add-dirs": [], "enable": []}
    for row in rows:
        if row.feature:
            lists["enable"].append(row.feature)
        else:
            lists["add-dirs" if row.writes else "add-dirs-ro"].append(short(row.target, host.home))
    found = []
    for key, items in lists.items():
        found += (
            [f"{key}:", *(f"  - {_scalar(item)}" for item in sorted(set(items)))] if items else []
        )
    return "".join(f"{line}\n" for line in found)


def short(path: str, home: str) -> str:
    """A path as files have it."""
    return "~" + path[len(home) :] if contains(home, path) else path


def name_of(command: str, agent: str, known: Mapping[str, object]) -> str:
    """The profile that is for a command: that of its agent, or one of its own name."""
    if agent:
        return agent
    plain = "".join(
        c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in command.lower()
    )
    name = plain.strip("-") or "command"
    return f"{name}-learned" if name in known else name


def path(name: str, host: Host) -> str:
    """The file of a learned profile."""
    return f"{protected.configuration(host)}/{user.PROFILES}/learned-{name}.yaml"


def profile(name: str, command: str, extends: bool, rows: Iterable[Row], old: bytes | None) -> str:
    """The text of the profile, with what its file says so far.

    Raises UserError for a file that is not one of these, or a path that no profile can name.
    """
    document = _document(old)
    record = document.setdefault("profiles", {}).setdefault(name, {})
    if not extends:
        record.setdefault("layer", "agent")
        record.setdefault("summary", f"what safehouse learn has found for {command}")
        record.setdefault("commands", [command])
    rules: list[dict[str, Any]] = record.setdefault("rules", [])
    required: list[str] = record.setdefault("requires", [])
    for row in rows:
        if row.feature:
            required += [row.feature] if row.feature not in required else []
            continue
        _add(rules, row)
    for key in ("rules", "requires"):
        if not record[key]:
            del record[key]
    return HEAD + _yaml(document)


def _add(rules: list[dict[str, Any]], row: Row) -> None:
    spelled = row.target + ("/" if row.tree or row.make == "directory" else "")
    if not spelled.isprintable() or spelled[-1] == "*" or "@" in spelled or "%" in spelled:
        raise UserError(
            f"{printable(row.target)} cannot be named in a profile", "leave --profile out"
        )
    wanted: dict[str, Any] = {"allow": _WRITE if row.writes else _READ}
    if row.make == "directory":
        wanted["create"] = "directory"
    reason = f"{printable(row.program) or 'it'} needs it"
    for rule in rules:
        if {key: value for key, value in rule.items() if key != "paths"} == wanted:
            rule["paths"].setdefault(spelled, reason)
            return
    rules.append({**wanted, "paths": {spelled: reason}})


def _document(old: bytes | None) -> dict[str, Any]:
    import yaml

    if old is None:
        return {}
    if not old.startswith(HEAD.partition(",")[0].encode()):
        raise UserError(
            "it was not written by safehouse learn", "safehouse learn --print shows what to add"
        )
    try:
        document = yaml.safe_load(old)
        records = document["profiles"]
        lists = (rec.get(key, []) for rec in records.values() for key in ("rules", "requires"))
        if not all(isinstance(each, list) for each in lists):
            raise ValueError
        return dict(document)
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError):
        raise UserError("it is no profile any more", "safehouse profiles check says why") from None


def _yaml(value: Any, indent: str = "") -> str:
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            lines.append(f"{indent}{_scalar(key)}:\n{_yaml(inner, indent + '  ')}")
        elif key == "rules":
            lines.append(f"{indent}rules:\n")
            for rule in inner:
                text = _yaml(rule, indent + "    ")
                lines.append(f"{indent}  - {text.lstrip()}")
        elif isinstance(inner, list):
            lines.append(f"{indent}{key}: [{', '.join(map(_scalar, inner))}]\n")
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(inner)}\n")
    return "".join(lines)


def _scalar(text: object) -> str:
    """A word of YAML: as it is where that is sure to be a text, else between quotes as JSON has them."""
    plain = str(text)
    safe = plain[:1].isalpha() or plain[:1] in "~/."
    safe = safe and all(c.isascii() and (c.isalnum() or c in "~/._-+ ") for c in plain)
    if safe and plain.strip() == plain and plain != "~" and plain.lower() not in _WORDS:
        return plain
    return json.dumps(plain, ensure_ascii=False)


_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n", ".inf", ".nan")


def keep(file: str, text: str, known: Iterable[str], host: Host) -> None:
    """Puts a profile in its place, if it is one. Raises UserError, OSError."""
    from safehouse.sources.profile_file import load

    load(text.encode(), own_files.short(file, host), frozenset(known))
    own_files.make_directory(file.rpartition("/")[0])
    own_files.replace(file, text.encode())
