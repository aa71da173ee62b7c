"""The policies of a Mac, asked tens of thousands of questions: the table, we and every model agree.

What an answer has to be stands in expectations.py. `Policy.decide` must give it, and so must each
plausible Seatbelt of seatbelt_models.py to the rendered text: no policy of ours depends on a point
that is not certain, nor on one that much documentation has wrong (TEXTUAL).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import pytest

from safehouse.policy.policy import Access, Policy
from safehouse.request import Request
from safehouse.sbpl.render import render
from tests import seatbelt_models
from tests.fake_host import HOME, mac, planned
from tests.policy.expectations import TREES_WITH_CLOSED_PARTS, Question, Setup, full, questions
from tests.seatbelt_models import MODELS, TEXTUAL, Model
from tests.seatbelt_text import CompiledRule, compile_text

FEATURES = (
    "ssh", "docker", "keychain", "clipboard", "shell-init", "cloud-credentials", "wide-read",
)  # fmt: skip
AGENTS = ("", "claude", "codex", "aider")
EVERY = [
    *product(AGENTS, [(), *((feature,) for feature in FEATURES), FEATURES]),
    *product(
        AGENTS, [("ssh", "wide-read"), ("docker", "wide-read"), ("cloud-credentials", "wide-read")]
    ),
]
SETUPS = [Setup(agent, features) for agent, features in EVERY]
QUESTIONS = tuple(dict.fromkeys(questions()))
# Asked all of them; the others a share, each another one, so that all together ask all of them.
THOROUGH = (
    Setup(), Setup("claude"), Setup("codex", ("ssh",)), Setup("aider", FEATURES),
    Setup("claude", ("wide-read",)),
)  # fmt: skip
SHARE = 9
ENVIRON = {"SSH_AUTH_SOCK": "/private/tmp/com.apple.launchd.AbC123/Listeners"}
# All that may match in any model does in this one.
MATCHES_MOST = Model(
    trailing_slash_covers_itself=True,
    literal_slash_matches=True,
    ignores_case=True,
    local_addresses_match_all=True,
    same_sandbox_includes_self=True,
    others_include_same_sandbox=True,
)


def asked(setup: Setup) -> tuple[Question, ...]:
    return QUESTIONS if setup in THOROUGH else QUESTIONS[SETUPS.index(setup) % SHARE :: SHARE]


@lru_cache(maxsize=4)
def policy(setup: Setup) -> Policy:
    request = Request(enable=setup.features, agent=setup.agent)
    return planned(mac(environ=ENVIRON), request).policy


def name(setup: Setup) -> str:
    return "+".join([setup.agent or "base", *setup.features])


def said(question: Question) -> str:
    return " ".join((question.operation, question.target, question.kind)).strip()


def expected(question: Question, setup: Setup) -> str:
    return "allow" if question.allowed(setup) else "deny"


def test_there_are_tens_of_thousands_of_questions():
    assert len(QUESTIONS) > 4000
    assert sum(len(asked(setup)) for setup in SETUPS) > 40_000


@pytest.mark.parametrize("setup", SETUPS, ids=name)
def test_our_answer_is_the_expected_one(setup):
    held = policy(setup)
    wrong = [
        f"{said(question)}: {decision.action}, by {decision.rule.origin}"
        for question in asked(setup)
        for decision in [held.decide(Access(*question[:2], question.kind))]
        if decision.action != expected(question, setup)
    ]
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize("setup", SETUPS, ids=name)
def test_every_model_gives_the_expected_answer(setup, monkeypatch):
    """Rules that match in no model are left out before the models are asked: that is exact, since a
    model that has no `require-not` to read only ever looks at rules that match."""
    text = render(policy(setup))
    narrowed: list[tuple[CompiledRule, ...]] = [()]
    rules = Narrowed(compile_text(text))
    monkeypatch.setattr(seatbelt_models, "compile_text", lambda _text: narrowed[0])
    wrong = []
    for question in asked(setup):
        narrowed[0] = rules.for_question(question)
        for model in MODELS + TEXTUAL:
            answer = model.decide(text, *question[:2], question.kind)
            if answer != expected(question, setup):
                wrong.append(f"{said(question)}: {answer}, says {model}")
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize("setup", THOROUGH, ids=name)
def test_leaving_out_what_matches_in_no_model_changes_no_answer(setup, monkeypatch):
    text = render(policy(setup))
    rules = Narrowed(compile_text(text))
    for question in QUESTIONS[::97]:
        whole = [m.decide(text, *question[:2], question.kind) for m in MODELS + TEXTUAL]
        with monkeypatch.context() as patch:
            narrow = rules.for_question(question)
            patch.setattr(seatbelt_models, "compile_text", lambda _text, found=narrow: found)
            assert whole == [m.decide(text, *question[:2], question.kind) for m in MODELS + TEXTUAL]


@pytest.mark.parametrize("path, word", TREES_WITH_CLOSED_PARTS)
def test_a_tree_with_closed_parts_cannot_be_moved_to_where_they_would_be_open(path, word):
    """A denial goes by path: `mv project /private/tmp`, change its hooks there, move it back."""
    held = policy(Setup(features=(word,)) if word in FEATURES else Setup(word.replace("*", "")))
    assert held.decide(Access("file-write-data", full(path) + "/x")).allowed
    assert not held.decide(Access("file-write-unlink", full(path))).allowed


@pytest.mark.parametrize("agent, path", [("claude", "~/.claude"), ("codex", "~/.codex")])
def test_an_agent_s_state_can_be_made_where_it_is_missing(agent, path):
    """The first start on a Mac, where nothing else makes it."""
    assert policy(Setup(agent)).decide(Access("file-write-create", full(path))).allowed


@pytest.mark.parametrize("path", [".npm", ".cache/uv", ".yarn/berry", "Library/Caches/pip"])
def test_a_writable_tree_cannot_be_replaced_by_a_link_that_the_next_launch_would_follow(path):
    """rm -r ~/.npm; ln -s ~/.ssh ~/.npm"""
    there = planned(mac(f"{path}/"), Request()).policy
    assert there.decide(Access("file-write-create", f"{HOME}/{path}/x")).allowed
    for operation in ("file-write-unlink", "file-write-create"):
        assert not there.decide(Access(operation, f"{HOME}/{path}")).allowed
    missing = planned(mac(), Request()).policy
    assert missing.decide(Access("file-write-create", f"{HOME}/{path}")).allowed
    form = f'(require-all (literal (string-append HOME "/{path}")) (vnode-type SYMLINK))'
    assert form in render(missing)


class Narrowed:
    """Compiled rules, of which a question gets those that match it in some model."""

    def __init__(self, rules: tuple[CompiledRule, ...]) -> None:
        self.rules = rules
        self.of_target = lru_cache(maxsize=2)(self._of_target)
        assert not any("require-not" in str(rule.filters) for rule in rules)

    def for_question(self, question: Question) -> tuple[CompiledRule, ...]:
        family = question.kind or seatbelt_models._family(question.operation, question.target)
        return self.of_target(question.target, family)

    def _of_target(self, target: str, family: str) -> tuple[CompiledRule, ...]:
        return tuple(
            CompiledRule(rule.action, rule.operations, matching)
            for rule in self.rules
            for matching in [self._matching(rule, target, family)]
            if matching or not rule.filters
        )

    def _matching(self, rule: CompiledRule, target: str, family: str) -> tuple[Any, ...]:
        return tuple(f for f in rule.filters if MATCHES_MOST._matches(f, target, family))
