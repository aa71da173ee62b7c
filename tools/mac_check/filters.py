"""seatbelt.md 3, filters of sockets, services, processes and kinds of files: the experiments."""

from __future__ import annotations

from tools.mac_check.experiment import CLOSED, Experiment
from tools.mac_check.finding import HIGH, LOW, MEDIUM

_SCAN = '(deny network-outbound (literal "{S}/s"))'
_CONFIGD, _CFPREFSD = "com.apple.SystemConfiguration.configd", "com.apple.cfprefsd.daemon"
FILTERS = (
    *(
        Experiment(
            "seatbelt.md 3.4", HIGH, f"({alias} ...) is ({name} ...)",
            f'(deny file-read-data ({alias} "{value}"))', ("deny read d/f",),
        )
        for alias, name, value in (
            ("path", "literal", "{S}/d/f"), ("path-literal", "literal", "{S}/d/f"),
            ("path-prefix", "prefix", "{S}/d/"), ("path-regex", "regex", "^{R}/d/f$"),
        )
    ),
    Experiment(
        "seatbelt.md 3.4", HIGH, "process-exec is process-exec*",
        '(deny process-exec (literal "/bin/date"))', ("deny exec /bin/date",),
    ),
    Experiment(
        "seatbelt.md 3.5", HIGH, "network-outbound on its path closes a socket", _SCAN,
        ("deny connect s",),
    ),
    Experiment(
        "seatbelt.md 3.5", HIGH, "(remote ip) is no filter for sockets in the file system",
        "(deny network-outbound (remote ip))", ("allow connect s",), control=_SCAN,
    ),
    Experiment(
        "seatbelt.md 3.5", HIGH, "rules on files do not stop a connection to a socket",
        '(deny file-read* file-read-data file-read-metadata file-write* file-write-data'
        ' (literal "{S}/s"))',
        ("allow connect s",), control=_SCAN,
    ),
    Experiment(
        "seatbelt.md 3.5", HIGH, "(remote unix-socket (path-literal ...)) is the older spelling",
        '(deny network-outbound (remote unix-socket (path-literal "{S}/s")))', ("deny connect s",),
    ),
    Experiment(
        "seatbelt.md 3.5", HIGH, "subpath and regex are for sockets, too",
        '(deny network-outbound (regex "^{R}/[s]$"))', ("deny connect s",),
    ),
    Experiment(
        "seatbelt.md 3.5", HIGH, "making a socket is network-bind on its path",
        '(deny network-bind (literal "{S}/new"))', ("deny bind new",),
    ),
    Experiment(
        "seatbelt.md 3.5", LOW, "whether making a socket takes file-write-create, too",
        '(deny file-write-create (literal "{S}/new"))', ("? bind new",),
    ),
    Experiment(
        "seatbelt.md 3.6", HIGH, "localhost is 127.0.0.1",
        '(deny network-outbound (remote ip "localhost:*"))', ("deny tcp 127.0.0.1:{PORT}",),
    ),
    Experiment(
        "seatbelt.md 3.6", HIGH, "localhost is ::1",
        '(deny network-outbound (remote ip "localhost:*"))', ("deny tcp [::1]:{PORT6}",),
    ),
    Experiment(
        "seatbelt.md 3.6", HIGH, "a port of the other side can be told apart",
        '(deny network-outbound (remote ip "*:{PORT}"))',
        ("deny tcp 127.0.0.1:{PORT}", "allow udp 192.0.2.1:9"),
        control='(deny network-outbound (remote ip "*:9"))',
    ),
    Experiment(
        "seatbelt.md 3.6", HIGH, '(local ip "localhost:*") does not keep a program on this computer',
        '(allow network-outbound (local ip "localhost:*"))', ("allow udp 192.0.2.1:9",),
        base=CLOSED, unread="which address a socket has before it is bound is not in our models",
    ),
    Experiment(
        "seatbelt.md 3.6", LOW, "whether the port of a server can be told apart",
        '(deny network-bind network-inbound (local ip "*:53999"))', ("? tcp-listen 127.0.0.1:53999",),
    ),
    Experiment(
        "seatbelt.md 3.7", MEDIUM, "same-sandbox is a child, and no process outside",
        "(allow signal (target same-sandbox))", ("allow signal child",),
        base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 3.7", MEDIUM, "same-sandbox is no process outside",
        "(allow signal (target same-sandbox))", ("deny signal {OTHER}",),
        control="(allow signal)", base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 3.7", LOW, "whether same-sandbox is the process itself, too",
        "(deny process-info*) (allow process-info-pidinfo (target same-sandbox))",
        ("? pidinfo self",),
    ),
    Experiment(
        "seatbelt.md 3.7", LOW, "whether others are those of the same sandbox, too",
        "(deny signal (target others))", ("? signal child",),
    ),
    Experiment(
        "seatbelt.md 3.7", LOW, "whether a process may signal itself without a rule",
        "", ("? signal self",), control="(allow signal)", base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 3.7", MEDIUM, "process-info of others can be closed, that of a child be open",
        "(deny process-info*) (allow process-info-pidinfo (target same-sandbox))",
        ("deny pidinfo {OTHER}",),
    ),
    Experiment(
        "seatbelt.md 3.8", MEDIUM, "a filter of extensions is for nothing without a token",
        '(deny file-write-unlink (extension "com.apple.app-sandbox.read-write"))',
        ("allow unlink d/f",), control="(deny file-write-unlink)",
    ),
    Experiment(
        "seatbelt.md 3.9", HIGH, "global-name is one service",
        f'(deny mach-lookup (global-name "{_CONFIGD}"))',
        (f"deny mach {_CONFIGD}", f"allow mach {_CFPREFSD}"),
        control=f'(deny mach-lookup (global-name "{_CFPREFSD}"))',
    ),
    Experiment(
        "seatbelt.md 3.9", HIGH, "local-name and xpc-service-name are other name spaces",
        f'(deny mach-lookup (local-name "{_CONFIGD}") (xpc-service-name "{_CONFIGD}"))',
        (f"allow mach {_CONFIGD}",), control=f'(deny mach-lookup (global-name "{_CONFIGD}"))',
    ),
    Experiment(
        "seatbelt.md 3.9", HIGH, "global-name-prefix is what begins so",
        '(deny mach-lookup (global-name-prefix "com.apple.SystemConfiguration."))',
        (f"deny mach {_CONFIGD}", f"allow mach {_CFPREFSD}"),
        control=f'(deny mach-lookup (global-name "{_CFPREFSD}"))',
    ),
    Experiment(
        "seatbelt.md 3.9", HIGH, "global-name-regex is a pattern",
        '(deny mach-lookup (global-name-regex "^com[.]apple[.]System[^.]+[.]configd$"))',
        (f"deny mach {_CONFIGD}", f"allow mach {_CFPREFSD}"),
        control=f'(deny mach-lookup (global-name "{_CFPREFSD}"))',
    ),
    Experiment(
        "lessons.md R11", HIGH, "the name of kern.procargs2 begins with kern.procargs",
        '(deny sysctl-read (sysctl-name-prefix "kern.procargs"))',
        ("deny procargs {OTHER}", "allow sysctl kern.ostype"),
        control='(deny sysctl-read (sysctl-name "kern.ostype"))',
    ),
)  # fmt: skip

