"""dist/safehouse: the same bytes twice, runs anywhere, writes nothing, runs nobody else's code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from safehouse import __version__

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


def run(
    *command: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run with no other environment than a bare PATH and what is given."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_version(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stderr) == (0, "")
    assert __version__ in done.stdout


def program(zipapp: Path) -> str:
    """The Python that the header gives to `-c`."""
    header = zipapp.read_bytes().partition(b"PK\3\4")[0].decode("ascii")
    return header.partition("-IS -c '")[2].partition('\' "$0"')[0]


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest, pythons: dict[str, Path]) -> Path:
    if request.param not in pythons:
        pytest.skip(f"no Python {request.param} here")
    return pythons[request.param]


# What is in it


def test_two_builds_are_the_same_bytes(
    zipapp: Path, builder: ModuleType, wheels: Path, tmp_path: Path
) -> None:
    other = tmp_path / "else" / "where"
    subprocess.run(
        [sys.executable, ROOT / "tools/build_zipapp.py", "-o", other, "--cache", wheels],
        env={**os.environ, "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "LC_ALL": "C"},
        cwd=tmp_path,
        check=True,
        stdout=subprocess.DEVNULL,
        umask=0o077,
    )
    assert other.read_bytes() == zipapp.read_bytes()
    assert other.stat().st_mode & 0o777 == 0o755


def test_nothing_of_one_platform_and_no_bootstrap_of_shiv(zipapp: Path) -> None:
    names = zipfile.ZipFile(zipapp).namelist()
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyc", ".dylib"))]
    assert not [name for name in names if "_bootstrap" in name]
    assert b"SHIV_" not in zipapp.read_bytes()
    assert {"LICENSE", "licenses/pyyaml/LICENSE"} <= set(names)


def test_no_path_of_the_builder(zipapp: Path) -> None:
    content = zipapp.read_bytes()
    for path in (ROOT, Path.home(), Path(sys.prefix)):
        assert len(path.parts) < 3 or os.fsencode(path) not in content


def test_byte_code_of_each_python_found(zipapp: Path, pythons: dict[str, Path]) -> None:
    names = [name for name in zipfile.ZipFile(zipapp).namelist() if name.startswith("byte-code/")]
    tags = {name.partition("/cpython-")[2].partition("-")[0] for name in names}
    assert tags == {version.replace(".", "") for version in pythons}


# How it starts


def test_header_finds_a_python(zipapp: Path) -> None:
    assert_version(run(zipapp, "--version"))


def test_header_program_on_each_python(zipapp: Path, python: Path) -> None:
    assert_version(run(python, "-IS", "-c", program(zipapp), zipapp, "--version"))


@pytest.mark.parametrize("options", [["-IS"], []], ids=["isolated", "plain"])
def test_as_an_argument_of_each_python(zipapp: Path, python: Path, options: list[str]) -> None:
    assert_version(run(python, *options, zipapp, "--version"))


REPORT = """
import posix
import sys
class Left(Exception):
    pass
def leave(status):
    raise Left
posix._exit = leave
try:
    exec({program!r})
except Left:
    import safehouse.cli.main as module
    print(type(module.__spec__.loader).__name__, module.__file__)
    print(module.__spec__.loader.get_source("safehouse.cli.main") != "")
    print(sys.path)
