"""Which profiles are in force: always, by name, by command, and what these require."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile import LAYERS, ON_REQUEST
from safehouse.sources.profile_file import load

CATALOGUE = Catalogue("macos", records())
ALWAYS = [name for name, record in records().items() if record[1] not in ON_REQUEST]


def names(*features, agent="", catalogue=CATALOGUE):
    return [profile.name for profile in catalogue.selected(features, agent)]


def test_what_is_always_in_force():
    assert sorted(names()) == sorted(ALWAYS)
    assert {"base", "system", "network", "git", "node", "python", "closed-sockets"} <= set(ALWAYS)


def test_a_feature_and_an_agent_are_added():
    assert set(names("ssh")) - set(ALWAYS) == {"ssh"}
    assert set(names(agent="aider")) - set(ALWAYS) == {"aider"}


@pytest.mark.parametrize(
    "agent, features, added",
    [
        ("claude", (), {"claude", "keychain"}),
        ("codex", (), {"codex", "keychain"}),
        ("aider", (), {"aider"}),
        ("", (), set()),
        ("aider", ("keychain",), {"aider", "keychain"}),
        ("", ("docker",), {"docker", "keychain"}),
        ("", ("ssh", "ssh", "clipboard"), {"ssh", "clipboard"}),
    ],
)
def test_the_keychain_is_for_those_that_require_it(agent, features, added):
    """R45."""
    found = names(*features, agent=agent)
    assert set(found) - set(ALWAYS) == added
    assert len(found) == len(set(found))


def test_the_layers_are_in_order():
    profiles = CATALOGUE.selected(tuple(CATALOGUE.in_layers(("feature",))), "claude")
    layers = [LAYERS.index(profile.layer) for profile in profiles]
    assert layers == sorted(layers)
    assert profiles[0].name == "base"


def test_refusals_of_sockets_come_before_the_features_that_open_them():
    """R6."""
    for feature in ("ssh", "docker"):
        found = names(feature)
        assert found.index("closed-sockets") < found.index(feature)


@pytest.mark.parametrize(
    "word, meant",
    [("shh", "ssh"), ("dcoker", "docker"), ("key-chain", "keychain"), ("wide", "wide-read")],
)
def test_an_unknown_feature_is_refused_with_the_nearest(word, meant):
    """R75."""
    with pytest.raises(UserError) as error:
        names(word)
    assert error.value.message.startswith(f"--enable: no feature is called {word!r}")
    assert f"did you mean {meant!r}?" in error.value.message
    assert error.value.hint == "safehouse profiles lists every feature"


@pytest.mark.parametrize("word", ["claude", "base", "git", "", "SSH", "ssh ", "all"])
def test_only_features_are_enabled(word):
    with pytest.raises(UserError, match="no feature is called"):
        names(word)


@pytest.mark.parametrize(
    "word, meant", [("cluade", "claude"), ("ssh", ""), ("base", ""), ("codexx", "codex")]
)
def test_an_unknown_agent_is_refused_with_the_nearest(word, meant):
    with pytest.raises(UserError) as error:
        names(agent=word)
    assert error.value.message.startswith(f"--agent: no agent is called {word!r}")
    assert ("did you mean" in error.value.message) == bool(meant)
    assert meant in error.value.message
    assert error.value.hint == "safehouse profiles lists every agent"


def test_what_is_required_by_what_is_required_is_added():
    text = """\
profiles:
  a: {layer: base, summary: s, requires: [b], rules: []}
  b: {layer: feature, summary: s, weakens: w, requires: [c], rules: []}
  c: {layer: feature, summary: s, weakens: w, rules: []}
  d: {layer: feature, summary: s, weakens: w, rules: []}
"""
    assert names(catalogue=Catalogue("linux", load(text, "test.yaml"))) == ["a", "b", "c"]


def test_a_command_is_found_by_the_first_name_that_is_known():
    assert CATALOGUE.for_command(["x", "aider-chat", "claude"]) == "aider"
    assert CATALOGUE.for_command(["ssh", "base", ""]) == ""


def test_what_is_writable_is_what_any_profile_may_write():
    """Whatever was in force the last time."""
    written = {filter.value for filter in CATALOGUE.writable()}
    assert {
        "~/.claude",
        "~/.codex",
        "~/.aider",
        "~/.npm",
        "/private/tmp",
        "~/.config/gcloud",
    } <= written
    assert not {"~/.ssh", "/usr", "~/.gitconfig"} & written


def test_what_only_stands_for_others_is_where_they_are():
    linux, macos = Catalogue("linux", records()), Catalogue("macos", records())
    for name in ("vscode", "all-apps"):
        assert linux.is_elsewhere(name)
        assert not macos.is_elsewhere(name)
    assert not linux.is_elsewhere("all-agents")
    assert not linux.is_elsewhere("cloud-credentials")
