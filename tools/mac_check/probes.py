"""What is asked about policies: of a home that is furnished for it, and of the machine."""

from __future__ import annotations

import os

from safehouse.policy.rule import PATH_KINDS, Rule
from tools.mac_check.asking import Question
from tools.mac_check.compiling import PROJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import Filter
    from tools.mac_check.bench import Bench

MOST_QUESTIONS = 600  # of files, for a policy
# Of the system; only opened, listed and looked at.
_SYSTEM = """
/usr/bin/true /bin/sh /usr/lib/dyld /etc/hosts /private/etc/hosts /etc/passwd /private/etc/passwd
/etc/shells /private/etc/ssl/cert.pem /etc/localtime /tmp /var /etc /private/tmp /private/var
/private/var/log /private/var/db /private/var/run /var/run/resolv.conf /usr /bin /sbin /opt /Users
/Users/Shared /Library /Library/Preferences /Library/Fonts /Library/Keychains /Library/Logs
/Applications /System /System/Library /System/Volumes/Data
/System/Library/CoreServices/SystemVersion.plist /System/Volumes /Volumes /dev /dev/null
/dev/zero /dev/random /dev/urandom /private/var/folders /home /
"""
_SERVICES = """
com.apple.SystemConfiguration.configd com.apple.cfprefsd.daemon com.apple.cfprefsd.agent
com.apple.system.notification_center com.apple.system.opendirectoryd.libinfo com.apple.logd
com.apple.system.logger com.apple.diagnosticd com.apple.FSEvents com.apple.trustd.agent
com.apple.trustd com.apple.SecurityServer com.apple.securityd.xpc com.apple.secd
com.apple.pasteboard.1 com.apple.lsd.mapdb com.apple.lsd.modifydb com.apple.windowserver.active
com.apple.CoreServices.coreservicesd com.apple.coreservices.launchservicesd com.apple.tccd
com.apple.tccd.system com.apple.fonts com.apple.audio.audiohald com.apple.metadata.mds
com.apple.coreservices.appleevents com.apple.dnssd.service com.apple.bsd.dirhelper
com.apple.DiskArbitration.diskarbitrationd com.apple.usernotifications.listener
"""
_SYSCTLS = "kern.ostype kern.osrelease kern.hostname hw.ncpu hw.memsize hw.model kern.maxfiles"


def furnish(bench: Bench, policy: Policy) -> None:
    """Makes what the rules of a policy name in the scratch home, as far as it is not there."""
    scratch = bench.scratch
    project = f"{scratch.home}/{PROJECT}"
    for filter, operations in _paths(policy, scratch.home):
        path = filter.value
        if path.startswith((f"{project}/.git", f"{project}/.safehouse")):
            continue  # git and Safehouse read these
        file = f"{path}/f" if filter.kind == "subpath" else path
        if os.path.lexists(file) or not os.path.isdir(_nearest(os.path.dirname(file))):
            continue
        if "network-outbound" in operations and filter.kind == "literal":
            scratch.listen(path)
        else:
            scratch.make(file, "")
    tool = f"{project}/tool"
    scratch.make(tool, "#!/bin/sh\nexit 0\n")
    os.chmod(tool, 0o755)


def _nearest(path: str) -> str:
    """The nearest directory above that is there; a file in the way is itself."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def _paths(policy: Policy, below: str) -> list[tuple[Filter, tuple[str, ...]]]:
    """The paths that rules name below a directory, the longest first: what is a directory shows."""
    found = [
        (filter, rule.operations)
        for rule in policy.rules
        if isinstance(rule, Rule)
        for filter in ([rule.filter] if rule.filter else [])
        if filter.kind in PATH_KINDS and filter.kind != "regex"
        if filter.value.startswith(below + "/")
    ]
    return sorted(found, key=lambda each: (-each[0].value.count("/"), each[0].value))


def questions(bench: Bench, policy: Policy, number: int) -> list[Question]:
    """What to ask under a policy: of files evenly chosen ones, by `number` other ones each time."""
    home = bench.scratch.home
    files = list(dict.fromkeys(_of_files(policy, home)))
    step = max(1, -(-len(files) // MOST_QUESTIONS))
    return [*_of_the_machine(bench), *files[number % step :: step]]


def _of_files(policy: Policy, home: str) -> Iterator[Question]:
    project = f"{home}/{PROJECT}"
    paths = [filter.value for filter, _ in _paths(policy, home)]
    paths += [home, project, f"{project}/f", f"{project}/config/.env", f"{project}/.git/config"]
    paths += [f"{project}/.git/hooks", f"{home}/other", f"{home}/.ssh", f"{home}/.zshrc"]
    for path in dict.fromkeys(paths):
        if os.path.isdir(path) and not os.path.islink(path):
            yield from _of_a_directory(path, project)
        elif os.path.isfile(path):
            yield from _of_a_file(path, project)
        elif os.path.lexists(path):
            yield Question("connect", path)
            yield Question("stat", path)
    yield Question("exec", f"{project}/tool")
    yield Question("bind", f"{project}/new")


def _of_a_directory(path: str, project: str) -> Iterator[Question]:
    yield from (Question(do, path) for do in ("list", "stat", "access"))
    yield from (Question(do, f"{path}/new") for do in ("create", "mkdir"))
    if not f"{project}/".startswith(f"{path}/"):
        yield Question("clone", path, f"{project}/new")
        yield Question("rename", path, f"{path}-moved")
    if os.path.isfile(f"{path}/f"):
        yield from _of_a_file(f"{path}/f", project)


def _of_a_file(path: str, project: str) -> Iterator[Question]:
    yield from (Question(do, path) for do in ("read", "write", "stat", "access", "unlink"))
    yield from (Question(do, path) for do in ("chmod", "times", "getxattr", "setxattr"))
    yield Question("rename", path, f"{path}-moved")
    for do in ("rename", "link", "clone"):
        yield Question(do, path, f"{project}/new")


def _of_the_machine(bench: Bench) -> Iterator[Question]:
    for path in _SYSTEM.split():
        yield from (Question(do, path) for do in ("stat", "access"))
        yield Question("list" if os.path.isdir(path) else "read", path)
        if os.path.islink(path):
            yield Question("readlink", path)
    yield from (Question("exec", path) for path in ("/usr/bin/true", "/bin/date"))
    yield from (Question("mach", name) for name in _SERVICES.split())
    yield from (Question("sysctl", name) for name in _SYSCTLS.split())
    other = str(bench.scratch.other)
    for who in ("self", "child", other):
        yield from (Question(do, who) for do in ("signal", "pidinfo", "codesign"))
    yield from (Question("procargs", who) for who in ("self", other))
    yield from (Question(do, "self") for do in ("listpids", "pty"))
    port = f"127.0.0.1:{bench.scratch.port}"
    yield from (Question("tcp", at) for at in (port, f"[::1]:{bench.scratch.port6}"))
    yield Question("udp", "192.0.2.1:9")
    yield from (Question(do, "127.0.0.1:0") for do in ("tcp-bind", "tcp-listen"))
    yield Question("connect", "/private/var/run/mDNSResponder")
    yield Question("connect", f"{bench.scratch.tree}/s")
    yield from (Question("read", f"{bench.scratch.tree}/{name}") for name in ("e", "d/f"))
