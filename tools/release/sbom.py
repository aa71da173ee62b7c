"""What is in the single file, for programs that look for vulnerable parts: CycloneDX 1.6, as JSON.

The same release gives the same bytes.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, NamedTuple

from tools.release.project import Project

# What packages write into `License` that is no identifier of SPDX.
_IDENTIFIERS = {"Apache Software License": "Apache-2.0", "MIT License": "MIT"}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+")


class Release(NamedTuple):
    """`sha256` is that of the single file, `time` that of the commit, in seconds since 1970."""

    version: str
    sha256: str
    time: int


def document(
    project: Project,
    release: Release,
    requirements: str,
    installed: Path,
    tools: Mapping[str, str],
    pythons: Mapping[str, str],
) -> str:
    """The bill of materials, of the pinned `requirements` as they are `installed` in a folder.

    `tools` built it, `pythons` compiled its byte code: each a version by a name.
    """
    own = _purl(project, release.version)
    parts = list(_components(requirements, installed))
    address = f"{project.address}/releases/tag/v{release.version}#{release.sha256}"
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(release.time)),
            "tools": {
                "components": [
                    {"type": "application", "name": name, "version": version}
                    for name, version in sorted(tools.items())
                ]
            },
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project.name,
                "version": release.version,
                "description": project.description,
                "licenses": [{"license": {"id": project.license}}],
                "purl": own,
                "hashes": [{"alg": "SHA-256", "content": release.sha256}],
                "externalReferences": [{"type": "vcs", "url": project.address}],
            },
            "properties": [
                {"name": f"safehouse:byte-code:{name}", "value": version}
                for name, version in sorted(pythons.items())
            ],
        },
        "components": parts,
        "dependencies": [
            {"ref": own, "dependsOn": [part["bom-ref"] for part in parts]},
            *({"ref": part["bom-ref"]} for part in parts),
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def _components(requirements: str, installed: Path) -> Iterator[dict[str, Any]]:
    """One for each pinned requirement; its hash is that of the wheel that it was taken from."""
    for name, version, digest in sorted(pinned(requirements), key=lambda each: each[0].lower()):
        purl = f"pkg:pypi/{name.lower()}@{version}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "licenses": [{"license": _licence(installed, name, version)}],
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }


def pinned(requirements: str) -> list[tuple[str, str, str]]:
    """Name, version and SHA-256 of each line `name==version --hash=sha256:...`."""
    pattern = r"^([A-Za-z0-9._-]+)==(\S+) \\\n\s+--hash=sha256:([0-9a-f]{64})$"
    found = re.findall(pattern, requirements, re.M)
    if not found or len(found) != len(re.findall("==", requirements)):
        raise ValueError("requirements.txt: not each line is name==version with one hash")
    return found


def _licence(installed: Path, name: str, version: str) -> dict[str, str]:
    (metadata,) = installed.glob(f"{name.lower()}-{version}.dist-info/METADATA")
    said = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
    licence = said.get("License-Expression") or said.get("License") or "unknown"
    licence = _IDENTIFIERS.get(licence, licence)
    return (
        {"id": licence} if _SPDX.fullmatch(licence) and licence != "unknown" else {"name": licence}
    )


def _purl(project: Project, version: str) -> str:
    repository = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", project.address)
    if repository:
        return f"pkg:github/{repository[1].lower()}/{repository[2].lower()}@v{version}"
    return f"pkg:generic/{project.name}@{version}?vcs_url={project.address}"
