"""Random homes, options of a launch and questions to `safehouse why`, each world from a number."""

from __future__ import annotations

import os
import random
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from tests.confinement import user

PROJECT = "src/project"
DIRECTORIES = (
    "docs", "docs/old papers", "src/other", "src/other/sub", ".config/tool", ".ssh", ".aws", ".codex",
    ".claude", ".npm", ".cache/tool", ".local/bin", ".local/share/tool", "bin", "\u00e9t\u00e9 \u65e5",
    "it's \"here\"", ".docker/run", "go/bin", ".config/git", ".config/safehouse", "Downloads",
)  # fmt: skip
IN_PROJECT = ("a", "a/b", "a/b/c", "a/with space", "node_modules/x", "lib", ".vscode", "tests")
FILES = (
    "x", "y.py", "notes.txt", ".env", ".env.example", "key.pem", "id_ed25519", "config", "two words",
    "tool", "s.sock", ".hidden", "caf\u00e9", "a'b",
)  # fmt: skip
LOOSE = (
    ".gitconfig", ".npmrc", ".zshrc", ".bashrc", ".netrc", ".claude.json", ".ssh/config",
    ".ssh/id_ed25519", ".ssh/known_hosts", ".aws/credentials", ".docker/run/docker.sock",
    ".local/bin/tool", ".config/safehouse/x",
)  # fmt: skip
SYSTEM = (
    "/", "/home", "/etc", "/etc/passwd", "/etc/shadow", "/etc/hosts", "/usr/bin/env", "/usr", "/bin/sh",
    "/tmp", "/tmp/none", "/var/tmp", "/var/tmp/none", "/dev/null", "/dev/shm", "/dev/shm/none", "/dev",
    "/opt", "/sys", "/run", "/root", "/var", "/var/log", "/mnt", "/usr/local/none", "/etc/none",
)  # fmt: skip
FEATURES = (
    "ssh", "docker", "shell-init", "wide-read", "toolchain-writes", "aws", "git-config", "gpg", "gh",
)  # fmt: skip
OPERATIONS = (
    "read", "write", "create", "mkdir", "list", "stat", "readlink", "delete", "rename", "exec", "connect",
)  # fmt: skip
WIDE = (
    "--add-dirs-ro=/",
    "--add-dirs-ro=~",
    "--add-dirs=/tmp",
    "--add-dirs-ro=/etc",
    "--add-dirs=~",
)
# They are about a name in a directory, which `..` and `/` are not.
OF_NAMES = ("create", "mkdir", "delete", "rename")


@dataclass(frozen=True)
class Entry:
    """A file of a home: `kind` is a directory, file, script, link or socket; `target` a link's."""

    path: str
    kind: str
    mode: int = 0o644
    target: str = ""
    foreign: bool = False

    def __str__(self) -> str:
        arrow = f" -> {self.target}" if self.kind == "link" else ""
        owner = ", of root" if self.foreign else ""
        return f"{self.path}{arrow}  ({self.kind}, {self.mode:04o}{owner})"


@dataclass(frozen=True)
class World:
    """A home, options of a launch in its project, and questions: (operation, path)."""

    entries: tuple[Entry, ...]
    options: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]


def world(seed: int, questions: int) -> World:
    """The world of a number."""
    made = _Making(random.Random(seed))
    made.tree()
    options = made.options()
    return World(tuple(made.entries.values()), options, made.questions(questions))


