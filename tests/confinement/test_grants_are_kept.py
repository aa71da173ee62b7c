"""What is kept for a directory works there and nowhere else, and no confined program changes it."""

from __future__ import annotations

import time

import pytest

from tests.confinement import user
from tests.confinement.attack import withstands, withstands_change
from tests.confinement.scene import SECRET

pytestmark = pytest.mark.confinement

READ = "print(read(home + '/notes.txt'))"
WRITE = "write(home + '/out/new')"


def command(scene, *words, cwd=None):
    """Runs safehouse unconfined, as the user; gives what it said."""
    done = scene.confined(*words, cwd=cwd or scene.project)
    assert done.returncode == 0, done.stderr
    return done.stdout


def reads(scene, cwd=None, options=()):
    program = scene.program(READ)
    done = scene.confined(*options, "--", *program, cwd=cwd or scene.project)
    return SECRET in done.stdout


def writes(scene, cwd=None, options=()):
    done = scene.confined(*options, "--", *scene.program(WRITE), cwd=cwd or scene.project)
    new = scene.home / "out/new"
    made = new.exists()
    if made:
        new.unlink()
    assert made == (done.returncode == 0), done.stderr
    return made


@pytest.fixture
def scene(scene):
    scene.write("out/old")
    scene.write("src/project/sub/deep/file")
    return scene


@pytest.fixture
def plain_scenes(scenes):
    """Scenes in which something is kept."""

    def make():
        scene = scenes()
        scene.write("out/old")
        command(scene, "grant", "~/out")
        return scene

    return make


# It works


@pytest.mark.parametrize("place", [".", "sub", "sub/deep"])
def test_what_is_granted_works_there_and_below(scene, place):
    place = scene.project / place
    assert not reads(scene, place)
    assert not writes(scene, place)
    command(scene, "grant", "~/notes.txt")
    assert reads(scene, place)
    assert not reads(scene, scene.sibling)
    command(scene, "grant", "--write", "~/out")
    assert writes(scene, place)
    assert not writes(scene, scene.sibling)
    command(scene, "grant", "~/out")
    assert not writes(scene, place)


def test_what_is_revoked_works_no_longer(scene):
    command(scene, "grant", "--write", "~/out", "~/notes.txt")
    assert reads(scene)
    assert writes(scene)
    command(scene, "revoke", "~/notes.txt")
    assert not reads(scene)
    assert writes(scene)
    command(scene, "revoke", "--all")
    assert not writes(scene)


def test_what_is_denied_is_closed(scene):
    body = "print(read(project + '/private/inner/key'))"
    assert SECRET in scene.confined("--", *scene.program(body)).stdout
    command(scene, "grant", "--deny", "private")
    assert SECRET not in scene.confined("--", *scene.program(body)).stdout


def test_what_is_for_reading_in_the_project_cannot_be_written(scene):
    body = "write(project + '/private/inner/key')"
    assert scene.confined("--", *scene.program(body)).returncode == 0
    command(scene, "grant", "private")
    assert scene.confined("--", *scene.program(body)).returncode != 0


def test_the_nearest_opens_more_than_its_parent(scene):
    command(scene, "grant", "~/out", "--for=~/src")
    command(scene, "grant", "--write", "~/out", cwd=scene.project / "sub")
    assert not writes(scene)
    assert not writes(scene, scene.sibling)
    assert writes(scene, scene.project / "sub/deep")


def test_the_nearest_opens_less_than_its_parent(scene):
    command(scene, "grant", "--write", "~/out", "--for=~/src")
    command(scene, "grant", "~/out", cwd=scene.project / "sub")
    assert writes(scene)
    assert writes(scene, scene.sibling)
    assert not writes(scene, scene.project / "sub/deep")


def test_the_nearest_closes_what_its_parent_opens(scene):
    command(scene, "grant", "--write", "~/out", "--for=~/src")
    command(scene, "grant", "--deny", "~/out")
    assert writes(scene, scene.sibling)
    assert not writes(scene)


def test_the_nearest_opens_what_its_parent_closes(scene):
    command(scene, "grant", "--deny", "~/out", "--for=~/src")
    assert not writes(scene)
    command(scene, "grant", "--write", "~/out")
    assert writes(scene)


def test_what_is_for_an_agent_is_for_no_other(scene):
    command(scene, "grant", "~/notes.txt", "--agent=codex")
    assert not reads(scene)
    assert not reads(scene, options=("--agent=aider",))
    assert reads(scene, options=("--agent=codex",))


def test_variables_are_passed(scene):
    command(scene, "grant", "--env-pass=MY_TOKEN")
    done = scene.confined("--", "env", env={**scene.env, "MY_TOKEN": "t", "OTHER": "o"})
    assert "MY_TOKEN=t\n" in done.stdout
    assert "OTHER" not in done.stdout


def test_it_is_kept_by_a_link_to_dotfiles(scene):
    file = scene.write("dotfiles/grants.yaml", "# mine\n")
    (scene.home / ".config/safehouse/grants.yaml").symlink_to("../../dotfiles/grants.yaml")
    command(scene, "grant", "--write", "~/out", "~/dotfiles")
    assert writes(scene)
    body = f"write({str(file)!r}, '{{}}')"
    done = scene.confined("--", *scene.program(body))
    assert done.returncode != 0
    assert file.read_text().startswith("# mine\n~/src/project:\n")


# Another directory of the same name gets nothing

