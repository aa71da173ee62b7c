"""What is examined: a machine, the person at it, and what their files say, as far as they can be read."""

from __future__ import annotations

from safehouse import sandbox
from safehouse.backends import stubs
from safehouse.doctor.trial import nothing
from safehouse.errors import UserError, printable
from safehouse.policy.planting import Planting
from safehouse.policy.rule import ALLOW
from safehouse.request import Request
from safehouse.shims import wanted
from safehouse.sources import own_files, protected, user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile_file import load
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.launch import Launch
    from safehouse.plan import Plan
    from safehouse.policy.rule import Filter
    from safehouse.shims.wanted import Found
    from safehouse.sources.profile import Record


class Unread(Value):
    """A file of the person's that a launch cannot understand, and why."""

    path: str
    error: UserError


class Attempt(Value):
    """A launch that was prepared and not started, or why it is refused.

    `plan` is there if it got that far.
    """

    plan: Plan | None
    launch: Launch | None
    error: UserError | None


class Subject(Value):
    """The machine, the person at it, and what could be read of what they wrote.

    `own` is None where there is no config.yaml, or none that can be read. `found` are the agents
    that are installed, `unread` the files that cannot be understood. `here` is a launch of a
    program that does nothing in the directory that the person is in, `bare` one without a project.
    """

    host: Host
    own: user.Configuration | None
    catalogue: Catalogue
    found: Found
    unread: tuple[Unread, ...]
    here: Attempt
    bare: Attempt

    def agents(self) -> dict[str, str]:
        """The profile of each name that an agent is called by, in the order of the profiles."""
        return wanted.agents(self.catalogue, shared=True)

    def writers(self, path: str) -> tuple[str, ...]:
        """The profiles by which a confined program may write at a real path, or exchange it."""
        opened: dict[str, list[Filter]] = {}
        for name, grant in self.catalogue.grants():
            if grant.action == ALLOW and grant.filter and "file-write*" in grant.operations:
                opened.setdefault(name, []).append(grant.filter)
        return tuple(
            name for name, filters in opened.items()
            if Planting(self.host, filters.copy).reaches(path)
        )  # fmt: skip


def subject(host: Host) -> Subject:
    """What can be read of a person's files, and the agents that they have."""
    unread: list[Unread] = []
    own = None
    try:
        own = user.configuration(host)
    except UserError as error:
        unread.append(Unread(f"{protected.configuration(host)}/{user.FILE}", error))
    shipped = records()
    added: list[Record] = []
    for file in user.profile_files(host):
        try:
            data = own_files.read(file, host)
            if data is not None and not own_files.says_nothing(data):
                names = frozenset((*shipped, *(record[0] for record in added)))
                added += load(data, own_files.short(file, host), names).values()
        except UserError as error:
            unread.append(Unread(file, error))
    catalogue = Catalogue(host.platform, shipped, tuple(added))
    program = (nothing(),)
    return Subject(
        host,
        own,
        catalogue,
        wanted.look(host, catalogue, None),
        tuple(unread),
        attempt(Request(command=program), host),
        attempt(Request(command=program, workdir=""), host),
    )


def attempt(request: Request, host: Host) -> Attempt:
    """Prepares a launch, as a launch does, and does not start it."""
    plan = launch = None
    try:
        plan = sandbox.make_plan(request, host)
        launch = sandbox.make_launch(plan, sandbox.backend_for(host))
    except UserError as error:
        return Attempt(plan, launch, error)
    except OSError as error:
        told = f"{printable(str(error.filename or 'the system'))}: {error.strerror}"
        return Attempt(plan, launch, UserError(told))
    return Attempt(plan, launch, stubs.obstacle(launch.creations))


def search_path(host: Host) -> list[str]:
    """The entries of PATH in which a command is looked for, the absolute ones."""
    return [entry for entry in host.environ.get("PATH", "").split(":") if entry[:1] == "/"]