class _Making:
    def __init__(self, random: random.Random) -> None:
        self.random = random
        self.entries: dict[str, Entry] = {}

    def some(self, words, least: int, most: int) -> list:
        most = min(most, len(words))
        return self.random.sample([*words], self.random.randint(min(least, most), most))

    def add(self, entry: Entry) -> None:
        parts = entry.path.split("/")
        for length in range(1, len(parts)):
            above = "/".join(parts[:length])
            if self.entries.setdefault(above, Entry(above, "directory", 0o755)).kind != "directory":
                return
        self.entries.setdefault(entry.path, entry)

    def tree(self) -> None:
        choice = self.random
        self.add(Entry(PROJECT, "directory", 0o755))
        for path in self.some(DIRECTORIES, 3, 9):
            self.add(Entry(path, "directory", self._directory_mode()))
        for path in self.some(IN_PROJECT, 1, 5):
            self.add(Entry(f"{PROJECT}/{path}", "directory", 0o755))
        if choice.random() < 0.6:
            for name in ("HEAD", "config", "hooks/post-commit", "objects/x", "refs/heads/main"):
                self.add(Entry(f"{PROJECT}/.git/{name}", "file"))
        for path in self.some(LOOSE, 1, 6):
            self.add(Entry(path, "socket" if path.endswith(".sock") else "file", 0o600))
        for _ in range(choice.randint(6, 16)):
            self._file()
        for _ in range(choice.randint(0, 4)):
            self._link()
        if choice.random() < 0.3:
            denied = choice.choice(["docs", "~/docs", "a", ".env", "../other"])
            self.add(Entry(f"{PROJECT}/.safehouse.yaml", "file", 0o600, f"deny: [{denied}]\n"))
        if choice.random() < 0.3:
            text = f"{choice.choice(['add-dirs', 'add-dirs-ro', 'deny'])}: [~/docs, ~/src/other]\n"
            self.add(Entry(".config/safehouse/config.yaml", "file", 0o600, text))

    def _directory_mode(self) -> int:
        return self.random.choice([0o755] * 12 + [0o700, 0o500, 0o555, 0o300, 0o000])

    def _directory(self) -> str:
        return self.random.choice([e.path for e in self.entries.values() if e.kind == "directory"])

    def _file(self) -> None:
        choice = self.random
        name = choice.choice(FILES)
        kind = "socket" if name.endswith(".sock") else choice.choice(["file"] * 4 + ["script"])
        mode = 0o755 if kind == "script" else choice.choice([0o644] * 6 + [0o600, 0o400, 0o000])
        self.add(Entry(f"{self._directory()}/{name}", kind, mode, foreign=choice.random() < 0.08))

    def _link(self) -> None:
        choice = self.random
        path = f"{self._directory()}/link{choice.randint(1, 9)}"
        other = choice.choice([*self.entries])
        target = choice.choice([
            f"@HOME/{other}", os.path.relpath(other, os.path.dirname(path)), "/etc/passwd", "nowhere",
            "/tmp", "/", "..", f"@HOME/{PROJECT}", os.path.basename(path),
        ])  # fmt: skip
        self.add(Entry(path, "link", 0o777, target))

    def options(self) -> tuple[str, ...]:
        choice = self.random
        found: list[str] = []
        paths = [*self.entries]
        for option in ("--add-dirs", "--add-dirs-ro", "--deny"):
            for chance in (0.5, 0.25, 0.1):
                if choice.random() < chance:
                    found.append(f"{option}=~/{choice.choice(paths)}")
        if choice.random() < 0.05:
            found.append(choice.choice(WIDE))
        if choice.random() < 0.4:
            found.append("--enable=" + ",".join(self.some(FEATURES, 1, 2)))
        if choice.random() < 0.4:
            found.append("--agent=" + choice.choice(["claude", "codex", "aider"]))
        # Which looks through all that is open.
        if choice.random() < 0.25 and "--add-dirs-ro=/" not in found:
            found.append("--deny-secrets")
        if choice.random() < 0.15:
            found.append(choice.choice(["--workdir=", f"--workdir=~/{self._directory()}"]))
        if choice.random() < 0.1:
            found.append("--network=none")
        if choice.random() < 0.2:
            self.add(Entry("rules.sb", "file", 0o600, self._rules()))
            found += ["--append-profile=~/rules.sb", "--accept-partial"]
        elif choice.random() < 0.3:
            found.append("--accept-partial")
        return tuple(found)

    def _rules(self) -> str:
        """Rules as people bring them: of any kind, in any order."""
        choice = self.random
        lines = ["(version 1)"]
        for _ in range(choice.randint(1, 5)):
            path = f"@HOME/{choice.choice([*self.entries])}".replace('"', '\\"')
            filter = choice.choice([
                f'(subpath "{path}")', f'(literal "{path}")', f'(prefix "{path}")',
                f'(regex #"^{path.replace(".", "[.]")}[^/]*$")',
            ])  # fmt: skip
            if (
                "[^/]" in filter
                and not path.replace("/", "").replace("@", "").replace(".", "").isalnum()
            ):
                continue
            operations = choice.choice([
                "file-read*", "file-write*", "file-read* file-write*", "file-read-data", "process-exec",
                "file-write-unlink", "network-outbound", "file-read-metadata",
            ])  # fmt: skip
            lines.append(f"({choice.choice(['allow', 'deny'])} {operations} {filter})")
        return "\n".join(lines) + "\n"

    def questions(self, count: int) -> tuple[tuple[str, str], ...]:
        found = []
        while len(found) < count:
            question = self.random.choice(OPERATIONS), self._target()
            if not (question[0] in OF_NAMES and question[1].endswith(("/..", "/", "HOME"))):
                found.append(question)
        return tuple(found)

    def _target(self) -> str:
        choice = self.random
        how = choice.random()
        if how < 0.1:
            return choice.choice(SYSTEM)
        path = choice.choice([*self.entries, PROJECT, ""])
        links = [entry.path for entry in self.entries.values() if entry.kind == "link"]
        if links and how < 0.25:
            path = choice.choice(links)
        if how > 0.6:
            path += "/" + choice.choice(
                [*FILES, "new name", "none", "..", "../none", "a", ".git/hooks"]
            )
        return f"@HOME/{path}".rstrip("/")


