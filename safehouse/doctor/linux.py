"""The system, on Linux: what confines there, what may keep it from that, and what is missing."""

from __future__ import annotations

import re
import stat

from safehouse.backends import bubblewrap, diagnosis
from safehouse.backends.landlock import SCOPES_SINCE
from safehouse.doctor import facts as known
from safehouse.doctor.finding import NOTE, OK, PROBLEM, WARNING, Finding, of_error
from safehouse.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.backends.bubblewrap import Place
    from safehouse.doctor.facts import Facts
    from safehouse.host import Host

_OLDEST = (0, 8)  # that was tried: linux.md 6
_OLD_PROCESSORS = "it is made for x86_64 and aarch64"
# Where one may be without knowing it, by what tells: the name, and how such a one is made to allow
# what bubblewrap needs.
_DOCKER = (
    f"start the container with: docker run {diagnosis.UNCONFINED} {diagnosis.UNMASKED} "
    f"{diagnosis.NO_APPARMOR} ...",
    "or run safehouse outside of the container",
)
_PODMAN = (
    f"start the container with: podman run {diagnosis.UNCONFINED} --security-opt unmask=ALL ...",
    "or run safehouse outside of the container",
)
_LXC = ("on its host: lxc config set NAME security.nesting true && lxc restart NAME",)
_FLATPAK = ("use a terminal that is not installed by Flatpak, or in it: flatpak-spawn --host bash",)
_WSL1 = ("in Windows: wsl --set-version NAME 2, with the NAME that wsl --list shows",)


def findings(host: Host, facts: Facts, stopped: bool = False) -> Iterator[Finding]:
    """All about the system; `stopped` says that a launch does not come as far as to be confined."""
    yield _system(facts)
    container = _container(facts)
    if container:
        blamed = facts.probe and not _exactly(facts, None)
        told = f"this is inside {container[0]}"
        if blamed:
            told += ", which may be in the way"
        elif _works(facts, stopped):
            told += ", which is not in the way"
        yield Finding("container", NOTE if blamed else OK, told)
    yield from _bubblewrap(facts, stopped)
    yield _launch(facts, container, stopped)
    yield from _namespaces(facts, stopped)
    yield _landlock(facts)
    yield _filter(facts)
    yield _signals(facts)


def summary(facts: Facts) -> str:
    """The system in one line, where all is well."""
    return f"{name(facts)}, bubblewrap {_version_text(facts)}: programs are confined here"


def name(facts: Facts) -> str:
    """The distribution and the kernel."""
    distribution = facts.release.get("PRETTY_NAME") or "an unknown Linux"
    return f"{distribution}, Linux {facts.kernel}"


def _works(facts: Facts, stopped: bool) -> bool:
    """Whether bubblewrap does: by a launch, or where none comes so far, by itself."""
    return not facts.probe if stopped else facts.trial.status == 0


def _system(facts: Facts) -> Finding:
    if facts.kernel.endswith("-Microsoft"):
        return Finding("system", PROBLEM, "this is WSL 1, which has no namespaces", _WSL1)
    return Finding("system", OK, f"{name(facts)}, {facts.machine}")


def _container(facts: Facts) -> tuple[str, tuple[str, ...]] | None:
    """What this is inside of, and how such a one is made to let bubblewrap work."""
    inside = facts.texts.get(known.CONTAINER, "")
    if not facts.has_root:
        return "another sandbox", ("run safehouse outside of it",)
    if known.PODMAN in facts.marks or inside == "podman":
        return "a Podman container", _PODMAN
    if known.DOCKER in facts.marks or inside == "docker":
        return "a Docker container", _DOCKER
    if known.LXD in facts.marks or inside.startswith("lxc"):
        return "an LXC container", _LXC
    if known.FLATPAK in facts.marks:
        return "Flatpak", _FLATPAK
    if inside and inside != "wsl":
        return f"a container ({inside})", ("run safehouse outside of it",)
    if facts.is_wsl:
        return "WSL 2", ()
    return None


def _bubblewrap(facts: Facts, stopped: bool) -> Iterator[Finding]:
    try:
        enforcer = bubblewrap.chosen(facts.enforcers, _release_text(facts))
    except UserError as error:
        mend = _of_root(facts.enforcers[0]) if facts.enforcers and facts.has_root else error.hint
        yield Finding("bubblewrap", PROBLEM, error.message, (mend,))
        return
    refused = facts.enforcers[0]
    if refused.path != enforcer:
        text = f"{refused.path} is not used, since another than root may write to it: {enforcer} is"
        yield Finding("bubblewrap-not-used", WARNING, text, (_of_root(refused),))
    mode = next(place.mode for place in facts.enforcers if place.path == enforcer)
    if mode & stat.S_ISUID:
        text = f"{enforcer} is installed setuid, which newer versions of it refuse"
        state = NOTE if _works(facts, stopped) else PROBLEM
        yield Finding("bubblewrap-setuid", state, text, (f"sudo chmod u-s {enforcer}",))
    version = _version(facts)
    shown = f"{enforcer}, version {_version_text(facts)}"
    if version and version < _OLDEST:
        text = f"{shown}, is older than {'.'.join(map(str, _OLDEST))}, the oldest that was tried"
        yield Finding("bubblewrap", WARNING, text, ("install a newer release of your system",))
    else:
        yield Finding("bubblewrap", OK, shown)


def _of_root(place: Place) -> str:
    return f"sudo chown root {place.path} && sudo chmod go-w {place.path}"


