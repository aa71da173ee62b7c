"""What a project brings along opens nothing by itself, and who works in it cannot make it do so."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks, withstands, withstands_change
from tests.confinement.scene import SECRET
from tests.confinement.user import LINUX, REFUSED, linux_only, own

pytestmark = pytest.mark.confinement

READS = "print(read(home + '/secrets/x'))"
TRUST = ("--trust-workdir-config",)
FILES = {
    ".safehouse.yaml": "add-dirs-ro: [~/secrets]\n",
    ".safehouse": "add-dirs-ro=~/secrets\n",
}


def asks(scene, text="add-dirs-ro: [~/secrets]\n", name=".safehouse.yaml"):
    scene.write(f"src/project/{name}", text)


def trusted(scene, **env):
    done = scene.confined("trust", "--yes", env={**scene.env, **env})
    assert done.returncode == 0, done.stderr


# What is not trusted


@pytest.mark.parametrize("name", FILES)
def test_it_opens_nothing_by_itself(scenes, name):
    withstands(scenes, READS, lambda scene: asks(scene, FILES[name], name))
    scene = scenes()
    asks(scene, FILES[name], name)
    assert leaks(scene, scene.attempt(READS, True, TRUST)), "with trust it is opened"
    done = scene.attempt(READS, True)
    assert "safehouse trust" in done.stderr
    trusted(scene)
    assert leaks(scene, scene.attempt(READS, True)), "once trusted it stays so"


WISHES = {
    "a feature": "enable: [wide-read]\n",
    "the home": "add-dirs: [~/]\n",
    "a way round": "add-dirs-ro: ['~/src/project/../../secrets']\n",
    "a profile": "append-profile: [its.sb]\n",
    "a refusal beside it": "deny: [~/secrets/y]\n",
    "a refusal of it": "deny: [~/secrets/x]\n",
    "read-only by a link of its own": "add-dirs-ro: [link]\n",
}


@pytest.mark.parametrize("what", WISHES)
def test_whatever_it_asks_for(scenes, what):
    def before(scene):
        asks(scene, WISHES[what])
        scene.write("src/project/its.sb", '(allow file-read* (literal "/etc/x"))\n')
        (scene.project / "link").symlink_to(scene.home / "secrets")
        own(scene.project)

    withstands(scenes, READS, before)
    withstands(scenes, READS.replace("home + '/secrets/x'", "'link/x'"), before)


def test_a_refusal_shows_nothing_of_what_lies_beside(scenes):
    def before(scene):
        scene.write(f"hidden/{SECRET}")
        scene.write("hidden/x")
        asks(scene, "deny: [~/hidden/x]\nadd-dirs-ro: [~/hidden/none]\n")

    withstands(scenes, "print(os.listdir(home + '/hidden'))", before)


def test_a_variable_is_not_passed(scene):
    scene.env["TOKEN"] = SECRET
    asks(scene, "env-pass: [TOKEN]\n")
    body = "print(os.environ.get('TOKEN'))"
    assert leaks(scene, scene.attempt(body, False))
    assert not leaks(scene, scene.attempt(body, True))
    assert leaks(scene, scene.attempt(body, True, TRUST))


def test_what_makes_it_narrower_is_in_force_at_once(scenes):
    def before(scene):
        asks(scene, "deny: [private]\nadd-dirs-ro: [vendor]\n")
        scene.write("src/project/vendor/x", "theirs\n")
        scene.guarded.append(scene.project / "vendor")

    withstands(scenes, "print(read('private/inner/key'))", before)
    withstands_change(scenes, "write('vendor/x')", before)
    withstands_change(scenes, "write('vendor/new')", before)
    withstands_change(scenes, "os.rename('vendor', 'v'); os.mkdir('vendor')", before)
    scene = scenes()
    before(scene)
    assert scene.attempt("print(read('vendor/x')); write('new')", True).stdout.endswith(
        "theirs\n\n"
    )


def test_without_network(scene):
    asks(scene, "network: none\n")
    body = "print(sorted(name for _, name in socket.if_nameindex()))"
    if LINUX:
        assert scene.attempt(body, True).stdout.endswith("['lo']\n")
    assert scene.confined("why", "connect", "example.org:443").returncode == 1
    (scene.project / ".safehouse.yaml").unlink()
    assert scene.confined("why", "connect", "example.org:443").returncode == 0


# Who works in it cannot change what it asks for


EDITS = {
    "written": "write('{0}')",
    "removed": "os.unlink('{0}')",
    "replaced": "write('new'); os.rename('new', '{0}')",
    "exchanged": "write('new'); assert libc.renameat2(-100, b'new', -100, b'{0}', 2) == 0",
    "moved away": "os.rename('{0}', 'old')",
    "made executable": "os.chmod('{0}', 0o777)",
    "dated back": "os.utime('{0}', (1, 1))",
    "truncated": "os.truncate('{0}', 0)",
    "linked and written": "os.link('{0}', 'hard'); write('hard')",
}


@pytest.mark.parametrize("name", [".safehouse.yaml", ".safehouse", "tools/its.sb"])
@pytest.mark.parametrize("how", EDITS)
def test_the_files_that_are_in_force(scenes, name, how):
    if how == "exchanged" and not LINUX:
        pytest.skip("renameat2 is Linux'")

    def before(scene):
        asks(scene, "append-profile: [tools/its.sb]\n")
        asks(scene, "add-dirs-ro=~/src\n", ".safehouse")
        scene.write("src/project/tools/its.sb", '(allow file-read-metadata (literal "/etc"))\n')
        scene.guarded.append(scene.project / "tools/its.sb")
        trusted(scene)

    withstands_change(scenes, EDITS[how].format(name), before)


RECORDS = {
    "a new record": "write(state + '/trust/new')",
    "the record": "write(state + '/trust/' + os.listdir(state + '/trust')[0])",
    "no record": "os.unlink(state + '/trust/' + os.listdir(state + '/trust')[0])",
    "its directory": "shutil.rmtree(state + '/trust')",
    "a directory above": "os.rename(home + '/.local/state', home + '/.local/old')",
    "the list of the old one": "write(home + '/.config/safehouse/trusted-workdirs')",
    "what is kept of it": "write(home + '/.cache/safehouse/new')",
}


@pytest.mark.parametrize("what", RECORDS)
@pytest.mark.parametrize("options", [(), ("--add-dirs={home}/.local", "--add-dirs={home}/.config")])
def test_what_is_remembered(scenes, what, options):
    def before(scene):
        asks(scene)
        scene.write(".config/safehouse/trusted-workdirs", "# none\n")
        scene.write(".cache/safehouse/x", "")
        scene.write(".cache/other", "")
        trusted(scene)
        return {"state": scene.home / ".local/state/safehouse"}

    if what == "what is kept of it":
        new = "os.path.exists(home + '/.cache/safehouse/new')"
        scene = scenes()
        values = before(scene)
        scene.attempt(RECORDS[what], False, **values)
        assert (scene.home / ".cache/safehouse/new").exists(), new
        scene = scenes()
        values = before(scene)
        scene.attempt(RECORDS[what], True, ("--add-dirs=" + str(scene.home / ".cache"),), **values)
        assert not (scene.home / ".cache/safehouse/new").exists()
        return
    withstands_change(scenes, RECORDS[what], before, options)


def test_a_command_inside_trusts_nothing(scene):
    asks(scene)
    inner = scene.write(".local/bin/safehouse")
    shutil.copy(scene.safehouse, inner)
    inner.chmod(0o755)
    for words in (
        "trust --yes",
        "trust --decline",
        "untrust",
        "--always-trust-workdir-config -- true",
    ):
        before = scene.untouchable()
        done = scene.confined("--", "sh", "-c", f"{inner} {words}; echo $?")
        assert done.stdout.endswith("125\n" if "always" not in words else "0\n"), done.stderr
        assert scene.untouchable() == before
    assert not leaks(scene, scene.attempt(READS, True))


def test_a_file_that_was_not_there_only_asks(scene):
    """On Linux it can be made from inside: it opens nothing for the next launch."""
    (scene.project / ".safehouse.yaml").unlink()
    scene.attempt("write('.safehouse.yaml', 'add-dirs-ro: [~/secrets]\\n')", True)
    scene.attempt("write('.safehouse', 'add-dirs-ro=~/secrets\\n')", True)
    assert not leaks(scene, scene.attempt(READS, True))
    if LINUX:
        assert leaks(scene, scene.attempt(READS, True, TRUST)), "it was made, and it asks"


def test_only_those_of_the_working_directory_are_closed(scene):
    """R4, R5."""
    asks(scene, "append-profile: [its.sb]\n")
    asks(scene, "", ".safehouse")
    scene.write("src/project/its.sb", '(allow file-read-metadata (literal "/etc"))\n')
    scene.write("src/project/sub/.safehouse", "")
    body = """
