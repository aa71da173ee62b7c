"""Makes a release in dist/, and says what is left to do by hand: `make release`.

Nothing is tagged, pushed or uploaded. docs/releasing.md has the whole way.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import build_zipapp
from tools.release import build, changelog, formula, project, sbom

ROOT = project.ROOT
CACHE = ROOT / "build"
OUTPUT = ROOT / "dist"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make release", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tested", action="store_true", help="lint and tests have been run for this commit"
    )
    options = parser.parse_args()
    version = project.version()
    problems = [*obstacles(version)]
    for problem in problems:
        print(f"release: {problem}", file=sys.stderr)
    if problems:
        return 1
    if not options.tested:
        for target in ("lint", "test"):
            subprocess.run(["make", target], cwd=ROOT, check=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            made = build.twice(ROOT, "HEAD", Path(scratch), CACHE)
            shutil.rmtree(OUTPUT, ignore_errors=True)
            shutil.copytree(made, OUTPUT)
    except build.Different as error:
        print(f"release: {error}: nothing was released", file=sys.stderr)
        return 1
    describe(OUTPUT, version)
    print(remaining(OUTPUT, version), end="")
    return 0


def obstacles(version: str) -> list[str]:
    """Why this commit cannot be released as it is, with what to do."""
    found = []
    if git("status", "--porcelain"):
        found.append("the tree is not clean: commit, or stash it")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        found.append(f"safehouse/__init__.py: {version} is no version of a release: X.Y.Z")
    tagged = git("rev-parse", "--quiet", "--verify", f"v{version}^{{commit}}")
    if tagged and tagged != git("rev-parse", "HEAD"):
        found.append(f"v{version} is tagged already, elsewhere: raise the version")
    if "/OWNER/" in project.read().address:
        found.append("pyproject.toml: [project.urls] has no address yet")
    try:
        changelog.section((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    except ValueError as error:
        found.append(str(error))
    if sys.version_info < (3, 10):
        found.append("the tools that build need Python 3.10 or newer: make .venv anew with one")
    missing = [each for each in build_zipapp.VERSIONS if not build_zipapp.find_python(each)]
    if missing:
        found.append(f"no Python {', '.join(missing)} here for its byte code: uv python install")
    return found


def describe(output: Path, version: str) -> None:
    """Writes what is said about the files beside them."""
    digest = sha256(output / "safehouse")
    requirements = (build_zipapp.PARTS / "requirements.txt").read_text("ascii")
    tools = {name: pin for name, pin in build.pins().items() if name in ("hatchling", "shiv")}
    text = sbom.document(
        project.read(),
        sbom.Release(version, digest, int(git("log", "-1", "--format=%ct"))),
        requirements,
        build_zipapp.dependencies(CACHE),
        tools,
        {each: full_version(each) for each in build_zipapp.VERSIONS},
    )
    (output / f"safehouse-{version}.cdx.json").write_text(text, "utf-8")
    filled = formula.rendered(project.read(), formula.Filled(version, digest))
    (output / "safehouse.rb").write_text(filled, "utf-8")
    files = sorted(path for path in output.iterdir() if path.is_file())
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
    (output / "SHA256SUMS").write_text(sums, "ascii")
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (output / "notes.md").write_text(changelog.notes(text, version), "utf-8")


def remaining(output: Path, version: str) -> str:
    sums = (output / "SHA256SUMS").read_text("ascii")
    return f"""{sums}
Built twice, the same bytes. What is left:

  git tag -s v{version} -m v{version}        the tag, signed
  git push origin v{version}            the workflow builds it again, attests it, and drafts the release
  compare the SHA256SUMS of the draft with these, and publish it
  cp {output}/safehouse.rb Formula/    from the draft, if they differ; then commit and push it: this
                                   repository is the tap
"""


def full_version(version: str) -> str:
    python = build_zipapp.find_python(version)
    return build.output_of(
        [str(python), "-IS", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *words], check=False, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
