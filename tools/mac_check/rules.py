"""seatbelt.md 1, how rules are decided, and how filters are combined (3.1): the experiments."""

from __future__ import annotations

from tools.mac_check.experiment import CLOSED, NEEDED, NOTHING, Experiment
from tools.mac_check.finding import HIGH, LOW, MEDIUM

_F = '(literal "{S}/d/f")'
_SHUT = f"(deny file-read-data {_F})"

ORDER = (
    Experiment(
        "seatbelt.md 1.1", HIGH, "the later rule wins: a file is opened in a closed directory",
        f'(deny file-read-data (subpath "{{S}}/d")) (allow file-read-data {_F})',
        ("allow read d/f", "deny read d/x"),
        control=_SHUT,
    ),
    Experiment(
        "seatbelt.md 1.1", HIGH, "the later rule wins: a directory is closed with a file in it",
        f'(allow file-read-data {_F}) (deny file-read-data (subpath "{{S}}/d"))',
        ("deny read d/f",),
    ),
    Experiment(
        "seatbelt.md 1.1", HIGH, "a longer path has no precedence over a later, shorter one",
        f'{_SHUT} (allow file-read-data (subpath "{{S}}/d"))',
        ("allow read d/f",),
        control=_SHUT,
    ),
    Experiment(
        "seatbelt.md 1.1", HIGH, "a deny has no precedence over a later allow: sockets",
        '(deny network-outbound (literal "{S}/s")) (allow network-outbound (literal "{S}/s"))',
        ("allow connect s",),
        control='(deny network-outbound (literal "{S}/s"))',
    ),
    Experiment(
        "seatbelt.md 1.1", HIGH, "a deny wins over an earlier allow: sockets",
        '(allow network-outbound (literal "{S}/s")) (deny network-outbound (literal "{S}/s"))',
        ("deny connect s",),
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "a deny of file-read* does not close what file-read-data opens",
        f'(allow file-read-data (subpath "/")) (deny file-read* {_F})',
        ("allow read d/f",),
        control=_SHUT,
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "an allow of file-read* does not open what file-read-data closes",
        f'(deny file-read-data (subpath "{{S}}/d")) (allow file-read* {_F})',
        ("deny read d/f",),
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "an allow of file-read* does not open metadata that is closed",
        f"(deny file-read-metadata {_F}) (allow file-read* {_F})",
        ("deny stat d/f",),
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "a deny of file-read* does not close metadata that is opened",
        f"(allow file-read-metadata {_F}) (deny file-read* {_F})",
        ("allow stat d/f", "deny read d/f"),
        control=f"(deny file-read-metadata {_F})",
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "a bare deny of file-write-unlink outlasts an allow of file-write*",
        '(deny file-write-unlink) (allow file-write* (subpath "{S}"))',
        ("deny unlink d/f",),
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "only an allow of file-write-unlink itself opens it again",
        '(deny file-write-unlink) (allow file-write-unlink (subpath "{S}/d"))',
        ("allow unlink d/f", "deny unlink e"),
        control='(deny file-write-unlink (subpath "{S}/d"))',
    ),
    Experiment(
        "seatbelt.md 1.2", HIGH, "(deny default) at the end undoes no rule before it",
        f'(version 1) {NEEDED} (allow file-write-data (subpath "{{S}}/d")) (deny default)',
        ("allow write d/f", "deny write e"),
        control=f'(version 1) {NEEDED} (allow file-write-data (literal "{{S}}/e")) (deny default)',
        base=NOTHING,
    ),
    Experiment(
        "seatbelt.md 1.3", HIGH, "a later bare allow does not undo a deny with a filter",
        f"{_SHUT} (allow file-read-data)",
        ("deny read d/f",),
    ),
    Experiment(
        "seatbelt.md 1.3", HIGH, "a later bare deny does not undo an allow with a filter",
        '(allow file-write-unlink (literal "{S}/d/f")) (deny file-write-unlink)',
        ("allow unlink d/f", "deny unlink d/x"),
        control='(deny file-write-unlink (literal "{S}/d/f"))',
    ),
    Experiment(
        "seatbelt.md 1.3", HIGH, "a deny of one socket outlasts a later bare allow of all",
        '(deny network-outbound (literal "{S}/s")) (allow network-outbound)',
        ("deny connect s",),
    ),
    Experiment(
        "seatbelt.md 1.3", HIGH, "of two bare rules the later one decides",
        "(allow file-write-unlink) (deny file-write-unlink)",
        ("deny unlink d/f",),
    ),
    Experiment(
        "seatbelt.md 1.5", HIGH, "network-inbound alone lets a program bind a port and listen",
        "(allow network-inbound (local ip))",
        ("allow tcp-bind 127.0.0.1:0", "allow tcp-listen 127.0.0.1:0"),
        base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 1.5", HIGH, "network-bind alone lets it bind",
        "(allow network-bind (local ip))",
        ("allow tcp-bind 127.0.0.1:0",),
        base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 1.5", HIGH, "network-bind alone does not let it listen",
        "(allow network-bind (local ip))",
        ("deny tcp-listen 127.0.0.1:0",),
        control="(allow network-inbound (local ip))",
        base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 1.6", MEDIUM, "without a rule for default everything is denied",
        "",
        ("deny write d/f", "deny mkdir new"),
        control='(allow file-write* (subpath "{S}"))',
        base=f"(version 1) {NEEDED}",
    ),
)  # fmt: skip


