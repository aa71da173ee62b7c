"""Which directories may be proposed as a whole: none that holds many things, or what should stay closed."""

from __future__ import annotations

from safehouse.errors import printable
from safehouse.sources.settings import READ_AND_WRITE, READ_ONLY, Limits, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.sources.sensitive import Places

# What lies side by side in these has nothing to do with each other.
_SHARED = frozenset((
    ".config", ".local", ".local/share", ".local/state", ".local/lib", ".cache", ".var", ".var/app",
    "Library", "Library/Application Support", "Library/Caches", "Library/Preferences",
    "Library/Containers", "Library/Group Containers", "Documents", "Desktop", "Downloads", "Pictures",
    "Music", "Movies", "Videos", "Public", "Templates",
))  # fmt: skip
_SHARED_OF_THE_SYSTEM = frozenset((
    "/usr/lib", "/usr/share", "/usr/local", "/usr/libexec", "/var/lib", "/var/cache", "/var/log",
    "/var/run", "/run/user", "/private/var", "/private/etc", "/private/tmp", "/private/var/folders",
    "/private/var/run", "/private/var/db", "/Library/Application Support", "/Library/Preferences",
    "/System/Library",
))  # fmt: skip
_VARIABLES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
_MOST_ENTRIES = 20_000
SEEN_IS_CONNECTED = "what can be seen can be connected to"


class Trees:
    """Looks through directories, each once."""

    def __init__(self, host: Host, places: Places, workdir: str, connects_by_sight: bool) -> None:
        self._host = host
        self._places = places
        self._workdir = workdir
        self._connects_by_sight = connects_by_sight
        self._limits = Limits(host, workdir)
        self._known: dict[tuple[str, bool], str] = {}

    def may(self, directory: str, writes: bool) -> bool:
        """Whether a directory may be proposed."""
        return not self.obstacle(directory, writes)

    def obstacle(self, directory: str, writes: bool) -> str:
        """Why it may not; "" if it may."""
        key = (directory, writes)
        if key not in self._known:
            self._known[key] = self._outside(directory, writes) or self._inside(directory, writes)
        return self._known[key]

    def _outside(self, directory: str, writes: bool) -> str:
        home = self._host.home
        if contains(directory, home):
            return "it holds your whole home"
        if directory.count("/") < 2 or directory in _SHARED_OF_THE_SYSTEM:
            return "it holds what many programs use"
        moved = (self._host.environ.get(name, "").rstrip("/") for name in _VARIABLES)
        if directory in moved or (
            directory[len(home) + 1 :] in _SHARED and contains(home, directory)
        ):
            return "it holds what many programs keep"
        if self._workdir and contains(directory, self._workdir):
            return "it holds the project and what lies beside it"
        found = self._places.place_of(directory, writes)
        if found is not None:
            return f"{found.what}: {found.because}"
        return self._limits.too_wide(directory, READ_AND_WRITE if writes else READ_ONLY)

    def _inside(self, directory: str, writes: bool) -> str:
        """What lies in it that nobody should open with the rest."""
        for path, found in self._places.places_in(directory, writes):
            return f"it holds {printable(path)}, {found.what}"
        files = self._host.files
        left = _MOST_ENTRIES
        waiting = [directory]
        while waiting:
            above = waiting.pop()
            for name in files.names(above):
                path = f"{above}/{name}"
                left -= 1
                if left < 0:
                    return "it holds too much to look through"
                if name == ".git":
                    return "it is a repository" if above == directory else "it holds repositories"
                sensitive = self._places.place_of(path, writes)
                if sensitive is not None:
                    return f"it holds {printable(path)}, {sensitive.what}"
                kind = files.kind(path)
                if kind == "directory":
                    waiting.append(path)
                elif kind == "other" and self._connects_by_sight and files.is_socket(path):
                    return f"it holds the socket {printable(path)}: {SEEN_IS_CONNECTED}"
        return ""
