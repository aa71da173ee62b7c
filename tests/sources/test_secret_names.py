"""The shipped names: what a project's secrets are called, and what daily work needs open."""

from __future__ import annotations

import re

import pytest

from safehouse.sources.catalogue import secret_names
from safehouse.sources.secret_names import Names, alternatives
from safehouse.sources.secrets import _Search

NAMES = secret_names()


def is_closed(name: str) -> bool:
    search = _Search((), NAMES)
    found = bool(search.is_closed(name))
    assert search.may_be_closed(name) or not found
    return found and not search.is_open(name)


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".ENV", ".Env.Local", ".env.production", ".env.production.local", ".env-prod",
        "prod.env", ".envrc", ".envs", ".dev.vars", ".dev.vars.staging", "secrets.yml",
        "Secrets.TOML", "server.pem", "privkey.pem", "localhost-key.pem", "tls.key", "master.key",
        "a.p12", "a.PFX", "a.jks", "release.keystore", "id_rsa", "id_ed25519", "id_ecdsa_sk",
        "id_ed25519_sk", ".pypirc", ".netrc", ".htpasswd", "credentials.json",
        "client_secret_1-x.apps.json", "service-account.json", "service-account-prod.json",
        "terraform.tfstate", "terraform.tfstate.backup", "prod.tfvars", "prod.tfvars.json",
        "kubeconfig", "me.kubeconfig", "passwords.kdbx", ".vault-token", ".git-credentials",
        "local.settings.json", ".pgpass",
    ],
)  # fmt: skip
def test_a_secret_is_known_by_its_name(name):
    assert is_closed(name)


@pytest.mark.parametrize(
    "name",
    [
        ".env.example", ".ENV.EXAMPLE", ".env.sample", ".env.template", ".env.dist", ".env.defaults",
        ".env.schema", ".env.test", ".env.production.example", ".env-example", "example.env",
        "cacert.pem", "ca-bundle.pem", "roots.pem", "fullchain.pem", "id_rsa.pub", "id_ed25519.pub",
        "deploy.pub.pem", "public.key", "debug.keystore", ".npmrc", "package.json", "tsconfig.json",
        "env.py", "environment.ts", "settings.json", "keys.py", "secrets.py", "secrets.yml.example",
        "credentials.py", "main.tf", "x.crt", "monkey", "turkey.py", "pem", "key", "env", ".environ",
    ],
)  # fmt: skip
def test_what_is_no_secret_or_what_all_need_stays_open(name):
    assert not is_closed(name)


def test_each_name_that_stays_open_would_be_closed_without_that():
    for name, _ in NAMES.open:
        example = name.replace("*", ".local" if name.startswith(".env*") else "x")
        assert _Search((), NAMES).is_closed(example), name
        closed = [n for n, _ in NAMES.closed]
        assert name in NAMES.open_of(closed)


def test_names_stay_open_by_reason_as_they_do_by_all():
    """On a Mac each reason has a rule of its own, with those exceptions only that it needs."""
    of_reasons = {n for some in NAMES.by_reason().values() for n in NAMES.open_of(some)}
    assert of_reasons == {name for name, _ in NAMES.open}


def test_a_regex_for_names_has_nothing_that_seatbelt_may_not_know():
    text = alternatives(name for name, _ in (*NAMES.closed, *NAMES.open, *NAMES.fetched))
    assert not re.search(r"\\|\(\?|[*+?][*+?]|\{", text)
    assert re.fullmatch(alternatives(["a.b*c(d"]), "A.BxxC(D")
    assert not re.fullmatch(alternatives(["a.b"]), "axb")
    assert not re.fullmatch(alternatives(["a*b"]), "a/b")


def test_names_come_with_reasons_in_the_order_of_the_file():
    names = Names((("a", "one"), ("b", "two"), ("c", "one")), (), ())
    assert names.by_reason() == {"one": ["a", "c"], "two": ["b"]}