def _own(operation: str, step: str, confidence: str = HIGH, more: str = "") -> Experiment:
    """That an operation is allowed under (deny default), unless a rule names it."""
    return Experiment(
        "seatbelt.md 1.4", confidence, f"{operation} is allowed under (deny default)",
        more, (f"allow {step}",), control=f"{more} (deny {operation})", base=CLOSED,
    )  # fmt: skip


_NEW_NAME = '(allow file-write* (subpath "{S}"))'
OWN_DEFAULTS = (
    _own("file-link", "link d/f new", more=_NEW_NAME),
    _own("file-clone", "clone d/f new", more=_NEW_NAME),
    _own("file-test-existence", "access d/f"),
    _own("process-info*", "pidinfo {OTHER}"),
    _own("process-info*", "listpids self"),
    _own("process-info-codesignature", "codesign {OTHER}"),
    _own("darwin-notification-post", "notify com.example.safehouse-check"),
    _own("socket-ioctl", "socket-ioctl lo0"),
    _own("file-lock", "lock d/f", MEDIUM),
    Experiment(
        "seatbelt.md 1.4", HIGH, "file-map-executable is allowed under (deny default)",
        "", ("allow map {PYTHON}",),
        control='(deny file-map-executable (literal "{PYTHON}"))', base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 1.4", HIGH, "file-write* does not allow setuid files to be made",
        '(allow file-write* (subpath "{S}"))', ("deny setuid d/f",),
        control='(allow file-write* file-write-setugid (subpath "{S}"))', base=CLOSED,
    ),
    Experiment(
        "seatbelt.md 1.4", HIGH, "process-info* for the same sandbox does not close the others",
        "(allow process-info* (target same-sandbox))", ("allow pidinfo {OTHER}",),
        control="(deny process-info*) (allow process-info* (target same-sandbox))", base=CLOSED,
    ),
)  # fmt: skip

# Of seatbelt.md 1.4, and why there is no experiment.
_EVERYWHERE = "every program does it: under (deny default) none would start"
_NO_MEANS = "needs a library or a right that a small program has not"
UNTRIED = {
    **dict.fromkeys("syscall* mach-bootstrap system-fcntl".split(), _EVERYWHERE),
    **dict.fromkeys(
        """dynamic-code-generation iokit-get-properties mach-cross-domain-lookup nvram*
        system-privilege fs-quota* iokit-open-service mach-derive-port mach-kernel-endpoint
        mach-task-special-port* necp-client-open socket-option* system-mac-syscall
        system-memorystatus-control system-necp-client-action default-message-filter job-creation
        storage-class-map""".split(),
        _NO_MEANS,
    ),
}

_BOTH = ("deny read d/f", "deny read d/x", "allow read e")
_NOT_BOTH = '(deny file-read-data (literal "{S}/e"))'
COMBINATIONS = (
    Experiment(
        "seatbelt.md 3.1", HIGH, "several filters of a rule are alternatives",
        f'(deny file-read-data {_F} (literal "{{S}}/d/x"))', _BOTH, control=_NOT_BOTH,
    ),
    Experiment(
        "seatbelt.md 3.1", HIGH, "several arguments of a filter are alternatives",
        '(deny file-read-data (literal "{S}/d/f" "{S}/d/x"))', _BOTH, control=_NOT_BOTH,
    ),
    Experiment(
        "seatbelt.md 3.1", HIGH, "require-any is either of its filters",
        f'(deny file-read-data (require-any {_F} (literal "{{S}}/d/x")))', _BOTH,
        control=_NOT_BOTH,
    ),
    Experiment(
        "seatbelt.md 3.1", HIGH, "require-all is all of its filters",
        f'(deny file-read-data (require-all (subpath "{{S}}/d") {_F}))',
        ("deny read d/f", "allow read d/x"),
        control='(deny file-read-data (literal "{S}/d/x"))',
    ),
    Experiment(
        "seatbelt.md 3.1", HIGH, "require-not is what its filter is not",
        f'(deny file-read-data (require-all (subpath "{{S}}/d") (require-not {_F})))',
        ("allow read d/f", "deny read d/x", "allow read e"),
        control=f'(deny file-read-data {_F} (literal "{{S}}/e"))',
    ),
    Experiment(
        "seatbelt.md 3.1", HIGH, "require-all with a regex and a require-not of one, as for secrets",
        '(deny file-read-data (require-all (subpath "{S}/d") (regex "^{R}/(.*/)?[fgx]$")'
        ' (require-not (regex "/sub/")) (require-not (regex "^{R}/(.*/)?[xX]$"))))',
        ("deny read d/f", "allow read d/x", "allow read d/sub/g"),
        control='(deny file-read-data (literal "{S}/d/x") (literal "{S}/d/sub/g"))',
    ),
    Experiment(
        "seatbelt.md 3.2", LOW, "what a filter without a value does to its rule",
        '(deny file-write-unlink (if #f (literal "{S}/d/f")))', ("? unlink d/f", "? unlink e"),
        unread="we never write one, and refuse to guess",
    ),
)  # fmt: skip

EXPERIMENTS = (*ORDER, *OWN_DEFAULTS, *COMBINATIONS)
