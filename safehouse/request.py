"""What was asked for, before anything is looked up."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from safehouse.host import Platform
    from safehouse.policy.policy import Network

HERE = "."


class Request(Value):
    """One launch as a person asks for it. Paths are as written.

    `workdir` is HERE for the directory of the invocation, "" for none. `assignments` are the
    NAME=VALUE words before the command, `env_all` passes the whole environment, `env_file`
    reads one, `env_pass` names variables. `platform` is "" for this machine's, `network` for
    what other sources say, as is None in `deny_secrets`. `trust` says whether the project's own
    configuration is trusted for this launch, `always_trust` whether that is kept; None for what
    was not said. `accept_partial` says that a launch may be weaker than its policy; the
    `allow_` fields that the files may be written which decide about later launches.
    """

    command: tuple[str, ...] = ()
    assignments: tuple[tuple[str, str], ...] = ()
    workdir: str = HERE
    add_dirs: tuple[str, ...] = ()
    add_dirs_ro: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    deny_secrets: bool | None = None
    enable: tuple[str, ...] = ()
    agent: str = ""
    env_all: bool = False
    env_file: str = ""
    env_pass: tuple[str, ...] = ()
    append_profile: tuple[str, ...] = ()
    network: Network | Literal[""] = ""
    platform: Platform | str = ""
    trust: bool | None = None
    always_trust: bool | None = None
    accept_partial: bool | None = None
    allow_workdir_config_writes: bool | None = None
    allow_profile_writes: bool | None = None