_LINK_AT_NEW = '(deny file-write-create (require-all (literal "{S}/new") (vnode-type SYMLINK)))'
_SOCKETS = "(deny file-write-unlink file-write-create file-link (vnode-type SOCKET))"
KINDS_OF_FILES = (
    Experiment(
        "seatbelt.md 3.10", MEDIUM, "(vnode-type SYMLINK) refuses a link to be made", _LINK_AT_NEW,
        ("deny symlink new",),
    ),
    Experiment(
        "seatbelt.md 3.10", MEDIUM, "(vnode-type SYMLINK) lets a directory and a file be made",
        _LINK_AT_NEW, ("allow mkdir new", "allow create new"),
        control='(deny file-write-create (literal "{S}/new"))',
    ),
    Experiment(
        "resolve.py _with_spellings", MEDIUM,
        "(vnode-type SYMLINK) refuses a link to be moved into place, too", _LINK_AT_NEW,
        ("deny rename flink new",),
    ),
    Experiment(
        "resolve.py _with_spellings", MEDIUM,
        "(vnode-type SYMLINK) lets a file be moved into place", _LINK_AT_NEW,
        ("allow rename d/f new",), control='(deny file-write-create (literal "{S}/new"))',
    ),
    Experiment(
        "profiles.yaml system", MEDIUM, "(vnode-type SOCKET) keeps a socket where it is",
        _SOCKETS, ("deny rename s new",),
    ),
    Experiment(
        "profiles.yaml system", MEDIUM, "(vnode-type SOCKET) lets no second name be made for one",
        _SOCKETS, ("deny link s new",),
    ),
    Experiment(
        "profiles.yaml system", MEDIUM, "(vnode-type SOCKET) lets files be moved", _SOCKETS,
        ("allow rename d/f new",), control='(deny file-write-unlink (literal "{S}/d/f"))',
    ),
    Experiment(
        "security-model.md", LOW, "(vnode-type SOCKET) lets a directory with a socket be moved",
        _SOCKETS, ("? rename . {S}-moved",),
    ),
)  # fmt: skip
EXPERIMENTS = (*FILTERS, *KINDS_OF_FILES)