def _release_text(facts: Facts) -> str:
    return "".join(f"{field}={value}\n" for field, value in facts.release.items())


def _version_text(facts: Facts) -> str:
    for argv, said in facts.said.items():
        if argv[-1] == "--version":
            return said.text.rpartition(" ")[2] if said.status == 0 else "unknown"
    return "unknown"


def _version(facts: Facts) -> tuple[int, ...]:
    numbers = re.match(r"\d+(\.\d+)*", _version_text(facts))
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else ()


def _launch(facts: Facts, container: tuple[str, tuple[str, ...]] | None, stopped: bool) -> Finding:
    trial = facts.trial
    if stopped and not facts.probe:
        text = "programs can be confined here; no launch comes so far, see configuration"
        return Finding("launch", OK, text)
    if trial.status == 0:
        took = (f"in {trial.milliseconds} ms",)
        return Finding("launch", OK, "a confined program was run", details=took)
    if facts.probe:
        text = f"bubblewrap cannot confine here: {facts.probe}"
        mend = _exactly(facts, container) or (diagnosis.mending(facts.probe),)
        return Finding("launch", PROBLEM, text, mend)
    if trial.message:
        return of_error("launch", UserError(trial.message, trial.hint))
    text = f"a confined program that does nothing ended with status {trial.status}"
    return Finding("launch", PROBLEM, text, ("safehouse --explain --workdir= -- true",))


def _exactly(facts: Facts, container: tuple[str, tuple[str, ...]] | None) -> tuple[str, ...]:
    """What mends it, by what the kernel's settings say; () where they do not."""
    if facts.texts.get(known.MOST) == "0":
        return _lasting(diagnosis.MOST_NAMESPACES)
    if facts.texts.get(known.CLONE) == "0":
        return _lasting(diagnosis.USERNS_CLONE)
    if facts.texts.get(known.RESTRICTED) == "1":
        return (diagnosis.loading(facts.marks),)
    return container[1] if container else ()


def _lasting(command: str) -> tuple[str, ...]:
    """A command that sets something until the next start of the system, and one for later."""
    setting = command.rpartition(" ")[2]
    file = "/etc/sysctl.d/60-user-namespaces.conf"
    return (command, f"to keep it so: echo {setting} | sudo tee -a {file}")


def _namespaces(facts: Facts, stopped: bool) -> Iterator[Finding]:
    """What the kernel's settings say of user namespaces. What mends it is told once, with the launch."""
    works = _works(facts, stopped)
    told = bool(facts.probe)
    most = facts.texts.get(known.MOST, "")
    if most == "0":
        text = "user namespaces are switched off: user.max_user_namespaces is 0"
        mend = () if told else _lasting(diagnosis.MOST_NAMESPACES)
        yield Finding("user-namespaces", NOTE, text, mend)
    elif facts.texts.get(known.CLONE) == "0":
        text = "user namespaces are for root alone: kernel.unprivileged_userns_clone is 0"
        mend = () if told else _lasting(diagnosis.USERNS_CLONE)
        yield Finding("user-namespaces", NOTE, text, mend)
    else:
        known_most = f", {most} at most" if most else ""
        yield Finding("user-namespaces", OK, f"user namespaces are on{known_most}")
    if facts.texts.get(known.RESTRICTED) != "1":
        return
    text = "AppArmor lets only programs with a profile make user namespaces"
    loading = () if told else (diagnosis.loading(facts.marks),)
    if works:
        yield Finding("apparmor", OK, f"{text}; bubblewrap is allowed to")
    elif diagnosis.PROFILE in facts.marks:
        text = f"{text}; bubblewrap's, {diagnosis.PROFILE}, may not be loaded"
        yield Finding("apparmor", NOTE, text, loading)
    else:
        yield Finding("apparmor", NOTE, f"{text}, and bubblewrap has none", loading)


def _landlock(facts: Facts) -> Finding:
    if facts.landlock >= SCOPES_SINCE:
        return Finding("landlock", OK, f"Landlock {facts.landlock}, with scopes")
    if facts.landlock >= 0:
        return Finding("landlock", NOTE, bubblewrap.SCOPES_MISSING)
    text = "this kernel has no Landlock, or it is switched off: " + bubblewrap.SCOPES_MISSING
    modules = facts.texts.get(known.MODULES, "")
    if not modules or "landlock" in modules:
        return Finding("landlock", NOTE, text)
    mend = f"from Linux 6.12 on, with this parameter of the kernel: lsm=landlock,{modules}"
    return Finding("landlock", NOTE, text, (mend,))


def _filter(facts: Facts) -> Finding:
    if facts.filters:
        return Finding("seccomp", OK, f"a filter of system calls for {facts.machine}")
    text = f"{bubblewrap.FILTER_MISSING} ({facts.machine}; {_OLD_PROCESSORS})"
    if facts.texts.get(known.TYPING) == "0":
        return Finding(
            "seccomp", OK, f"no filter for {facts.machine}: this kernel refuses by itself"
        )
    mend = "from Linux 6.2 on: sudo sysctl dev.tty.legacy_tiocsti=0"
    return Finding("seccomp", WARNING, text, (mend,))


def _signals(facts: Facts) -> Finding:
    if facts.resets_signals:
        return Finding("signals", OK, "env can reset signals")
    mend = "install GNU coreutils 8.31 or newer, as /usr/bin/env"
    return Finding("signals", NOTE, bubblewrap.INTERRUPTED, (mend,))