for name in ("sub/.safehouse", "sub/.safehouse.yaml", ".safehouse", ".safehouse.yaml", "its.sb"):
    try:
        write(name, "")
        print(name, "open")
    except OSError:
        print(name, "closed")
"""

    def states(*options):
        lines = scene.attempt(body, True, (*TRUST, *options)).stdout.splitlines()
        asks(scene, "append-profile: [its.sb]\n")
        scene.write("src/project/its.sb", '(allow file-read-metadata (literal "/etc"))\n')
        return [line.split()[-1] for line in lines[-5:]]

    assert states() == ["open", "open", "closed", "closed", "closed"]
    config, profile = "--allow-workdir-config-writes", "--allow-profile-writes"
    assert states(config) == ["open", "open", "open", "open", "closed"]
    assert states(profile) == ["open", "open", "closed", "closed", "open"]
    assert states(config, profile) == ["open"] * 5


# What was trusted is not what is there


def test_a_profile_that_changed_since(scene):
    asks(scene, "append-profile: [its.sb]\n")
    scene.write("src/project/its.sb", '; nothing\n(allow file-read-metadata (literal "/etc"))\n')
    trusted(scene)
    scene.write("src/project/its.sb", '(allow file-read* (home-subpath "/secrets"))\n')
    done = scene.attempt(READS, True)
    assert not leaks(scene, done)
    assert "has changed since you looked at it" in done.stderr
    trusted(scene)
    assert leaks(scene, scene.attempt(READS, True)), "it opens it once it is trusted"


def test_another_project_in_its_place(scene):
    asks(scene, "add-dirs-ro: [~/src]\n")
    trusted(scene)
    scene.project.rename(scene.home / "src/old")
    scene.project.mkdir()
    asks(scene)
    own(scene.project)
    assert not leaks(scene, scene.attempt(READS, True))
    assert leaks(scene, scene.attempt(READS, True, TRUST))


def test_a_file_that_is_swapped_all_the_time(scene):
    """What was compared is what is applied: a launch reads it once."""
    asks(scene, "add-dirs-ro: [~/src]\n")
    trusted(scene)
    scene.beside(f"""
