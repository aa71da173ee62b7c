"""Writes docs/allow-deny.md: all that profiles.yaml allows and denies, as tables. `make docs` runs it."""

from __future__ import annotations

from pathlib import Path

from safehouse.cli.rules import SYSTEMS, Line, facts, lines, only
from safehouse.policy.words import WORDS
from safehouse.sources.catalogue import Catalogue
from safehouse.sources.profile import LAYERS, ON_REQUEST, PLATFORMS
from safehouse.sources.profile_file import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.sources.profile import Record

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "allow-deny.md"
HEAD = """\
<!-- Generated from profiles.yaml by tools/write_allow_deny.py. Do not edit: `make docs` writes it anew. -->

# What is allowed and denied

All that the shipped profiles allow and deny, with the reasons. `safehouse profiles show NAME` shows the same
for one profile, with what you have added in files of your own. For a single question ask
`safehouse why read ~/.npmrc -- claude`.

Nothing is allowed that no rule allows. Of several rules about one thing the last one decides: the profiles
apply in the order of this document, within a profile its rows from top to bottom.

| spelled | means |
| --- | --- |
| `~/x/` | the directory and all below it |
| `~/x` | exactly this |
| `~/x*` | all whose names begin so |
| `^~/x[0-9]+$` | all that the regular expression fits |
| `@TMPDIR`, `@CACHEDIR` | your own directories for temporary files and caches, on macOS |
| `@SSH_AUTH_SOCK` | the socket that this variable names |
| read, write | files, and what lies in directories |
| metadata | that it exists, its size and dates, not what is in it |
| exec, connect, ioctl | run, connect to, control |
| socket | all that can be done to a socket: whoever can connect makes another program act |
| **no** | denied, whatever an earlier row allows |
| *all* | an operation that has no target |
| `mach-lookup`, ... | operations by their names on macOS; Linux has namespaces and filters of system calls |

An empty cell means that no rule is for this system: it stays as it was before. What is *made if it is
missing* is made at the start, so that it can be granted.
"""
CODE = """\
### What is no profile's

Some rules depend on where you are, and are made for each launch:

* **The working directory**, and all below it, may be read and written.
* **Git's hooks and settings** in it may not be written, and a repository that the directory is a part of may
  be used: [git](git.md) says which files these are. The feature `git-config` opens the settings.
* **What nothing opens**: Safehouse's own files and itself, start files of shells, the project's
  `.safehouse.yaml`. [The security model](security-model.md#what-nothing-opens) lists them.
* **Certificates** that variables such as `SSL_CERT_FILE` name may be read, if certificates are all that is
  in the file.
* **What you say**: [options](command-line.md), [configuration](configuration.md), [grants](grants.md).
"""
SECTIONS = (
    ("By default", tuple(layer for layer in LAYERS if layer not in ON_REQUEST),
     "In force for every command."),
    ("Features", ("feature",), "Switched on by `--enable=NAME`, or by a profile that requires one."),
    ("Agents", ("agent",), "Chosen by the name of the command, or by `--agent=NAME`."),
    ("Apps", ("app",), "Chosen by the name of the command, or by `--agent=NAME`."),
)  # fmt: skip


def document() -> str:
    """The whole of it."""
    text = (ROOT / "profiles.yaml").read_text(encoding="utf-8")
    catalogue = Catalogue("linux", load(text, "profiles.yaml"))
    parts = [HEAD]
    for title, layers, how in SECTIONS:
        names = [name for layer in layers for name in catalogue.in_layers((layer,))]
        if not names:
            continue
        parts.append(f"## {title}\n\n{how}\n")
        parts += [_profile(catalogue, catalogue.known[name]) for name in names]
        if title == "By default":
            parts.append(CODE)
    return "\n".join(parts)


def _profile(catalogue: Catalogue, record: Record) -> str:
    name, layer, summary, weakens = record[:4]
    found = list(lines(record))
    remarks = []
    systems = {line.platform for line in found}
    if len(systems) == 1 and systems != {""}:
        remarks.append(f"{only(systems.pop())}.")
    if weakens:
        remarks.append(f"What it gives up: {weakens}.")
    if record[6]:
        remarks.append(f"Requires {', '.join(f'`{other}`' for other in record[6])}.")
    remarks += _facts(record)
    if not found:
        remarks.append("Its rules are made for each repository: see [git](git.md).")
    said = "".join(f"* {remark}\n" for remark in remarks)
    always = "" if layer in ON_REQUEST else f" (layer {layer})"
    head = f"### {name}\n\n{summary[:1].upper()}{summary[1:]}{always}.\n"
    return "\n".join(part for part in (head, said, _table(found)) if part)


def _facts(record: Record) -> list[str]:
    """What a profile says beside its rules, and on which system where not on both."""
    said = {platform: facts((record,), platform) for platform in PLATFORMS}
    found = {
        (label, value): [on for on in PLATFORMS if (label, value) in said[on]]
        for platform in PLATFORMS
        for label, value in said[platform]
    }
    return [
        f"{label.capitalize()}: {', '.join(f'`{value}`' for value in values)}"
        + ("" if len(on) > 1 else f" ({only(on[0])})")
        + "."
        for (label, values), on in found.items()
    ]


def table(found: list[Line]) -> list[tuple[str, str, str, str]]:
    """The rows for some lines: what, on macOS, on Linux, why. A path that both have is one row."""
    rows: list[tuple[Line, dict[str, str]]] = []
    for line in found:
        words = ", ".join(word if word in WORDS else f"`{word}`" for word in line.words.split())
        on = (line.platform,) if line.platform else PLATFORMS
        cells = next(
            (
                cells for other, cells in rows
                if (other.action, other.kind, other.value, other.reason, other.create)
                == (line.action, line.kind, line.value, line.reason, line.create)
                and not any(cells[platform] for platform in on)
            ),
            None,
        )  # fmt: skip
        if cells is None:
            cells = dict.fromkeys(PLATFORMS, "")
            rows.append((line, cells))
        for platform in on:
            cells[platform] = ("**no** " if line.action == "deny" else "") + words
    return [
        (
            f"`{line.target}`" if line.kind else "*all*",
            *(cells[platform] for platform in PLATFORMS),
            line.reason + ("; made if it is missing" if line.create else ""),
        )
        for line, cells in rows
    ]  # type: ignore[misc]


def _table(found: list[Line]) -> str:
    if not found:
        return ""
    head = ["what", *(SYSTEMS[platform] for platform in PLATFORMS), "why"]
    rows = [head, ["---"] * 4, *(list(row) for row in table(found))]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows
    )


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
