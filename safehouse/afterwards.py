"""What the person is told when a launch has ended."""

from __future__ import annotations

from safehouse.files import LocalFiles
from safehouse.host import Host
from safehouse.sources import configuration as configured
from safehouse.sources import git_changes, protected
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.plan import Plan
    from safehouse.sources.git_changes import Seen


def changed(seen: tuple[Seen, ...], unconfigured: str, host: Host | None = None) -> Iterator[str]:
    """What to tell of what a command has left; `unconfigured` is its directory, see there."""
    yield from git_changes.told(LocalFiles(), seen)
    appeared = _appeared(unconfigured, host)
    if appeared:
        yield appeared


def unconfigured(plan: Plan) -> str:
    """The working directory, where it has no configuration of its own; "" elsewhere."""
    return "" if plan.configuration.project else dict(plan.policy.defines).get("WORKDIR", "")


def _appeared(workdir: str, host: Host | None) -> str:
    """What to tell of a project's configuration that was made meanwhile, perhaps by the command."""
    if not workdir:
        return ""
    files = LocalFiles()
    names = (f"{workdir.rstrip('/')}/{name}" for name in protected.WORKDIR_FILES)
    if all(files.kind(path) == "missing" for path in names):
        return ""
    from safehouse.sources import trust

    return trust.decline_new(workdir, replace(host or Host.current(), files=files))


def lost(plan: Plan, paths: tuple[str, ...]) -> Iterator[str]:
    """What to tell of what was written where the launch had a place of its own."""
    if not paths:
        return
    from safehouse.backends.lost import told
    from safehouse.sources.sensitive import keepers

    catalogue = configured.start(plan.request, plan.host).catalogue
    kept = keepers(paths, plan.host, catalogue, plan.command)
    sentence = told(paths, plan.policy, plan.host.home, kept, plan.agent)
    if sentence:
        yield sentence
