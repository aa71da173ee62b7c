"""The wheel as pip, pipx and uv install it: the same program, isolated, wherever it is started from."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from safehouse import __version__
from tests.conftest import alone
from tests.package.test_zipapp import MODULES, assert_safe, assert_version, evil, run, unexpected

__all__ = ["evil"]  # a fixture
ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TOOLS = {
    "PATH": "/usr/bin:/bin",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_CONFIG_FILE": os.devnull,
}

pytestmark = pytest.mark.slow


class Installed(NamedTuple):
    """`program` is what a person starts, `script` the file at its end."""

    home: Path
    program: Path
    script: Path


# How it is installed


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of what Safehouse needs, made of what is installed here, so that nothing is fetched.

    Their versions may be for newer Pythons only; what is asked here does not depend on that.
    """
    folder = tmp_path_factory.mktemp("libraries")
    for requirement in importlib.metadata.requires("safehouse") or []:
        if "extra ==" in requirement:
            continue
        distribution = importlib.metadata.distribution(re.split("[^A-Za-z0-9._-]", requirement)[0])
        name = distribution.metadata["Name"]
        stem = f"{name.lower()}-{distribution.version}"
        entries = {
            str(path).replace("PyYAML-", "pyyaml-"): Path(str(path.locate())).read_bytes()
            for path in distribution.files or []
            if path.suffix in (".py", "") or path.name == "METADATA"
            if path.parts[0] != ".." and path.name not in ("RECORD", "WHEEL")
        }
        metadata = f"{stem}.dist-info/METADATA"
        entries[metadata] = re.sub(rb"Requires-Python: .*\n", b"", entries[metadata])
        entries[f"{stem}.dist-info/WHEEL"] = (
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
            record = f"{stem}.dist-info/RECORD,,\n"
            for path, data in entries.items():
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                record += f"{path},sha256={digest.decode()},{len(data)}\n"
                archive.writestr(path, data)
            archive.writestr(f"{stem}.dist-info/RECORD", record)
    return folder


def tool(home: Path, *words: object) -> None:
    """Runs what installs, with nothing from elsewhere."""
    done = subprocess.run(
        [str(word) for word in words],
        env={**TOOLS, "HOME": str(home), "UV_OFFLINE": "1", "UV_CACHE_DIR": str(home / "cache")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def by_pip(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    environment = home / "an environment"
    tool(home, BIN / "uv", "venv", "--python", python, environment)
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin/python", "install"]
    tool(home, *pip, "--no-index", "--find-links", libraries, wheel)
    return environment / "bin/safehouse"


def by_pip_user(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--user"]
    tool(home, *pip, "--break-system-packages", "--no-index", "--find-links", libraries, wheel)
    (program,) = home.rglob("bin/safehouse")
    return program


def by_pipx(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    arguments = f"--offline --no-index --find-links {libraries}"
    pipx = [BIN / "pipx", "install", "--backend=uv", "--python", python]
    tool(home, *pipx, f"--pip-args={arguments}", wheel)
    return home / ".local/bin/safehouse"


def by_uv(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    uv = [BIN / "uv", "tool", "install", "--python", python, "--no-index"]
    tool(home, *uv, "--find-links", libraries, wheel)
    return home / ".local/bin/safehouse"


# Which Python each is tried with, if it is here: else the one that runs the tests.
WAYS = {"pip": (by_pip, "3.9"), "pipx": (by_pipx, "3.12"), "uv": (by_uv, "3.13")}
SYSTEM_PYTHON = Path("/usr/bin/python3")


@pytest.fixture(scope="session", params=[*WAYS, "pip --user"])
def installed(
    request: pytest.FixtureRequest,
    shared: Path,
    wheel: Path,
    libraries: Path,
    pythons: dict[str, Path],
) -> Installed:
    with alone(shared, f"installed by {request.param}") as home:
        note = home / "program"
        if not note.exists():
            home.mkdir()
            if request.param == "pip --user":
                program = by_pip_user(home, wheel, libraries, SYSTEM_PYTHON)
            else:
                install, version = WAYS[request.param]
                python = pythons.get(version, Path(sys.executable))
                program = install(home, wheel, libraries, python)
            note.write_text(str(program))
    program = Path(note.read_text())
    return Installed(home, program, program.resolve())


# What it is


def test_it_is_a_link_where_pipx_and_uv_make_one(installed: Installed) -> None:
    """Else the tests below would not try what a person has."""
    assert installed.program.is_symlink() == (installed.program != installed.script)
    made_by = installed.script.relative_to(installed.home.resolve()).parts
    assert installed.program.is_symlink() == ("pipx" in made_by or "tools" in made_by)


def test_it_is_the_same_program_as_the_single_file(
    installed: Installed, zipapp: Path, tmp_path: Path
) -> None:
    policy = ["policy", "--format=json", "--platform=macos", "--", "claude"]
    for words in (["--help"], ["profiles", "show", "claude"], policy, ["no such command"]):
        mine, other = (
            run(program, *words, cwd=tmp_path, HOME=str(installed.home))
            for program in (installed.program, zipapp)
        )
        assert without_itself(mine.stdout) == without_itself(other.stdout)
        assert (mine.returncode, mine.stderr) == (other.returncode, other.stderr)


def without_itself(policy: str) -> str:
    """A policy without the rules for the files that Safehouse consists of: there each has its own."""
    if not policy.startswith("{"):
        return policy
    found = json.loads(policy)
    found["rules"] = [rule for rule in found["rules"] if "safehouse itself" not in str(rule)]
    assert len(found["rules"]) > 100
    return json.dumps(found)


def test_it_reads_yaml_with_the_library_that_was_installed(
    installed: Installed, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("profiles: {mine: {layer: agent, summary: mine, unknown: 1}}\n")
    done = run(installed.program, "profiles", "check", file, HOME=str(installed.home))
    assert "unknown key" in done.stdout + done.stderr


def test_from_anywhere(installed: Installed, tmp_path: Path) -> None:
    spaced = tmp_path / "with spaces & 'quotes'"
    spaced.mkdir()
    (spaced / "safe house").symlink_to(installed.program)
    (tmp_path / "safehouse").symlink_to("./with spaces & 'quotes'/safe house")
    assert_version(run(tmp_path / "safehouse", "--version", cwd=Path("/")))
    assert_version(run("./safe house", "--version", cwd=spaced))
    assert_version(run("sh", "safe house", "--version", cwd=spaced))
    assert_version(run("safe house", "--version", PATH=f"{spaced}:/usr/bin:/bin"))
    assert_version(run("./safehouse", "--version", cwd=installed.program.parent))
    assert_version(run("sh", "safehouse", "--version", cwd=installed.script.parent))
    above = os.path.relpath(installed.program, spaced)
    assert_version(run(above, "--version", cwd=spaced))


PROCESS = "from safehouse.cli.main import process\nprocess(site)\n"


def inside(
    installed: Installed, code: str, *words: object, relative: bool = False, **options: Any
) -> list[str]:
    """The lines that code prints which a copy of the launcher runs in place of Safehouse."""
    text = installed.script.read_text()
    assert text.count(PROCESS) == 1
    copy = installed.script.with_name(f"copy-{os.getpid()}")
    copy.write_text(text.replace(PROCESS, code.replace("'", "'\\''")))
    copy.chmod(0o755)
    try:
        if relative:
            done = run(f"./{copy.name}", *words, cwd=copy.parent, **options)
        else:
            done = run(copy, *words, **options)
    finally:
        copy.unlink()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_nothing_but_this_installation_is_imported_from(installed: Installed) -> None:
    code = "print(sys.flags.isolated, sys.flags.no_site, 'site' in sys.modules)\n"
    code += "print(*sys.path, safehouse.__file__, sep='\\n')\n"
    flags, *path, where = inside(installed, code, HOME=str(installed.home))
    assert flags == "1 1 False"
    home = installed.home.resolve()
    own = [entry for entry in path if home in Path(entry).resolve().parents]
    assert [Path(entry).name for entry in own] == ["site-packages"]
    assert own[0] == path[-1], "what is in no library could be planted there"
    assert home in Path(where).resolve().parents


def test_started_by_a_relative_path_it_imports_by_absolute_ones(installed: Installed) -> None:
    """Else the working directory of a moment later would have a say."""
    code = "print(*sys.path, safehouse.__file__, sys.prefix, sys.argv[0], sep='\\n')\n"
    for path in inside(installed, code, relative=True):
        assert path.startswith("/"), path


def test_it_knows_by_which_name_and_with_which_words_it_was_started(installed: Installed) -> None:
    words = ["a b", "", "'", "\\", "*", "-IS"]
    started, *given = inside(installed, "print(*sys.argv, sep='\\n')\n", *words)
    assert Path(started).parent == installed.script.parent
    assert Path(started).name.startswith("copy-")
    assert given == words


def test_its_environment_is_known_as_its_own(installed: Installed) -> None:
    """What protected.py closes: all of an environment that was made for it."""
    code = "from safehouse.sources import protected\nfrom safehouse.host import Host\n"
    code += "print(*protected.program_paths(Host.current()), sep='\\n')\n"
    closed = inside(installed, code, HOME=str(installed.home))
    prefix = installed.script.parent.parent
    if (prefix / "pyvenv.cfg").exists():
        assert str(prefix) in closed
    else:
        assert any(path.startswith(str(installed.script.with_name("copy-"))) for path in closed)
        assert any(path.endswith("/site-packages") for path in closed)


def test_a_launch_imports_little(installed: Installed, tmp_path: Path) -> None:
    """No more than the single file does, which may import less: see test_zipapp.py."""
    home = tmp_path / "home"
    project = home / "project"
    project.mkdir(parents=True)
    code = MODULES.partition("try:")[0].replace("file=sys.stderr", "file=sys.stdout") + PROCESS
    lines = inside(installed, code, "--", "/bin/true", cwd=project, HOME=str(home))
    modules = set(next(line for line in lines if line.startswith("modules ")).split()[1:])
    assert "safehouse.sources._compiled" in modules
    assert unexpected(modules) == set()


# Whose code it runs


VARIABLES = ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR"]
VARIABLES += [
    "PYTHONEXECUTABLE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONINSPECT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
]
VARIABLES += ["ENV", "BASH_ENV", "PWD", "OLDPWD", "CDPATH", "HOME"]


def test_a_variable_of_the_caller(installed: Installed, evil: Path) -> None:
    for name in VARIABLES:
        value = str(evil / ("python3" if name in ("PYTHONSTARTUP", "ENV", "BASH_ENV") else ""))
        assert_safe(evil, run(installed.program, "--version", cwd=evil, **{name: value}))


def test_path_and_working_directory(installed: Installed, evil: Path) -> None:
    (evil / "readlink").write_text((evil / "python3").read_text())
    (evil / "readlink").chmod(0o755)
    for minor in range(9, 16):  # what `site` would run from a home
        site = evil / f".local/lib/python3.{minor}/site-packages"
        site.mkdir(parents=True)
        for name in ("evil.pth", "usercustomize.py", "sitecustomize.py"):
            shutil.copy(evil / name, site / name)
    path = f"{evil}::.:/usr/bin:/bin"
    assert_safe(evil, run(installed.program, "--version", cwd=evil, PATH=path, HOME=str(evil)))
    link = evil / "safehouse-by-a-link"
    link.symlink_to(installed.program)
    assert_safe(evil, run(link, "--version", cwd=evil, PATH=path, HOME=str(evil)))


def test_what_lies_beside_a_link_to_it(installed: Installed, evil: Path) -> None:
    """Only what lies around the link's end is its own."""
    around = evil / "bin"
    around.mkdir()
    link = around / "safehouse"
    link.symlink_to(installed.program)
    for name in ("python", "python3", *(f"python3.{minor}" for minor in range(9, 16))):
        shutil.copy(evil / "python3", around / name)
    (evil / "pyvenv.cfg").write_text("home = /usr/bin\n")
    for minor in range(9, 16):
        site = evil / f"lib/python3.{minor}/site-packages"
        shutil.copytree(evil / "safehouse", site / "safehouse")
        (site / f"safehouse-{__version__}.dist-info").mkdir()
    for place in ("share/pipx/venvs", "pipx/venvs", "share/uv/tools"):
        planted = evil / place / "safehouse/bin"
        planted.mkdir(parents=True)
        shutil.copy(evil / "python3", planted / "safehouse")
        shutil.copy(evil / "python3", planted / "python")
    assert_safe(evil, run(link, "--version", cwd=evil))


NAMES = [
    "exec",
    "set",
    "unset",
    "[",
    "test",
    "echo",
    "printf",
    "case",
    ":",
    "cd",
    "continue",
    "break",
]
NAMES += ["/usr/bin/readlink", "readlink", "python", "safehouse_python"]


@pytest.mark.parametrize("shell", ["/bin/sh", "dash", "bash as sh"])
def test_an_exported_function(installed: Installed, evil: Path, tmp_path: Path, shell: str) -> None:
    link = tmp_path / "by a link"
    link.symlink_to(installed.program)
    if shell == "bash as sh":
        shell = str(tmp_path / "sh")
        Path(shell).symlink_to(shutil.which("bash") or "/bin/bash")
    for name in NAMES:
        value = f"() {{ echo {shlex.quote(name)} >> '{evil.parent}/ran'; }}"
        environment = {f"BASH_FUNC_{name}%%": value, f"BASH_FUNC_{name}()": value, name: value}
        done = run(shell, link, "--version", cwd=evil, **environment)
        assert not (evil.parent / "ran").exists()
        assert done.returncode == 0, done.stderr
        assert __version__ in done.stdout


@pytest.mark.parametrize("name", ["IFS", "SHELLOPTS", "BASHOPTS", "GLOBIGNORE", "PS4"])
def test_a_variable_of_the_shell(installed: Installed, evil: Path, name: str) -> None:
    """It may stop the launcher from finding a Python, but makes it find no other."""
    value = {
        "IFS": "/n",
        "SHELLOPTS": "noglob:nounset:errexit:xtrace",
        "BASHOPTS": "failglob:nullglob:dotglob",
        "GLOBIGNORE": "*nothing*",
        "PS4": "$(python3)",
    }[name]
    (evil.parent / "sh").symlink_to(shutil.which("bash") or "/bin/bash")
    for shell in ("/bin/sh", evil.parent / "sh"):
        words = [shell, installed.program, "--version"]
        done = run(*words, cwd=evil, PATH=f"{evil}:/usr/bin", **{name: value})
        assert not (evil.parent / "ran").exists()
        assert done.returncode in (0, 1, 125), done.stderr


# What else leads to its files


def fresh(tmp_path: Path, wheel: Path, libraries: Path) -> tuple[Path, list[Path]]:
    """A new installation, and its files, each with another name: as uv leaves it on Linux."""
    program = by_uv(tmp_path, wheel, libraries, Path(sys.executable)).resolve()
    (site,) = program.parent.parent.glob("lib/python3*/site-packages")
    files = [program, site / "safehouse/cli/main.py", site / "safehouse/profiles.yaml"]
    files += [site / "yaml/__init__.py", site / "yaml/scanner.py"]
    for number, path in enumerate(files):
        os.link(path, tmp_path / f"name {number}")
    linked = site / "safehouse/cli/run.py"  # as `--link-mode=symlink` leaves it
    linked.rename(tmp_path / "name of a target")
    linked.symlink_to(tmp_path / "name of a target")
    return program, [*files, linked]


def test_what_a_cache_has_in_common_with_it_changes_nothing_in_it(
    tmp_path: Path, wheel: Path, libraries: Path
) -> None:
    program, files = fresh(tmp_path, wheel, libraries)
    before = [(path.read_bytes(), path.stat().st_mode, path.stat().st_mtime) for path in files]
    assert_version(run(program, "--version"))
    for name in tmp_path.glob("name *"):
        name.write_text("evil")
    after = [(path.read_bytes(), path.stat().st_mode, path.stat().st_mtime) for path in files]
    assert after == before
    shared = [path for path in program.parent.parent.rglob("*.py") if path.stat().st_nlink > 1]
    assert not shared
    assert not files[-1].is_symlink()
    assert not list(program.parent.parent.rglob("*.new"))


def test_what_was_changed_by_way_of_a_cache_is_not_run(
    tmp_path: Path, wheel: Path, libraries: Path
) -> None:
    program, _ = fresh(tmp_path, wheel, libraries)
    with open(tmp_path / "name 4", "a") as file:
        file.write("# evil\n")
    done = run(program, "--version")
    assert (done.returncode, done.stdout) == (125, "")
    first, second = done.stderr.splitlines()
    assert first.endswith("yaml/scanner.py is not as it was installed")
    assert "uv cache clean" in second


# When something is amiss


def test_a_python_that_is_gone(installed: Installed) -> None:
    text = installed.script.read_text()
    for part in ('[ -x "$safehouse_python" ]', '[ -d "$safehouse_info" ]'):
        assert part in text
        copy = installed.script.with_name(f"copy-{os.getpid()}")
        copy.write_text(text.replace(part, "[ -x /nowhere ]"))
        copy.chmod(0o755)
        done = run(copy, "--version")
        copy.unlink()
        assert done.returncode == 125
        assert done.stdout == ""
        assert done.stderr.startswith("safehouse: the Python that this was installed for is gone")
        assert "install safehouse again" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_library_that_is_missing(installed: Installed) -> None:
    code = "import safehouse.cli.main as cli\nsys.path[:] = [p for p in sys.path if 'packages' not in p]\n"
    code += "sys.stderr = sys.stdout\nprint(cli.main())\n"
    lines = inside(installed, code, "profiles", "check", "/dev/null")
    assert lines[0] == "safehouse: yaml, which safehouse needs, is missing from this installation"
    assert lines[1:] == ["safehouse: install safehouse again", "125"]


# Other ways to start it


def test_as_a_module(installed: Installed, evil: Path) -> None:
    """What `python -m` itself imports from the working directory is not ours to prevent."""
    (python,) = inside(installed, "print(sys.executable)\n")
    home = {"HOME": str(installed.home)}
    assert_version(run(python, "-m", "safehouse", "--version", **home))
    done = run(python, "-m", "safehouse", "init", "bash", **home)
    assert done.returncode == 125
    assert "there is no program of ours that a shell could start" in done.stderr
    startup = evil / "startup.py"
    assert_safe(
        evil, run(python, "-m", "safehouse", "--version", PYTHONSTARTUP=str(startup), **home)
    )


def test_an_editable_installation_runs_the_checkout(evil: Path) -> None:
    """As `make setup` makes it, with the same launcher."""
    program = BIN / "safehouse"
    editable = Installed(evil, program, program)
    assert_safe(evil, run(program, "--version", cwd=evil, PYTHONPATH=str(evil), HOME=str(evil)))
    flags, where, *path = inside(
        editable,
        "print(sys.flags.isolated, sys.flags.no_site)\nprint(safehouse.__file__, *sys.path, sep='\\n')\n",
    )
    assert flags == "1 1"
    assert where == str(ROOT / "safehouse/__init__.py")
    assert str(ROOT) not in path, "a module that is in no library could be planted in the project"
    done = run(program, "profiles", "show", "claude", HOME=str(evil))
    assert done.returncode == 0, done.stderr
