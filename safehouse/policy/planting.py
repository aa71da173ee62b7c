"""Which links a confined program could have made, and paths as written with their start filled in."""

from __future__ import annotations

from safehouse.policy.match import text_matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from safehouse.files import Resolution
    from safehouse.host import Host
    from safehouse.policy.rule import Filter

    Writable = Callable[[], Iterable[Filter]]

_QUOTED = {character: f"[{character}]" for character in ".*+?|(){}$"}
_QUOTED.update({character: "\\" + character for character in "[]^\\"})
_ENGINES = ("docker.sock", "podman.sock", "containerd.sock")


class Planting:
    """Which links a confined program, in this launch or an earlier one, could have made.

    `writable` gives what any such program may ever write, as filters with paths as written.
    """

    def __init__(self, host: Host, writable: Writable) -> None:
        self.host = host
        self.writable = writable
        self._paths: list[tuple[str, str]] | None = None

    def suspects(self, found: Resolution) -> bool:
        """Whether one of the links on a way could have been made by a confined program.

        A HOME that is not the person's own may be part of a repository, with all that is in it; no
        link is followed out of it.
        """
        home = self.host.home + "/"
        leaves = not found.real.startswith(home) and any(
            link.startswith(home) for link, _ in found.links
        )
        leaves = leaves and self.host.is_borrowed()
        return any(self._may_be_planted(link, leaves) for link, _ in found.links)

    def _may_be_planted(self, link: str, leaves_home: bool) -> bool:
        directory = link.rpartition("/")[0] or "/"
        if self.host.foreign or not self.host.files.changeable(directory):
            return False
        if leaves_home and link.startswith(self.host.home + "/"):
            return True
        return self._may_be_a_project(directory) or self.reaches(link)

    def _may_be_a_project(self, directory: str) -> bool:
        """Whether a command may have been started in a directory, or in one above it.

        All below the home can be a project but for hidden places, which belong to programs.
        """
        home = self.host.home + "/"
        if not directory.startswith(home):
            return False
        parts = directory[len(home) :].split("/")
        return parts[0] != "Library" and not any(part[:1] == "." for part in parts)

    def reaches(self, path: str) -> bool:
        """Whether a confined program may ever write a path below a directory that is its own."""
        for kind, written in self._written():
            below = path.startswith(written.rstrip("/") + "/")
            if below if kind == "subpath" else text_matches(kind, written, path):
                return True
        return False

    def _written(self) -> list[tuple[str, str]]:
        """What confined programs may ever write, as written and as it resolves; patterns left out."""
        if self._paths is None:
            self._paths = []
            for filter in self.writable():
                path = expanded(filter.value, self.host) if filter.kind != "regex" else ""
                if path:
                    both = dict.fromkeys((path, self.host.resolve(path).real))
                    self._paths += [(filter.kind, each) for each in both]
        return self._paths


def expanded(text: str, host: Host, regex: bool = False) -> str:
    """A path as written with its placeholder filled in; "" where the host has none."""
    if regex and text[:1] != "^":
        return text  # it begins anywhere, and so in no directory that has a name here
    start = "^" if regex else ""
    rest = text[len(start) :]
    if rest[:1] == "~":
        return start + (quoted(host.home) if regex else host.home) + rest[1:]
    if rest[:1] != "@":
        return text
    name, slash, below = rest.partition("/")
    value = {
        "@TMPDIR": host.temp,
        "@LAUNCH_TMPDIR": host.launch_temp,
        "@CACHEDIR": host.cache,
        "@SSH_AUTH_SOCK": host.environ.get("SSH_AUTH_SOCK", ""),
    }[name]
    if value[:1] != "/" or not value.isprintable():
        return ""
    if name == "@SSH_AUTH_SOCK" and not _is_agent(value, host):
        return ""
    return start + (quoted(value) if regex else value) + slash + below


def _is_agent(path: str, host: Host) -> bool:
    """Whether the variable names what an agent's socket can be, and no container engine's."""
    if path.endswith(_ENGINES):
        return False
    return host.foreign or host.files.is_own_socket(host.resolve(path).real)


def quoted(text: str) -> str:
    """Text for a regex that means itself, in every reading of the dialect: seatbelt.md 3.3."""
    return "".join(_QUOTED.get(character, character) for character in text)