"""


def test_byte_code_is_what_runs(zipapp: Path, python: Path) -> None:
    report = REPORT.format(program=program(zipapp))
    done = run(python, "-IS", "-c", report, zipapp, "--version")
    loader, source, path = done.stdout.splitlines()[-3:]
    assert loader == f"ByteCode {zipapp}/site-packages/safehouse/cli/main.py"
    assert source == "True"
    assert str(zipapp.parent) not in path.replace(f"{zipapp}/site-packages", "")


def test_sources_run_on_a_python_without_byte_code(zipapp: Path, python: Path) -> None:
    """As a Python that is newer than this release would."""
    unknown = "import _frozen_importlib_external as e; e.MAGIC_NUMBER = b'none';"
    assert_version(run(python, "-IS", "-c", unknown + program(zipapp), zipapp, "--version"))


def test_a_python_that_is_too_old(zipapp: Path, python: Path) -> None:
    old = "import sys; sys.version_info = (3, 8, 1, 'final', 0);"
    done = run(python, "-IS", "-c", old + program(zipapp), zipapp, "--version")
    assert done.returncode == 125
    assert done.stderr.startswith("safehouse: ")
    assert "is Python 3.8; install Python 3.9 or newer" in done.stderr


def test_no_python_at_all(zipapp: Path, tmp_path: Path) -> None:
    script = tmp_path / "safehouse"
    script.write_bytes(zipapp.read_bytes().replace(b"\n/", b"\n/nowhere/"))
    done = run("sh", script, "--version")
    assert done.returncode == 125
    assert done.stderr.startswith("safehouse: no Python found; install Python 3.9 or newer")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("header", [b"#!/bin/sh\n", b"#!/bin/sh\n#" + b" longer" * 1000 + b"\n"])
def test_the_header_may_change_its_length(zipapp: Path, tmp_path: Path, header: bytes) -> None:
    """As when a package manager rewrites the first line."""
    changed = tmp_path / "safehouse"
    content = zipapp.read_bytes().partition(b"\n")[2].partition(b"\n")[2]
    changed.write_bytes(header + content)
    changed.chmod(0o755)
    assert_version(run(changed, "--version"))
    assert_version(run(sys.executable, "-IS", changed, "--version"))


def test_from_anywhere(zipapp: Path, tmp_path: Path) -> None:
    spaced = tmp_path / "with spaces & 'quotes'"
    spaced.mkdir()
    link = spaced / "safe house"
    link.symlink_to(zipapp)
    assert_version(run(link, "--version", cwd=Path("/")))
    assert_version(run("./safe house", "--version", cwd=spaced))
    assert_version(run("sh", "safe house", "--version", cwd=spaced))
    assert_version(run("safe house", "--version", PATH=f"{spaced}:/usr/bin:/bin"))


@pytest.mark.parametrize("home", ["missing", "read-only", "unset"])
def test_writes_nothing(zipapp: Path, tmp_path: Path, home: str) -> None:
    place = tmp_path / "home"
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    if home == "read-only":
        place.mkdir(mode=0o500)
    before = sorted(tmp_path.rglob("*")) + sorted(zipapp.parent.iterdir())
    environment = {} if home == "unset" else {"HOME": str(place)}
    assert_version(run(zipapp, "--version", cwd=cwd, TMPDIR=str(cwd), **environment))
    assert sorted(tmp_path.rglob("*")) + sorted(zipapp.parent.iterdir()) == before


# Whose code it runs


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A folder of programs and modules under every name; each of them leaves a file `ran`."""
    folder = tmp_path / "evil"
    ran = tmp_path / "ran"
    for package in ("safehouse", "safehouse/cli", "yaml"):
        (folder / package).mkdir(parents=True)
    python = f"open({str(ran)!r}, 'a').write(__name__)\n"
    modules = ["sitecustomize", "usercustomize", "posix", "zipimport", "marshal", "site", "os"]
    for name in [*modules, "safehouse/__init__", "safehouse/cli/main", "yaml/__init__", "startup"]:
        (folder / f"{name}.py").write_text(python)
    (folder / "evil.pth").write_text(f"import os; {python}")
    for name in ("python3", "python", "python3.11", "python3.13", "env", "sh", "bash", "exec", "["):
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> '{ran}'\n")
        (folder / name).chmod(0o755)
    return folder


def assert_safe(evil: Path, done: subprocess.CompletedProcess[str]) -> None:
    ran = evil.parent / "ran"
    assert not ran.exists(), ran.read_text()
    assert_version(done)


