"""A Mac's rules for secrets: the models of Seatbelt and we agree, and they take away only."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.policy.policy import Access, Policy
from safehouse.request import Request
from safehouse.sbpl.render import render
from tests.fake_host import HOME, mac, planned
from tests.seatbelt_models import MODELS, TEXTUAL

PROJECT = f"{HOME}/src/project"
OPERATIONS = ("file-read-data", "file-read-metadata", "file-write-create", "file-write-unlink")
CLOSED = (
    ".env", ".ENV", "a/.env", "a/b/c/d/.env.local", "a/.env.d/x/y", "k.pem", "x/ID_rsa",
    "cacert.pem/k.key", "node_modules.env",
)  # fmt: skip
OPEN = (
    "README", ".env.example", "a/.Env.Sample", "cacert.pem", "a/node_modules/x/k.pem",
    "site-packages/certifi/cacert.pem", "site-packages/x/.env", "id_rsa.pub", "a/xenv",
)  # fmt: skip


@cache
def policy(request: Request) -> Policy:
    return planned(mac("lib/", "ro/", "src/project/k.pem"), request).policy


@cache
def text(request: Request) -> str:
    return render(policy(request))


REQUEST = Request(deny_secrets=True, add_dirs=("~/lib",), add_dirs_ro=("~/ro",))


@pytest.mark.parametrize("root", [PROJECT, f"{HOME}/ro"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_model_says_what_we_say(root, operation):
    for name, closed in [*product(CLOSED, [True]), *product(OPEN, [False])]:
        path = f"{root}/{name}"
        writes = "write" in operation or operation == "file-link"
        expected = "deny" if closed or (writes and root.endswith("/ro")) else "allow"
        assert policy(REQUEST).decide(Access(operation, path)).action == expected, path
        for model in MODELS + TEXTUAL:
            folds = getattr(model, "ignores_case", False)
            answer = model.decide(text(REQUEST), operation, path, "")
            assert answer == expected or folds, (path, model)


requests = st.builds(
    Request,
    add_dirs=st.sets(st.sampled_from(["~/lib", "~/ro", "k.pem", "~/lib/sub"])).map(tuple),
    add_dirs_ro=st.sets(st.sampled_from(["~/ro", "k.pem", "~"])).map(tuple),
    deny=st.sets(st.sampled_from(["k.pem", "~/lib"])).map(tuple),
    enable=st.sets(st.sampled_from(["ssh", "wide-read"])).map(tuple),
)
ASKED = [
    *(f"{root}/{name}" for root in (PROJECT, f"{HOME}/lib", f"{HOME}/ro") for name in CLOSED + OPEN),
    PROJECT, f"{HOME}/lib", f"{HOME}/.ssh/id_rsa", f"{HOME}/x.env", f"{HOME}/.cache/x",
]  # fmt: skip


def allowed(request: Request) -> set[tuple[str, str]]:
    held = planned(mac("lib/sub/", "ro/", "src/project/k.pem"), request).policy
    return {
        (operation, path)
        for operation in ("file-read-data", "file-write-data", "file-write-unlink")
        for path in ASKED
        if held.decide(Access(operation, path)).allowed
    }


@settings(max_examples=10, deadline=None)
@given(requests)
def test_closing_secrets_never_allows_anything(request):
    fields = {name: getattr(request, name) for name in request._names}
    with_secrets = Request(**{**fields, "deny_secrets": True})
    assert allowed(with_secrets) <= allowed(request)
