"""A request with all that it amounts to."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.policy.policy import Policy
    from safehouse.request import Request
    from safehouse.sources.configuration import Configuration
    from safehouse.sources.profile import Profile
    from safehouse.sources.secrets import Secrets


class Plan(Value):
    """A request with all that it amounts to on a host.

    `agent` is the profile that was chosen for the command ("" for none), `configuration` what all
    sources said, `command` what was asked for with that agent's default arguments, `notices` are for
    the person to read. `secrets` is what is closed by name, None where nobody asked for that.
    """

    request: Request
    host: Host
    agent: str
    profiles: tuple[Profile, ...]
    configuration: Configuration
    policy: Policy
    command: tuple[str, ...]
    notices: tuple[str, ...] = ()
    secrets: Secrets | None = None