@pytest.mark.parametrize(
    "name",
    [
        *["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR"],
        *["PYTHONEXECUTABLE", "PYTHONPYCACHEPREFIX", "PYTHONINSPECT", "PYTHONBREAKPOINT"],
        *["SHIV_ROOT", "SHIV_INTERPRETER", "SHIV_ENTRY_POINT", "SHIV_MODULE"],
        *[
            "SHIV_PREPEND_PYTHONPATH",
            "SHIV_CONSOLE_SCRIPT",
            "SHIV_FORCE_EXTRACT",
            "ENV",
            "BASH_ENV",
        ],
        "VIRTUAL_ENV",
    ],
)
def test_a_variable_of_the_caller(zipapp: Path, evil: Path, name: str) -> None:
    startup = name in ("PYTHONSTARTUP", "ENV", "BASH_ENV", "SHIV_INTERPRETER")
    value = str(evil / ("python3" if startup else ""))
    assert_safe(evil, run(zipapp, "--version", cwd=evil, **{name: value}))
    isolated = [sys.executable, "-IS", zipapp, "--version"]
    assert_safe(evil, run(*isolated, cwd=evil, **{name: value}))


def test_path_and_working_directory(zipapp: Path, evil: Path) -> None:
    done = run(zipapp, "--version", cwd=evil, PATH=f"{evil}::.:/usr/bin:/bin", HOME=str(evil))
    assert_safe(evil, done)


SHELLS = [["/bin/sh"], ["bash", "--posix"], ["bash as sh"], ["dash"], ["busybox", "sh"]]


@pytest.fixture(params=SHELLS, ids=" ".join)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Shells that may be /bin/sh."""
    if request.param == ["bash as sh"]:
        (tmp_path / "sh").symlink_to(shutil.which("bash") or pytest.skip("no bash"))
        return [str(tmp_path / "sh")]
    name, *options = request.param
    return [shutil.which(name) or pytest.skip(f"no {name}"), *options]


NAMES = ["exec", "set", "unset", "continue", "case", "for", "[", "test", "command", ":", "do"]


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_function(zipapp: Path, evil: Path, shell: list[str], name: str) -> None:
    value = f"() {{ echo {name} >> '{evil.parent}/ran'; }}"
    environment = {f"BASH_FUNC_{name}%%": value, f"BASH_FUNC_{name}()": value, name: value}
    done = run(*shell, zipapp, "--version", cwd=evil, **environment)
    assert not (evil.parent / "ran").exists()
    if "is a special builtin" in done.stderr:
        return  # `bash --posix` gives up before it reads the file
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout


@pytest.mark.parametrize("name", ["IFS", "SHELLOPTS", "BASHOPTS", "GLOBIGNORE", "PS4"])
def test_a_variable_of_the_shell(zipapp: Path, evil: Path, shell: list[str], name: str) -> None:
    """It may stop the header from finding a Python, but makes it find no other."""
    value = {
        "IFS": "/n",
        "SHELLOPTS": "noglob:nounset:errexit",
        "BASHOPTS": "failglob:nullglob:dotglob",
        "GLOBIGNORE": "*nothing*",
        "PS4": "$(python3)",
    }[name]
    done = run(*shell, zipapp, "--version", cwd=evil, PATH=f"{evil}:/usr/bin", **{name: value})
    assert not (evil.parent / "ran").exists()
    assert done.returncode in (0, 1, 125), done.stderr


# What a start imports

MODULES = """
import sys
import posix
real_exit = posix._exit
def leave(status):
    report()
    real_exit(status)
posix._exit = leave
def report(event=None, args=None):
    if event in (None, "os.exec"):
        print("modules", *sorted(sys.modules), file=sys.stderr, flush=True)
sys.addaudithook(report)
try:
    exec({program!r})
except SystemExit:
    report()
"""


def imported(zipapp: Path, python: Path, *arguments: object, **options: Any) -> set[str]:
    """The modules of a run when it ends or becomes another program."""
    code = MODULES.format(program=program(zipapp))
    done = run(python, "-IS", "-c", code, zipapp, *arguments, **options)
    reports = [line for line in done.stderr.splitlines() if line.startswith("modules ")]
    assert reports, done.stderr
    return set(reports[0].split()[1:])


def allowed() -> set[str]:
    """The list in launch_modules.txt; `package.*` stands for a package's modules."""
    lines = (HERE / "launch_modules.txt").read_text().splitlines()
    return {line.partition("#")[0].strip() for line in lines} - {""}


