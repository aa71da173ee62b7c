"""The wheel as pip, pipx and uv install it: the same program, isolated, wherever it is started from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.package.installing import BIN, PROCESS, Installed, inside
from tests.package.test_zipapp import MODULES, assert_safe, assert_version, run, unexpected

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


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
