"""`--append-profile`: what it opens is open, what it closes is closed, and what is protected stays so."""

from __future__ import annotations

import pytest

from tests.confinement.attack import leaks, withstands, withstands_change
from tests.confinement.scene import SECRET
from tests.confinement.user import REFUSED, linux_only, own

pytestmark = pytest.mark.confinement

OPTION = "--append-profile={home}/my.sb"
ALL = (
    '(version 1)\n(allow default)\n(allow file-read* file-write* network-outbound (subpath "/"))\n'
)


def having(text, **files):
    """Prepares a scene: the profile, and files of the project, `_` for a dot in front."""

    def prepare(scene):
        scene.write("my.sb", text)
        for name, content in files.items():
            path = scene.project / ("." + name[1:] if name[0] == "_" else name)
            path.write_text(content)
        own(scene.home)

    return prepare


def run(scene, text, *words, options=()):
    scene.write("my.sb", text)
    return scene.confined(f"--append-profile={scene.home}/my.sb", *options, "--", *words)


# What it opens


@pytest.mark.parametrize(
    "rule",
    [
        '(allow file-read* (home-subpath "/secrets"))',
        '(allow file-read* (home-literal "/secrets/x"))',
        '(define (mine name) (home-subpath name)) (allow file-read* (mine "/secrets"))',
        '(allow file-read* (regex (string-append "^" HOME_DIR "/secrets/.$")))',
        '\ufeff; of a Windows editor\r\n(allow file-read*\r\n (home-prefix "/secrets/"))\r\n',
    ],
)
def test_what_it_allows_is_open(scene, rule):
    body = "print(read(home + '/secrets/x'))"
    assert not leaks(scene, scene.attempt(body, True))
    having(rule)(scene)
    done = scene.attempt(body, True, (OPTION.format(home=scene.home),))
    assert leaks(scene, done), done.stderr


def test_what_it_lets_be_written_is_written(scene):
    text = '(allow file-read* file-write* (home-subpath "/secrets"))'
    done = run(scene, text, "sh", "-c", "echo new > ~/secrets/new")
    assert done.returncode == 0, done.stderr
    assert (scene.home / "secrets/new").read_text() == "new\n"


def test_it_opens_nothing_else(scenes):
    text = '(allow file-read* (home-subpath "/secrets"))'
    withstands(scenes, "print(read(home + '/.aws/credentials'))", having(text), (OPTION,))


def test_variables_have_its_defaults(scene):
    text = "; $$exec-env-default=FROM_PROFILE=yes$$ $$exec-env-default=LANG=xx$$\n"
    done = run(scene, text, "sh", "-c", 'echo "$FROM_PROFILE $LANG"')
    assert done.stdout == "yes C.UTF-8\n", done.stderr


# What it closes


READING = {
    "open": "print(read(project + '/.env'))",
    "another name": "os.symlink('.env', 'link'); print(read('link'))",
    "a second name": "os.link('.env', 'second'); print(read('second'))",
    "moved away": "os.rename('.env', 'moved'); print(read('moved'))",
    "by cat": "print(subprocess.run(['cat', '.env'], capture_output=True, text=True).stdout)",
    "made readable": "os.chmod('.env', 0o644); print(read('.env'))",
    "the project moved": "os.rename(project, project + '2'); print(read(project + '2/.env'))",
}


@pytest.mark.parametrize("way", READING)
@pytest.mark.parametrize(
    "rule",
    [
        '(deny file-read* (workdir-literal "/.env"))',
        '(deny file-read* file-write* (subpath (workdir-path "/.env")))',
        '(deny file* (workdir-prefix "/.en"))',
    ],
)
def test_what_it_refuses_to_be_read_is_closed(scenes, rule, way):
    options = (OPTION, "--accept-partial") if "prefix" in rule else (OPTION,)
    withstands(scenes, READING[way], having(rule, _env=f"KEY={SECRET}\n"), options)


WRITING = {
    "open": "write(project + '/README')",
    "append": "open('README', 'a').write('evil')",
    "renamed over": "write('new'); os.rename('new', 'README')",
    "removed": "os.unlink('README'); write('README')",
    "truncated": "os.truncate('README', 0)",
    "moved away": "os.rename('README', 'moved')",
    "made writable": "os.chmod('README', 0o666); write('README')",
}


@pytest.mark.parametrize("way", WRITING)
def test_what_it_refuses_to_be_written_stays(scenes, way):
    def prepare(scene):
        having('(deny file-write* (workdir-literal "/README"))')(scene)
        scene.guarded.append(scene.project / "README")

    withstands_change(scenes, WRITING[way], prepare, (OPTION,))


# What is protected


