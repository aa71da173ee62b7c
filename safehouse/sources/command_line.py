"""What the options of one invocation say, and the directory that it is started in."""

from __future__ import annotations

from safehouse.errors import UserError, pasted, printable
from safehouse.policy.rule import ALLOW, Filter, Grant, Origin, Tier
from safehouse.request import HERE
from safehouse.sources.catalogue import sensitive_groups
from safehouse.sources.settings import READ_WRITE, Item, Settings, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.request import Request


TYPED = "--workdir"
NO_PROJECT = "no-project"  # of the groups of places in profiles.yaml


def settings(request: Request, host: Host) -> Settings:
    """What was typed."""

    def items(texts: tuple[str, ...], option: str) -> tuple[Item, ...]:
        return tuple(Item(text, option) for text in texts)

    return Settings(
        Tier.COMMAND_LINE,
        "command line",
        host.cwd,
        strict=True,
        add_dirs=items(request.add_dirs, "--add-dirs"),
        add_dirs_ro=items(request.add_dirs_ro, "--add-dirs-ro"),
        deny=items(request.deny, "--deny"),
        enable=items(request.enable, "--enable"),
        env_pass=items(request.env_pass, "--env-pass"),
        append_profile=items(request.append_profile, "--append-profile"),
        deny_secrets=items(
            () if request.deny_secrets is None else (str(request.deny_secrets).lower(),),
            "--deny-secrets",
        ),
        network=items((request.network,) if request.network else (), "--network"),
    )


def workdir(host: Host, said: Item) -> str:
    """The real path of the working directory, "" for none; `said` is HERE where nobody said one.

    Raises UserError for an implicit one that would open all of HOME, or a place that is no project,
    and for one that is none.
    """
    if not said.text:
        return ""
    if said.text != HERE:
        way = host.named(said.text, said.place)
        found = way.real
        for link, _ in way.links:
            if contains(host.cwd, link) and not contains(host.cwd, found):
                raise UserError(
                    f"{said.place}: {printable(said.text)} leads through the link {printable(link)} "
                    f"to {printable(found)}",
                    f"commands that run here can change that link; if you mean its target: "
                    f"{TYPED}={printable(found)}",
                )
        if host.files.kind(found) != "directory":
            raise UserError(f"{said.place}: {printable(said.text)} is not a directory", "name one")
        if contains(found, host.home) and said.place != TYPED:
            raise UserError(
                f"{said.place}: {printable(said.text)} holds your whole home",
                f"only an option opens that, for one launch: {TYPED}={printable(said.text)}",
            )
        why = no_project(host, found) if said.place != TYPED else ""
        if why:
            raise UserError(
                f"{said.place}: {printable(said.text)} is no project: {why}",
                f"only an option opens it, for one launch: {TYPED}={pasted(said.text)}",
            )
        return found
    if contains(host.cwd, host.home):
        raise UserError(
            f"refusing to open all of {host.cwd}, which {holding(host)}, to the command",
            "cd into the project first; or, if you mean it: "
            f"--workdir={'~' if host.cwd == host.home else host.cwd}, or --workdir= for none",
        )
    why = no_project(host, host.cwd)
    if why:
        here = "~" + host.cwd[len(host.home) :]
        raise UserError(
            f"refusing to open {printable(here)} to the command: {why}",
            "cd into a project first; or, if you mean it: "
            f"{TYPED}={pasted(here)}, or {TYPED}= for none",
        )
    return host.cwd


def holding(host: Host) -> str:
    """What is said of the directory we are in where the home is below it."""
    return "is your home" if host.cwd == host.home else "holds your home"


def no_project(host: Host, directory: str) -> str:
    """Why a directory is none that a command is started in unasked; "" for all others.

    By names alone: a directory that a link makes such a place is a project of its own, as dotfiles are.
    """
    home = f"{host.home}/"
    if not directory.startswith(home):
        return ""
    holds = ""
    for name, _, _, places in sensitive_groups():
        for kind, value, what, platform, _ in places if name == NO_PROJECT else ():
            if value[:2] != "~/" or platform not in ("", host.platform):
                continue
            path = home + value[2:]
            if directory == path or (kind == "subpath" and contains(path, directory)):
                return what
            if kind == "subpath" and not holds and contains(directory, path):
                holds = f"it holds {value}: {what}"
    return holds


def grant(directory: str, place: str) -> Grant:
    """The working directory's grant."""
    reason = "the directory that the command was started in"
    origin = Origin(Tier.WORKDIR, place, reason)
    return Grant(ALLOW, READ_WRITE, Filter("subpath", directory), origin)
