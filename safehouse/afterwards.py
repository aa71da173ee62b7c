"""What the person is told when a launch has ended."""

from __future__ import annotations

from safehouse.files import LocalFiles
from safehouse.host import Host
from safehouse.policy.policy import Access
from safehouse.policy.rule import DENY, Tier
from safehouse.sources import configuration as configured
from safehouse.sources import git_changes, protected
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.plan import Plan
    from safehouse.policy.policy import Policy
    from safehouse.sources.git_changes import Seen
    from safehouse.sources.sensitive import Places


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
    from safehouse.sources.sensitive import Places, keepers

    catalogue = configured.start(plan.request, plan.host).catalogue
    kept = keepers(paths, plan.host, catalogue, plan.command)
    places = Places(plan.host, catalogue, (profile.name for profile in plan.profiles))
    closed = dict(_closed(plan.policy, places, paths))
    sentence = told(paths, plan.policy, plan.host.home, kept, plan.agent, closed)
    if sentence:
        yield sentence


def _closed(policy: Policy, places: Places, paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The paths that nothing is to keep, each with the reason; a directory ends with a slash."""
    for path in paths:
        plain = path.rstrip("/")
        rule = policy.decide(Access("file-write-create", plain)).rule
        place = places.place_of(plain, True)
        if place is None and path != plain:
            place = next((each for _, each in places.places_in(plain, True, missing=True)), None)
        if rule.action == DENY and rule.origin.tier == Tier.PROTECTED:
            yield path, rule.origin.reason
        elif place:
            yield path, f"{place.what}: {place.because}"
