"""What a wheel has and a checkout has not: compiled profiles, data from beside the package, a name.

What both have when they are installed: a launcher.
"""

from __future__ import annotations

import ast
import hashlib
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HEAD = '"""profiles.yaml as Python literals: no YAML at launch. Made by hatch_build.py."""\n'

SHOWN = '"""The names of profiles and agents, for Tab. Made by hatch_build.py."""\n'
NAMED = '"""Which build this is: the digest of all that is in it. Made by hatch_build.py."""\n'


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `_compiled.py`, `_names.py`, `_build.py`, `profiles.yaml`, `shell/` and the launcher."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        self.scratch = tempfile.TemporaryDirectory()
        script = Path(self.scratch.name, "safehouse")
        script.write_text(launcher(root, self.metadata.version, version == "editable"), "utf-8")
        script.chmod(0o755)
        build_data["shared_scripts"][str(script)] = script.name
        if version == "editable":
            return  # a checkout reads profiles.yaml itself
        compiled = Path(self.scratch.name, "_compiled.py")
        compiled.write_text(compiled_profiles(root), encoding="utf-8")
        included = build_data["force_include"]
        included[str(compiled)] = "safehouse/sources/_compiled.py"
        shown = Path(self.scratch.name, "_names.py")
        shown.write_text(names(root), encoding="utf-8")
        included[str(shown)] = "safehouse/cli/_names.py"
        named = Path(self.scratch.name, "_build.py")
        named.write_text(f"{NAMED}\nID = {identifier(root)!r}\n", encoding="utf-8")
        included[str(named)] = "safehouse/_build.py"
        included[str(root / "profiles.yaml")] = "safehouse/profiles.yaml"
        included[str(root / "shell")] = "safehouse/shell"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.scratch.cleanup()


def launcher(root: Path, version: str, is_editable: bool) -> str:
    """The program `safehouse` of an installation; that of an editable one imports from the checkout.

    An entry point would not do: its Python would obey PYTHONPATH and the user's site-packages
    before a line of ours is run, and take five times as long.
    """
    text = (root / "tools/wheel/launcher.sh").read_text("ascii")
    init = (root / "tools/zipapp/init.sh").read_text("ascii").replace("{BUILD}", identifier(root))
    values = {
        "# {INIT}\n": "" if is_editable else init,
        "'{ROOT}'": shlex.quote(str(root)) if is_editable else "''",
        "{VERSION}": version,
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def identifier(root: Path) -> str:
    """A digest of the sources that a wheel is made of: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    files = [*root.glob("safehouse/**/*.py"), *root.glob("shell/*"), root / "profiles.yaml"]
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


def names(root: Path) -> str:
    """The source of `_names.py`."""
    sys.path.insert(0, str(root))
    try:
        from safehouse.cli.names import names_of
        from safehouse.sources.catalogue import Catalogue
        from safehouse.sources.profile_file import load
    finally:
        sys.path.remove(str(root))
    text = (root / "profiles.yaml").read_text(encoding="utf-8")
    found = names_of(Catalogue("linux", load(text, "profiles.yaml")))
    return f"{SHOWN}\nNAMES = {(found.profiles, found.programs)!r}\n"


def compiled_profiles(root: Path) -> str:
    """The source of `_compiled.py`: one profile a line, then what is secret by name and by place.

    Raises ValueError when a profile is more than literals, and what the loader says of a bad file.
    """
    sys.path.insert(0, str(root))
    try:
        from safehouse.sources import secret_file, sensitive_file
        from safehouse.sources.profile_file import load
    finally:
        sys.path.remove(str(root))
    text = (root / "profiles.yaml").read_text(encoding="utf-8")
    records = load(text, "profiles.yaml")
    lines = [f"    {name!r}: {record!r},\n" for name, record in records.items()]
    literal = "{\n" + "".join(lines) + "}"
    if ast.literal_eval(literal) != records:
        raise ValueError("profiles.yaml: a profile does not survive being written as a literal")
    secrets = secret_file.load(text, "profiles.yaml")
    if ast.literal_eval(repr(secrets)) != secrets:
        raise ValueError("profiles.yaml: project-secrets do not survive being written as a literal")
    sensitive = sensitive_file.load(text, "profiles.yaml")
    if ast.literal_eval(repr(sensitive)) != sensitive:
        raise ValueError("profiles.yaml: sensitive does not survive being written as a literal")
    return f"{HEAD}\nRECORDS = {literal}\n\nSECRETS = {secrets!r}\n\nSENSITIVE = {sensitive!r}\n"