import random, threading
good, evil = "add-dirs-ro: [~/src]\\n", "add-dirs-ro: [~/secrets]\\n"
def swap():
    while True:
        for text in (good, evil):
            with open("{scene.project}/.new", "w") as file:
                file.write(text)
            os.rename("{scene.project}/.new", "{scene.project}/.safehouse.yaml")
            time.sleep(random.uniform(0, 0.1))  # else each launch is refused: its mounts changed
threading.Thread(target=swap, daemon=True).start()
""")
    found = {True: 0, False: 0}
    for _ in range(12):
        assert not leaks(scene, scene.attempt(READS, True))
    for _ in range(200):
        found[leaks(scene, scene.attempt(READS, True, TRUST))] += 1
        if all(found.values()):
            break
    assert all(found.values()), f"it was not swapped between two launches: {found}"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("what", ["link", "pipe", "directory", "device", "10 MB"])
def test_what_is_no_file_in_its_place(scene, name, what):
    path = scene.project / name
    path.unlink(missing_ok=True)
    scene.write("evil.yaml", FILES[name])
    {
        "link": lambda: path.symlink_to(scene.home / "evil.yaml"),
        "pipe": lambda: os.mkfifo(path),
        "directory": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
        "10 MB": lambda: path.write_bytes(b"#" * 10_000_000),
    }[what]()
    own(scene.project)
    for words in (
        ("--",),
        ("--trust-workdir-config", "--"),
        ("--always-trust-workdir-config", "--"),
    ):
        begun = time.monotonic()
        done = scene.confined(*words, "echo", "ran")
        assert time.monotonic() - begun < 5
        assert (done.returncode, done.stdout) == (REFUSED, ""), done.stderr
        assert name in done.stderr and "Traceback" not in done.stderr
    done = scene.confined("trust", "--yes")
    assert done.returncode == REFUSED and name in done.stderr
    shutil.rmtree(path) if what == "directory" else path.unlink()
    assert scene.confined("--", "echo", "ran").stdout == "ran\n"


# Forged files of the person's, where a variable leads


def test_a_forged_record_by_a_variable(scene):
    asks(scene)
    elsewhere = scene.home / "elsewhere"
    trusted(scene, XDG_STATE_HOME=str(elsewhere))
    shutil.copytree(elsewhere, scene.project / "state")
    own(scene.project)
    scene.env["XDG_STATE_HOME"] = str(scene.project / "state")
    done = scene.attempt(READS, True)
    assert done.returncode == REFUSED and "XDG_STATE_HOME" in done.stderr
    assert not leaks(scene, done)
    scene.env["XDG_STATE_HOME"] = str(elsewhere)
    assert leaks(scene, scene.attempt(READS, True)), "it is a good record"


@pytest.mark.parametrize("by", ["itself", "a link", "a link above"])
def test_a_forged_configuration_by_a_variable(scene, by):
    scene.write("src/project/x/safehouse/config.yaml", "add-dirs-ro: [~/secrets]\n", 0o600)
    scene.write("good/safehouse/config.yaml", "add-dirs-ro: [~/secrets]\n", 0o600)
    (scene.home / "link").symlink_to("src/project/x")
    (scene.home / "above").mkdir()
    (scene.home / "above/safehouse").symlink_to(scene.project / "x/safehouse")
    own(scene.home)
    places = {
        "itself": scene.project / "x",
        "a link": scene.home / "link",
        "a link above": scene.home / "above",
    }
    scene.env["XDG_CONFIG_HOME"] = str(places[by])
    done = scene.attempt(READS, True)
    assert done.returncode == REFUSED and "XDG_CONFIG_HOME" in done.stderr
    assert not leaks(scene, done)
    scene.env["XDG_CONFIG_HOME"] = str(scene.home / "good")
    assert leaks(scene, scene.attempt(READS, True)), "it is a good configuration"


def test_a_forged_home(scene):
    """Of somebody whose own home the system knows; here that is daemon, if the user has no name."""
    if not user.HAS_NAME and not user.AM_ROOT:
        pytest.skip("nobody knows where this user's own home is")
    who = {} if user.HAS_NAME else {"user": 1, "group": 1}
    text = f"add-dirs-ro: [{scene.home}/secrets]\nworkdir: {scene.project}\n"
    config = scene.write("src/project/home/.config/safehouse/config.yaml", text, 0o600)
    if who:
        os.chown(config, 1, 1)
    scene.env["HOME"] = str(scene.project / "home")
    program = scene.program(READS)
    assert leaks(scene, scene.run(*program, **who))
    for options in ((), (f"--workdir={scene.project}",)):
        done = scene.confined(*options, "--", *program, **who)
        assert done.returncode == REFUSED and "HOME: " in done.stderr
        assert not leaks(scene, done)


@pytest.mark.parametrize(
    "variable", ["SAFEHOUSE_TRUST_WORKDIR_CONFIG", "SAFEHOUSE_ALWAYS_TRUST_WORKDIR_CONFIG"]
)
def test_no_variable_trusts(scene, variable):
    asks(scene)
    scene.env[variable] = "1"
    assert not leaks(scene, scene.attempt(READS, True))
    assert leaks(scene, scene.attempt(READS, True, TRUST))


# What appears while a command runs


@linux_only("on macOS these names cannot be made")
@pytest.mark.parametrize("name", [".safehouse", ".safehouse.yaml"])
@pytest.mark.parametrize("option", ["--trust-workdir-config", "--always-trust-workdir-config"])
def test_no_option_trusts_what_a_command_has_made(scene, name, option):
    """An alias may have the option: the next launch must not believe the last one's command."""
    (scene.project / ".safehouse.yaml").unlink()
    text = "add-dirs-ro=~/secrets" if name == ".safehouse" else "add-dirs-ro: [~/secrets]"
    done = scene.confined(option, "--", "sh", "-c", f"echo '{text}' > {name}")
    assert "made while the command ran" in done.stderr
    done = scene.confined(option, "--", "cat", scene.home / "secrets/x")
    assert done.returncode == REFUSED
    assert "look at it first: safehouse trust" in done.stderr
    assert not leaks(scene, scene.confined("--", "cat", scene.home / "secrets/x"))
    assert scene.confined("trust", "--yes").returncode == 0
    assert leaks(scene, scene.confined("--", "cat", scene.home / "secrets/x"))
