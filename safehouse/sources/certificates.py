"""Certificates of authorities that variables name: what a network with its own authority needs."""

from __future__ import annotations

from safehouse import facts
from safehouse.policy.rule import ALLOW, Filter, Grant, Origin, Tier
from safehouse.policy.words import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

VARIABLES = frozenset(
    """
    SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PIP_CERT GIT_SSL_CAINFO
    npm_config_cafile NIX_SSL_CERT_FILE
    """.split()
)
_OF_THE_SYSTEM = ("/etc/", "/private/etc/", "/usr/", "/opt/", "/nix/store/")
_MOST = 4 << 20
_BEGINS = ("-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----")
_ENDS = ("-----END CERTIFICATE-----", "-----END TRUSTED CERTIFICATE-----")


def grants(host: Host) -> Iterator[Grant]:
    """Reading the file behind each such variable, if certificates are all that is in it.

    A repository's tooling may have set the variable, so the file has to prove what it is.
    """
    for name in sorted(VARIABLES & host.environ.keys()):
        path = host.environ[name]
        if path[:1] != "/" or path.startswith(_OF_THE_SYSTEM) or not path.isprintable():
            continue
        real = host.resolve(path).real
        if host.files.kind(real) == "file" and _holds_certificates(real):
            origin = Origin(Tier.ENVIRONMENT, f"${name}", "certificates of authorities")
            yield Grant(ALLOW, READ, Filter("literal", real), origin)


def _holds_certificates(path: str) -> bool:
    """Whether a file has certificates and nothing else but comments and underlined names."""
    try:
        text = facts.read(path, _MOST + 1).decode("ascii", "replace")
    except OSError:
        return False
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line.strip() for line in text.split("\n")]
    inside = found = False
    for line, following in zip(lines, [*lines[1:], ""]):
        if line in (_ENDS if inside else _BEGINS):
            inside, found = not inside, True
        elif not (_is_base64(line) if inside else _is_comment(line, following)):
            return False
    return found and not inside and len(text) <= _MOST


def _is_base64(line: str) -> bool:
    return line.replace("+", "a").replace("/", "a").rstrip("=").isalnum()


def _is_comment(line: str, following: str) -> bool:
    underlined = bool(following) and not following.strip("=")
    return line[:1] in ("", "#") or not line.strip("=") or underlined
