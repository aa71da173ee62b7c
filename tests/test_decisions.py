"""docs/decisions.md: what is closed there is closed, and the option that it names opens it."""

from __future__ import annotations

import functools
import re

import pytest

from safehouse.policy.policy import Access, Policy
from safehouse.request import Request
from safehouse.sources.catalogue import Catalogue, records
from tests.fake_host import HOME, PROJECT, mac, planned
from tests.test_docs import TEXTS, rows

CATALOGUE = Catalogue("macos", records())
_OPERATIONS = {
    "read": "file-read-data",
    "list": "file-read-data",
    "write": "file-write-data",
    "metadata": "file-read-metadata",
}
_CLASSES = {"file-issue-extension": "extension-class"}
ROWS = [
    (whom.strip("`"), tuple(re.findall("`([^`]+)`", what)), closed.split(", "), option.strip("`"))
    for whom, what, closed, option in rows(TEXTS["docs/decisions.md"])
    if whom != "for"
]


@functools.cache
def policy(whom: str, names: tuple[str, ...] = (), option: str = "") -> Policy:
    """That of a launch for an agent or with a feature, with an option of a row."""
    enable = [whom] if whom in CATALOGUE.in_layers(("feature",)) else []
    agent = whom if whom in CATALOGUE.in_layers(("agent",)) else ""
    assert whom == "all" or enable or agent, f"nobody is called {whom}"
    word, _, value = option.partition("=")
    paths = tuple(name for name in names if name[0] in "~/")
    asked = Request(
        enable=(*enable, value) if word == "--enable" else tuple(enable),
        agent=agent,
        add_dirs=paths if word == "--add-dirs" else (),
        add_dirs_ro=paths if word == "--add-dirs-ro" else (),
    )
    return planned(mac(*(path.removeprefix("~/") for path in paths), f"{PROJECT}/"), asked).policy


def allowed(policy: Policy, closed: str, name: str) -> bool:
    path = name.replace("~", HOME, 1) + (".of-nobody" if name.endswith("/") else "")
    operation = _OPERATIONS.get(closed, closed)
    kind = "path" if closed in _OPERATIONS else _CLASSES.get(closed, "")
    return policy.decide(Access(operation, path, kind)).allowed


def test_the_rows_are_read() -> None:
    assert len(ROWS) > 80


@pytest.mark.parametrize("whom, names, closed, option", ROWS)
def test_what_is_said_to_be_closed_is_closed_and_the_option_opens_it(
    whom: str, names: tuple[str, ...], closed: list[str], option: str
) -> None:
    without = policy(whom)
    opened = policy(whom, names, option) if option != "-" else None
    for name in names or ("",):
        for operation in closed:
            assert not allowed(without, operation, name), (operation, name)
            assert not opened or allowed(opened, operation, name), (operation, name)
