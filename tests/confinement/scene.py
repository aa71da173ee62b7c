"""A home with secrets, a project in it, and what a confined program would like to get at."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from tests.confinement import user

# `TESTS_OF_KEPT_LAUNCHES=1 make test`: each launch of these tests is one that was planned before.
KEPT = os.environ.get("TESTS_OF_KEPT_LAUNCHES") == "1"
_DO_NOTHING = {"python": ["-c", "pass"], "sh": ["-c", ":"], "bash": ["-c", ":"], "sleep": ["0"]}
SECRET = "5ecret-" + os.urandom(8).hex()
BEGUN = "the attempt begins"
# What is in force when an attempt is made: `home`, `project`, ... are variables of its program.
_IMPORTS = """
import ctypes, fcntl, json, mmap, os, shutil, signal, socket, stat, struct, subprocess, sys, termios, time
"""
_PRELUDE = f"""{_IMPORTS}
globals().update(json.loads(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)
def read(path):
    with open(path, errors="replace") as file:
        return file.read()
def write(path, text="evil"):
    with open(path, "w") as file:
        file.write(text)
print({BEGUN!r}, flush=True)
"""
_IDENTITY = (
    "[user]\n\tname = Tester\n\temail = tester@example.org\n[init]\n\tdefaultBranch = main\n"
)


LOG = ".local/state/safehouse/audit"
_KEPT = (".cache/safehouse", LOG)


class Scene:
    """One home. `secret` stands in each file that is none of the program's business."""

    def __init__(self, root: Path, safehouse: Path) -> None:
        self.root = root
        self.safehouse = safehouse
        self.home = root / "home"
        self.project = self.home / "src" / "project"
        self.sibling = self.home / "src" / "sibling"
        self.env = {"HOME": str(self.home), "LANG": "C.UTF-8"}
        self.guarded: list[Path] = []
        self._started: list[subprocess.Popen] = []
        self._places: list[Path] = []

    def write(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """A file of the user's, below the home."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        user.own(self.home / Path(path).parts[0])
        return file

    def beside(
        self, body: str, env: dict[str, str] | None = None, words: tuple[str, ...] = ()
    ) -> int:
        """Starts a program of the user's, unconfined, that goes on until the scene ends.

        Gives its process id once it has printed a line.
        """
        argv = [
            user.PYTHON,
            "-IS",
            "-c",
            f"{_IMPORTS}{body}\nprint(flush=True); time.sleep(600)",
            *words,
        ]
        process = user.start(argv, self.home, {**self.env, **(env or {})})
        self._started.append(process)
        assert process.stdout.readline() == b"\n", process.communicate()
        return process.pid

    def shared_place(self) -> Path:
        """A new directory of the user's in the /tmp of the machine."""
        place = Path(tempfile.mkdtemp(prefix="sh-", dir="/tmp")).resolve()
        user.own(place)
        self._places.append(place)
        return place

    def end(self) -> None:
        """Ends what was started beside, and removes what lies outside of the scene."""
        for process in self._started:
            user.end(process)
        for place in self._places:
            user.remove(place)

    def run(self, *words: object, **options: object) -> subprocess.CompletedProcess:
        """Runs a command unconfined, as the user, in the project."""
        return user.run([*words], **{"cwd": self.project, "env": self.env, **options})

    def confined(self, *words: object, **options: object) -> subprocess.CompletedProcess:
        """Runs safehouse with these arguments, as the user, in the project."""
        self._keep(words, options)
        return self.run(self.safehouse, *words, **options)

    def start_confined(self, *words: object, **options: object) -> subprocess.Popen:
        self._keep(words, options)
        options = {"cwd": self.project, "env": self.env, **options}
        return user.start([self.safehouse, *words], **options)

    def _keep(self, words: tuple[object, ...], options: dict[str, object]) -> None:
        """Where every launch is to be one that was kept: plans it, for the same program doing nothing.

        Twice, for the first may make what is missing.
        """
        if not KEPT or "--" not in words[:-1]:
            return
        head = words[: words.index("--") + 2]
        name = Path(str(head[-1])).name.rstrip("0123456789.")
        silent = {name: options[name] for name in ("cwd", "env", "umask") if name in options}
        for _ in range(2):
            self.run(self.safehouse, *head, *_DO_NOTHING.get(name, ["--version"]), **silent)

    def program(self, body: str, **values: object) -> list[str]:
        """The words that run a Python program, which has the scene's paths as variables."""
        known = {"home": self.home, "project": self.project, "sibling": self.sibling, **values}
        known = {k: str(v) if isinstance(v, Path) else v for k, v in known.items()}
        return [user.PYTHON, "-IS", "-c", _PRELUDE + body, json.dumps(known)]

    def attempt(
        self, body: str, confined: bool, options: tuple[object, ...] = (), **values: object
    ) -> subprocess.CompletedProcess:
        """Runs a program, confined or not. What its program says of errors is in `stderr`."""
        runs = {name: values.pop(name) for name in ("pass_fds",) if name in values}
        program = self.program(body, **values)
        if not confined:
            return self.run(*program, **runs)
        return self.confined(*options, "--", *program, **runs)

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Runs git unconfined."""
        done = self.run("git", *words, cwd=cwd or self.project)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def untouchable(self) -> dict[str, object]:
        """All in the home that a program confined to the project may not change."""
        found = state(self.home, without=self.project)
        found = without_kept(found, self.home)
        git = (".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir")
        for name in (*git, ".safehouse.yaml", ".safehouse"):
            found.update(state(self.project / name))
        for path in self.guarded:
            found.update(state(path))
        found[str(self.project)] = os.path.isdir(self.project)
        return found


def without_kept(found: dict[str, object], home: Path) -> dict[str, object]:
    """A state without what safehouse, unconfined, keeps in a home."""
    kept = [f"{home}/{place}/" for place in _KEPT]
    cache = home / ".cache"
    if cache.is_dir() and os.listdir(cache) == ["safehouse"]:
        kept.append(f"{cache}/")  # it was made for that
    return {path: value for path, value in found.items() if not f"{path}/".startswith(tuple(kept))}


def make_template(root: Path, safehouse: Path) -> Scene:
    """The scene that others are copies of."""
    scene = Scene(root, safehouse)
    scene.home.mkdir(parents=True)
    for path, mode in (
        (".ssh/id_ed25519", 0o600),
        (".aws/credentials", 0o600),
        (".zshrc", 0o644),
        (".git-credentials", 0o600),
        (".config/safehouse/config.yaml", 0o644),
        ("secrets/x", 0o644),
        ("src/sibling/code.py", 0o644),
        ("src/sibling/.env", 0o644),
        ("notes.txt", 0o644),
    ):
        scene.write(path, f"# {SECRET} {path}\n", mode)
    (scene.home / LOG).mkdir(parents=True, mode=0o700)
    scene.write(f"{SECRET}.txt", "a name can tell a lot\n")
    scene.write(".gitconfig", _IDENTITY)
    scene.write("src/project/README", "a project\n")
    scene.write("src/project/.safehouse.yaml", "# nothing yet\n")
    scene.write("src/project/private/inner/key", f"{SECRET} private\n")
    scene.git("init", "-q")
    scene.git("add", "README")
    scene.git("commit", "-q", "-m", "first")
    return scene


def copy(template: Scene, root: Path) -> Scene:
    """A scene of its own."""
    shutil.copytree(template.root, root, symlinks=True)
    user.own(root)
    return Scene(root, template.safehouse)


def state(root: Path, without: Path | None = None, times: bool = True) -> dict[str, object]:
    """What lies at and below a path, seen without following links, but for launches that are kept."""
    found: dict[str, object] = {str(root): _one(root, times)}
    for directory, names, files in os.walk(root):
        for name in [*names]:
            if _is_for_kept_launches(os.path.join(directory, name)):
                names.remove(name)
        for name in [*names, *files]:
            path = Path(directory, name)
            if path == without:
                names.remove(name)
            else:
                found[str(path)] = _one(path, times)
    return found


def _is_for_kept_launches(path: str) -> bool:
    """Whether a directory is the one of kept launches, or has nothing else in it."""
    if path.endswith("/.cache/safehouse/launches"):
        return True
    inner = {".cache": "safehouse", "safehouse": "launches"}.get(os.path.basename(path))
    return (
        inner is not None
        and os.path.isdir(path)
        and os.listdir(path) == [inner]
        and _is_for_kept_launches(os.path.join(path, inner))
    )


def _one(path: Path, times: bool) -> object:
    try:
        info = os.lstat(path)
    except OSError:
        return "missing"
    mode = oct(info.st_mode)
    if stat.S_ISLNK(info.st_mode):
        return (mode, os.readlink(path))
    if not stat.S_ISREG(info.st_mode):
        return mode
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    attributes = sorted(os.listxattr(path)) if user.LINUX else []
    return (mode, content, info.st_mtime_ns if times else 0, attributes)