def unexpected(modules: set[str]) -> set[str]:
    listed = allowed()
    return {name for name in modules - listed if f"{name.partition('.')[0]}.*" not in listed}


def test_version_imports_little(zipapp: Path, python: Path) -> None:
    assert unexpected(imported(zipapp, python, "--version")) == set()


@pytest.mark.parametrize("line", ["safehouse --w", "safehouse --enable=ssh,d", "safehouse pro"])
def test_an_answer_for_argcomplete_imports_little(
    zipapp: Path, python: Path, tmp_path: Path, line: str
) -> None:
    """It runs at each Tab. The profiles are not loaded for it."""
    code = MODULES.format(program=program(zipapp))
    words = ["sh", "-c", 'exec "$0" -IS -c "$1" "$2" 8>&1 1>/dev/null', python, code, zipapp]
    said = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    done = run(*words, HOME=str(tmp_path), **said)
    assert done.stdout
    modules = set(done.stderr.split()[1:])
    assert "safehouse.cli.argcomplete" in modules
    assert "safehouse.sources._compiled" not in modules
    assert unexpected(modules) == set(), sorted(unexpected(modules))


@pytest.mark.skipif(
    not Path("/usr/bin/bwrap").exists() and "CI" not in os.environ, reason="no bubblewrap here"
)
def test_a_launch_imports_little(zipapp: Path, python: Path, tmp_path: Path) -> None:
    """Up to the moment in which it becomes the enforcer."""
    home = tmp_path / "home"
    project = home / "project"
    project.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", project], check=True)
    modules = imported(zipapp, python, "--", "/bin/true", cwd=project, HOME=str(home))
    assert "safehouse.sources._compiled" in modules
    assert unexpected(modules) == set(), sorted(unexpected(modules))


@pytest.mark.skipif(
    not Path("/usr/bin/bwrap").exists() and "CI" not in os.environ, reason="no bubblewrap here"
)
def test_a_kept_launch_imports_next_to_nothing(zipapp: Path, python: Path, tmp_path: Path) -> None:
    """Up to the moment in which it becomes the enforcer: it plans nothing."""
    home = tmp_path / "home"
    project = home / "project"
    project.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", project], check=True)
    # A home that is not the person's own keeps nothing.
    own = f"import pwd\nclass Own: pw_dir = {str(home)!r}\npwd.getpwuid = lambda user: Own\n"
    code = own + MODULES.format(program=program(zipapp))
    for _ in range(3):  # the first may make what is missing
        done = run(
            *[python, "-IS", "-c", code, zipapp, "--", "/bin/true"], cwd=project, HOME=str(home)
        )
        modules = set(done.stderr.partition("\n")[0].split()[1:])
    ours = {name.removeprefix("safehouse.") for name in modules if name.startswith("safehouse.")}
    assert unexpected(modules) == set()
    assert ours == set(
        """audit cli cli.main errors kept kept.again facts _build launch value backends backends.landlock
        backends.report backends.sandbox backends.stubs""".split()
    )


@pytest.mark.parametrize("option", ["--denials=no", "--denials"])
def test_only_a_launch_that_is_recorded_imports_anything_for_that(
    zipapp: Path, python: Path, tmp_path: Path, option: str
) -> None:
    project = tmp_path / "home/project"
    project.mkdir(parents=True)
    code = MODULES.format(program=program(zipapp))
    words = (python, "-IS", "-c", code, zipapp, option, "--", "/bin/true")
    done = run(*words, cwd=project, HOME=str(project.parent))
    modules = {module for line in done.stderr.splitlines() for module in line.split()}
    own = {"recorder", "hearing", "listener", "calls", "log_stream", "sandbox_log", "denials"}
    recording = {name for name in modules if own.intersection(name.split("."))}
    assert bool(recording) == (option == "--denials"), done.stderr