PROTECTED = {
    "a start file of the shell": "write(home + '/.zshrc')",
    "one that is not there": "write(home + '/.bash_profile')",
    "configuration": "write(home + '/.config/safehouse/config.yaml')",
    "new configuration": "write(home + '/.config/safehouse/new')",
    "a hook": "write(project + '/.git/hooks/pre-commit')",
    "settings of git": "write(project + '/.git/config')",
    "what the project asks for": "write(project + '/.safehouse.yaml')",
    "the profile itself": "write(project + '/mine.sb')",
}


@pytest.mark.parametrize("what", PROTECTED)
def test_nothing_that_it_says_opens_what_is_protected(scenes, what):
    def prepare(scene):
        having(ALL, **{"mine.sb": ALL})(scene)
        scene.guarded.append(scene.project / "mine.sb")

    options = ("--append-profile={project}/mine.sb",)
    withstands_change(scenes, PROTECTED[what], prepare, options)


@pytest.mark.parametrize(
    "rule",
    ["(allow network* sysctl-read)", "(allow default)", "(allow network-outbound file-read*)"],
)
def test_nothing_that_it_says_opens_a_closed_network(scene, rule):
    attempt = (
        "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(1);"
        "s.settimeout(5); socket.create_connection(('1.1.1.1', 53), 5)"
    )
    options = ("--network=none", "--accept-partial")
    done = run(scene, rule, "python3", "-c", attempt, options=options)
    assert done.returncode != 0
    assert "OSError" in done.stderr or "PermissionError" in done.stderr, done.stderr


# What cannot be kept


@linux_only("macOS passes such a form on to Seatbelt")
def test_a_form_that_is_not_understood_stops_the_launch(scene):
    text = '(version 1)\n(if #t (deny file-read* (workdir-literal "/README")))\n'
    done = run(scene, text, "cat", "README")
    assert done.returncode == REFUSED
    assert done.stdout == ""
    assert f"{scene.home}/my.sb:2 " in done.stderr
    assert "--accept-partial" in done.stderr
    done = run(scene, text, "cat", "README", options=("--accept-partial",))
    assert done.stdout == "a project\n", done.stderr


@linux_only("Seatbelt has these operations")
@pytest.mark.parametrize(
    "rule",
    [
        '(deny process-exec* (literal "/usr/bin/env"))',
        '(deny network-outbound (remote tcp "*:22"))',
        '(deny file-write* (workdir-literal "/later"))',
        '(deny file-read* (require-all (workdir-subpath "") (vnode-type SYMLINK)))',
    ],
)
def test_a_refusal_that_cannot_be_kept_stops_the_launch(scene, rule):
    done = run(scene, rule, "echo", "ran")
    assert done.returncode == REFUSED
    assert done.stdout == ""
    assert f"{scene.home}/my.sb:1 " in done.stderr
    done = run(scene, rule, "echo", "ran", options=("--accept-partial",))
    assert done.stdout == "ran\n", done.stderr


@linux_only("the words are those of macOS")
def test_a_refusal_of_what_linux_has_not_is_kept(scene):
    text = '(deny mach-lookup (global-name "com.apple.pasteboard.1")) (deny nvram* iokit-open*)'
    assert run(scene, text, "echo", "ran").stdout == "ran\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('(allow file-raed* (subpath "/x"))', ":1:8: unknown operation 'file-raed*'"),
        ('(version 1)\n(deny file-read* (subpath "/x")', ":2:1: a '(' without its ')'"),
        ('(deny file-read* (subpath "~/x"))', ":1:27: '~/x' is no absolute path"),
        ("(deny default)\0", ":1:15: unexpected character"),
        ("(" * 100_000, ":1:64: more than 64"),
        ('(define HOME_DIR "/elsewhere")', ":1:9: HOME_DIR is defined already"),
        ('(import "/tmp/x.sb")', ":1:1: only profiles of the system"),
        ("(if #t (set! deny allow))", ":1:9: set! could change"),
        ('(let ((x #\\")) (set! deny 1))', ":1:10: only #t, #f and #"),
        ("(let () (SET! deny 1))", ":1:10: SBPL may take SET! for set!"),
        ("(car `(,eval))", ":1:6: unexpected character"),
        ("(allow process-exec* (with no-sandbox))", ":1:1: no-sandbox would let"),
        ("; $$exec-env-default=1=2$$", ":1:3: not NAME=VALUE"),
    ],
)
def test_a_mistake_stops_the_launch_and_is_named(scene, text, said):
    done = run(scene, text, "echo", "ran")
    assert done.returncode == REFUSED
    assert done.stdout == ""
    assert f"my.sb{said}" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_working_directory_its_names_are_errors(scene):
    text = '(allow file-read* (workdir-subpath "/x"))'
    done = run(scene, text, "echo", "ran", options=("--workdir=",))
    assert done.returncode == REFUSED
    assert done.stdout == ""
    assert "my.sb:1:19: there is no working directory" in done.stderr
