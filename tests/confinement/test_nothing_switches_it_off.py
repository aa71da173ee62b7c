"""What a program or a caller claims does not weaken a launch: no variable, no PATH, no nesting."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks
from tests.confinement.scene import SECRET
from tests.confinement.user import REFUSED, linux_only, own

pytestmark = pytest.mark.confinement

READS = "print(read(home + '/secrets/x'))"


@pytest.mark.parametrize(
    "variables",
    [
        {"SAFEHOUSE_SANDBOX": "1"},
        {"APP_SANDBOX_CONTAINER_ID": "x"},
        {"CODEX_SANDBOX": "seatbelt"},
        {"SHIV_ROOT": "{project}", "SHIV_INTERPRETER": "1", "SHIV_MODULE": "os:abort"},
        {"PYTHONPATH": "{project}", "PYTHONSTARTUP": "{project}/x.py", "PYTHONHOME": "{project}"},
        {"PYTHONINSPECT": "1", "PYTHONSAFEPATH": "", "PYTHONVERBOSE": "1"},
        {"LD_PRELOAD": "{project}/evil.so", "LD_LIBRARY_PATH": "{project}"},
        {"BASH_ENV": "{project}/x.sh", "ENV": "{project}/x.sh"},
        {"IFS": "/", "CDPATH": "/"},
        {"TMPDIR": "{project}", "XDG_CONFIG_HOME": "{project}", "XDG_CACHE_HOME": "{project}"},
        {"GIT_DIR": "{home}/src/sibling", "GIT_CONFIG_GLOBAL": "{project}/x"},
        {"POSIXLY_CORRECT": "1", "LC_ALL": "tr_TR.UTF-8", "COLUMNS": "-1"},
    ],
    ids="+".join,
)
def test_a_variable(scene, variables):
    for module in ("os", "re", "subprocess", "safehouse", "sitecustomize", "usercustomize", "x"):
        scene.write(f"src/project/{module}.py", "raise SystemExit('planted code ran')\n")
    scene.write("src/project/x.sh", "echo planted code ran\n")
    places = {"project": scene.project, "home": scene.home}
    scene.env.update((name, value.format(**places)) for name, value in variables.items())
    done = scene.attempt(READS, True)
    assert not leaks(scene, done)
    assert "planted" not in done.stdout + done.stderr
    assert "FileNotFoundError" in done.stderr or "PermissionError" in done.stderr, done.stderr


@linux_only("the mark is a link in the root of the sandbox on Linux")
def test_a_forged_mark_in_the_project(scene):
    (scene.project / ".safehouse-sandbox").symlink_to("safehouse")
    scene.env["SAFEHOUSE_SANDBOX"] = "1"
    assert not leaks(scene, scene.attempt(READS, True))


PLANTED_PROGRAMS = (
    "bwrap",
    "sandbox-exec",
    "python3",
    "python",
    "sh",
    "env",
    "git",
    "sandbox_check",
)


@pytest.mark.parametrize("place", ["bin", "."])
def test_programs_on_the_callers_path(scene, place):
    """U3: Only the command itself is looked for there."""
    for name in PLANTED_PROGRAMS:
        scene.write(f"src/project/{place}/{name}", "#!/bin/sh\necho planted >&2\n", 0o755)
    scene.env["PATH"] = f"{scene.project}/{place}:{user.PATH}"
    done = scene.attempt(READS, True)
    assert "planted" not in done.stdout + done.stderr
    assert not leaks(scene, done)
    assert "Error" in done.stderr


def test_the_same_in_the_home(scene):
    for name in PLANTED_PROGRAMS:
        scene.write(f".local/bin/{name}", "#!/bin/sh\necho planted >&2\n", 0o755)
    scene.env["PATH"] = f"{scene.home}/.local/bin:{user.PATH}"
    done = scene.attempt(READS, True)
    assert "planted" not in done.stdout + done.stderr
    assert not leaks(scene, done)


def test_no_python_on_the_path(scene):
    scene.env["PATH"] = "/nowhere"
    done = scene.run(scene.safehouse, "--", "/bin/echo", "ran")
    assert done.stdout == "ran\n", done.stderr


@pytest.mark.parametrize("name", ["claude", "codex", "aider"])
def test_a_program_of_the_project_gets_no_profile_by_its_name(scene, name):
    scene.write(f".{name}/auth.json", SECRET, 0o600)
    scene.write(f"src/project/{name}", f"#!/bin/sh\ncat ~/.{name}/auth.json\n", 0o755)
    done = scene.confined("--", f"./{name}")
    assert not leaks(scene, done)
    assert f"--agent={name}" in done.stderr
    scene.env["PATH"] = f"{scene.project}:{user.PATH}"
    assert not leaks(scene, scene.confined("--", name))


def test_an_agent_reads_its_own_state_only(scene):
    for name in ("claude", "codex"):
        scene.write(f".{name}/auth.json", f"{name} {SECRET}", 0o600)
    done = scene.confined(
        "--agent=codex", "--", "sh", "-c", "cat ~/.codex/auth.json ~/.claude/auth.json"
    )
    assert done.stdout == f"codex {SECRET}"


# Safehouse inside of safehouse.


def installed(scene):
    """A copy that is visible inside."""
    file = scene.write(".local/bin/safehouse")
    shutil.copy(scene.safehouse, file)
    return file


@pytest.mark.parametrize(
    "options", [(), (f"--add-dirs={Path('/')}",), ("--enable=wide-read",)], ids=str
)
def test_inside_itself_it_runs_the_command_and_says_so(scene, options):
    inner = installed(scene)
    body = "print('inner', read('README')); print(read(home + '/secrets/x'))"
    done = scene.confined("--", str(inner), *options, "--", *scene.program(body))
    assert "inner a project" in done.stdout, done.stderr
    assert "already inside a safehouse sandbox" in done.stderr
    assert not leaks(scene, done)


def test_inside_itself_statuses_and_variables_pass(scene):
    inner = installed(scene)
    script = f'{inner} -- A=1 sh -c "echo \\$A; exit 7"; echo $?; {inner} -- no-such; echo $?'
    done = scene.confined("--", "sh", "-c", script)
    assert done.stdout == "1\n7\n127\n", done.stderr


@linux_only("bubblewrap is Linux'")
def test_a_sandbox_of_another_program_inside(scene):
    """codex and browsers bring their own."""
    done = scene.confined(
        "--", "bwrap", "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "echo", "nested"
    )
    assert done.stdout == "nested\n", done.stderr


@linux_only("bubblewrap is Linux'")
def test_a_sandbox_inside_that_looks_like_outside(scene):
    """A program inside that shows safehouse a root without the mark gets no more than it has."""
    inner = installed(scene)
    words = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/tmp", "--ro-bind", "/usr", "/usr", "--"]
    done = scene.confined("--", *words, str(inner), "--", *scene.program(READS))
    assert not leaks(scene, done)


# Where nothing can be enforced, nothing is run.


@linux_only("bubblewrap is Linux'")
def test_without_user_namespaces_nothing_is_run(scene):
    """As inside of a container that refuses them; here a sandbox refuses them."""
    blocks = ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--"]
    probe = scene.run(*blocks, "true")
    if probe.returncode:
        pytest.skip(f"this bubblewrap cannot refuse them: {probe.stderr.strip()}")
    done = scene.run(*blocks, scene.safehouse, "--", *scene.program(READS))
    assert done.returncode == REFUSED, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("safehouse: ")
    assert "is not installed" not in done.stderr, "it is there, but of no use"


@linux_only("bubblewrap is Linux'")
def test_without_bubblewrap_nothing_is_run(scene):
    hides = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", "/dev/null", "/usr/bin/bwrap", "--"]
    if not Path("/usr/bin/bwrap").exists() or Path("/usr/local/bin/bwrap").exists():
        pytest.skip("bubblewrap lies elsewhere here")
    done = scene.run(*hides, scene.safehouse, "--", *scene.program(READS))
    assert done.returncode == REFUSED
    assert done.stdout == ""
    assert done.stderr.startswith("safehouse: ")
    assert "Traceback" not in done.stderr


def test_a_link_to_safehouse_with_the_name_of_an_agent(scene):
    link = scene.home / ".local/bin/claude"
    link.parent.mkdir(parents=True)
    link.symlink_to(scene.safehouse)
    own(scene.root)
    done = scene.run(link, "--version")
    assert done.stdout.startswith("safehouse "), done.stderr


def test_the_tests_run_as_who_they_say(scene):
    done = scene.confined("--", "id", "-u")
    assert done.stdout == f"{user.UID}\n"
    assert user.UID != 0
    assert sys.platform in ("linux", "darwin")


# Links that lead to what decides about the next launch

CHAINS = {
    "a directory in the middle": ("dotfiles/v1/config.yaml", {"dotfiles/cur": "v1"},
                                  {".config/safehouse/config.yaml": "dotfiles/cur/config.yaml"}),
    "a link to a link": ("dotfiles/v1/config.yaml", {"dotfiles/work.yaml": "v1/config.yaml"},
                         {".config/safehouse/config.yaml": "dotfiles/work.yaml"}),
    "our directory": ("dotfiles/sh1/config.yaml", {"dotfiles/sh": "sh1"},
                      {".config/safehouse": "dotfiles/sh"}),
    "a shell's file": ("dotfiles/bashrc2", {"dotfiles/brc": "bashrc2"},
                       {".bashrc": "dotfiles/brc"}),
}  # fmt: skip


@linux_only("Seatbelt denies the names")
@pytest.mark.parametrize("end, middle, start", CHAINS.values(), ids=CHAINS)
def test_a_link_on_the_way_to_what_is_protected(scene, end, middle, start):
    """A command in the repository of dotfiles could replace it: the launch is refused."""
    scene.write(end, "# mine\n", 0o600)
    for link, target in {**middle, **start}.items():
        path = scene.home / link
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(target if link in middle else scene.home / target)
    own(scene.home)
    done = scene.confined("--", "true", cwd=scene.home / "dotfiles")
    assert done.returncode == REFUSED
    assert "is a symbolic link, which could be replaced" in done.stderr
    assert scene.confined("--", "true").returncode == 0
