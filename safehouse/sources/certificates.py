"""Certificates of authorities that variables name: what a network with its own authority needs."""

from __future__ import annotations

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
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST + 1)
    except OSError:
        return False
    certificates = content.count(b"-----BEGIN CERTIFICATE-----")
    trusted = content.count(b"-----BEGIN TRUSTED CERTIFICATE-----")
    return len(content) <= _MOST and 0 < certificates + trusted == content.count(b"-----BEGIN ")