SWAPS = {
    "made anew": "shutil.rmtree(project); os.mkdir(project)",
    "moved away": "os.rename(project, project + '2'); os.mkdir(project)",
    "a copy": "os.rename(project, project + '2'); shutil.copytree(project + '2', project)",
    "another one": "os.rename(project, project + '2'); os.rename(sibling, project)",
    "a link": "os.rename(project, project + '2'); os.symlink(sibling, project)",
    "its parent": "src = home + '/src'\nos.rename(src, src + '2'); shutil.copytree(src + '2', src)",
}


@pytest.mark.parametrize("body", SWAPS.values(), ids=SWAPS)
def test_a_swapped_directory_gets_nothing(scene, body):
    command(scene, "grant", "--write", "~/out")
    assert writes(scene)
    time.sleep(0.02)  # births are counted by the tick of a clock
    done = scene.run(*scene.program(body), cwd=scene.home)
    assert done.returncode == 0, done.stderr
    assert not writes(scene)


def test_a_swap_is_told(scene):
    command(scene, "grant", "--write", "~/out")
    time.sleep(0.02)
    scene.run(*scene.program(SWAPS["moved away"]), cwd=scene.home)
    told = command(scene, "grants", "--effective")
    assert "all that is kept for ~/src/project" in told
    assert "safehouse revoke --all --for=~/src/project" in told
    done = scene.confined("grant", "~/notes.txt")
    assert done.returncode == user.REFUSED
    assert "was granted to another directory" in done.stderr


# No confined program changes it, nor looks at it

STORE = "home + '/.config/safehouse/grants.yaml'"
CHANGES = {
    "written": f"write({STORE})",
    "added to": f"open({STORE}, 'a').write('~/src: {{add-dirs: [~/.ssh]}}')",
    "removed": f"os.unlink({STORE})",
    "replaced": f"write('new')\nos.rename('new', {STORE})",
    "a link instead": f"write('new')\nos.unlink({STORE})\nos.symlink(project + '/new', {STORE})",
    "its mode": f"os.chmod({STORE}, 0o666)",
    "the lock": f"write({STORE} + '.lock')",
    "a new file beside it": f"write({STORE} + '.1.new')",
    "its directory renamed": "os.rename(home + '/.config/safehouse', home + '/.config/old')",
    "the parent renamed": "os.rename(home + '/.config', home + '/old')",
    "the parent replaced by a link": """
os.makedirs("config/safehouse")
write("config/safehouse/grants.yaml")
os.rename(home + "/.config", home + "/old")
os.symlink(project + "/config", home + "/.config")
""",
    "a hard link to it, written": f"os.link({STORE}, 'hard')\nwrite('hard')",
    "a link to it, written": f"os.symlink({STORE}, 'link')\nwrite('link')",
    "by safehouse itself": "subprocess.run([safehouse, 'grant', '--write', home + '/notes.txt'])",
    "by safehouse, revoked": "subprocess.run([safehouse, 'revoke', '--all'])",
}


def with_safehouse(scene):
    return {"safehouse": str(scene.safehouse)}


@pytest.mark.parametrize("body", CHANGES.values(), ids=CHANGES)
def test_it_cannot_be_changed(plain_scenes, body):
    withstands_change(plain_scenes, body, with_safehouse)


def test_what_was_read_of_it_cannot_be_changed(plain_scenes):
    """A launch takes it from there while the file is the same."""

    def changed(scene, done):
        return (scene.home / ".cache/safehouse/grants").read_bytes() == b"evil"

    withstands(plain_scenes, "write(home + '/.cache/safehouse/grants')", harmed=changed)


@pytest.mark.parametrize("option", ["--add-dirs=~/.config", "--workdir=~"])
@pytest.mark.parametrize("name", ["written", "replaced", "its directory renamed", "removed"])
def test_nor_by_whom_more_was_opened(plain_scenes, name, option):
    store = (".config/safehouse/grants.yaml", ".config/safehouse/grants.yaml.lock")
    scene = plain_scenes()
    before = {path: (scene.home / path).read_bytes() for path in store}
    body = "os.chdir(project)\n" + CHANGES[name]
    done = scene.confined(option, "--", *scene.program(body))
    assert done.returncode != 0
    assert {path: (scene.home / path).read_bytes() for path in store} == before


LOOKS = {
    "read": f"print(read({STORE}))",
    "by a link": f"os.symlink({STORE}, 'link')\nprint(read('link'))",
    "by a hard link": f"os.link({STORE}, 'hard')\nprint(read('hard'))",
    "its directory": "print(os.listdir(home + '/.config/safehouse'))",
    "what was read before": "print(open(home + '/.cache/safehouse/grants', 'rb').read())",
    "by safehouse itself": "print(subprocess.run([safehouse, 'grants'], stdout=-1).stdout)",
}


@pytest.mark.parametrize("body", LOOKS.values(), ids=LOOKS)
def test_it_cannot_be_seen(plain_scenes, body):
    def seen(scene, done):
        return "add-dirs" in done.stdout or "~/out" in done.stdout or "grants.yaml" in done.stdout

    withstands(plain_scenes, body, with_safehouse, harmed=seen)


def test_a_link_that_was_planted_inside_opens_nothing(scene):
    """It is planted where a directory of that name was granted."""
    scene.write("src/project/data/x")
    command(scene, "grant", "--write", "data", "--for=~/src")
    body = """
shutil.rmtree(project + "/data")
os.symlink(home + "/out", project + "/data")
"""
    assert scene.confined("--", *scene.program(body)).returncode == 0
    assert (scene.project / "data").is_symlink()
    assert not writes(scene)
    assert not writes(scene, scene.sibling)
    told = command(scene, "grants", "--effective", "--for=~/src/sibling")
    assert "it leads through the link" in told