def make(world: World, home: Path) -> list[socket.socket]:
    """Makes the home, as the user's; gives the sockets in it, which listen."""
    home.mkdir(parents=True)
    listening = []
    for entry in world.entries:
        path = home / entry.path
        if entry.kind == "directory":
            path.mkdir(exist_ok=True)
        elif entry.kind == "link":
            path.symlink_to(entry.target.replace("@HOME", str(home)))
        elif entry.kind == "socket":
            listening.append(_listening(path))
        else:
            path.write_text(
                "#!/bin/sh\nexit 0\n"
                if entry.kind == "script"
                else entry.target.replace("@HOME", str(home)) or "x\n"
            )
    user.own(home)
    for entry in reversed(world.entries):
        path = home / entry.path
        if entry.foreign and user.AM_ROOT:
            os.lchown(path, 0, 0)
        if entry.kind != "link":
            path.chmod(entry.mode)
    return listening


def _listening(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    here = os.open(path.parent, os.O_PATH)
    try:
        server.bind(f"/proc/self/fd/{here}/{path.name}")  # a whole path may be too long
    finally:
        os.close(here)
    server.listen(64)
    return server


def named(question: tuple[str, str], home: Path) -> tuple[str, str]:
    """A question with the home in full."""
    operation, path = question
    return operation, path.replace("@HOME", str(home))


def smaller(world: World) -> list[World]:
    """Worlds with a part left out: trees of the home, larger ones first, then options."""
    found = []
    for entry in world.entries:
        tree = f"{entry.path}/"
        left = tuple(e for e in world.entries if not f"{e.path}/".startswith(tree))
        if not f"{PROJECT}/".startswith(tree):
            found.append(replace(world, entries=left))
    found.sort(key=lambda other: len(other.entries))
    options = world.options
    return found + [replace(world, options=_without(options, n)) for n in range(len(options))]


def _without(items: tuple, number: int) -> tuple:
    return items[:number] + items[number + 1 :]
