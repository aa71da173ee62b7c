"""The whole check on a Mac that is pretended: from its start to the report, and what may go wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from safehouse.errors import UserError
from safehouse.request import Request
from tests.mac_check.conftest import ROOT
from tools.mac_check import __main__ as main
from tools.mac_check import (
    agreement,
    compiling,
    language,
    launches,
    logs,
    probes,
    rules,
    terminal,
)
from tools.mac_check.__main__ import Part
from tools.mac_check.asking import Enforcer, NotStarted, Policy, Question, Session, ask
from tools.mac_check.bench import interpreter
from tools.mac_check.experiment import CLOSED, OPEN
from tools.mac_check.finding import AS_BELIEVED, OTHERWISE, UNCLEAR
from tools.mac_check.scratch import Scratch

pytestmark = pytest.mark.slow
_RULES = Part("rules", main._experiments((*rules.ORDER[:2], rules.ORDER[9], rules.COMBINATIONS[0])))
_AGREEMENT = Part("why", partial(agreement.run, wanted={"base": Request()}))
# What is different on Linux, with a kernel that confines inside.py alone.
_OF_LINUX = {
    "there is no sigwaitinfo here",
    "sandboxes do not nest: sandbox-exec in a sandbox gives 71",
    "SAFEHOUSE_SANDBOX=1 outside of a sandbox opens nothing",
    "a secret of the project is closed with --deny-secrets",
    "another launch cannot list it",
    "F_GETPATH gives a file behind a link",
    "F_GETPATH gives a file of the system",
    "confstr gives DARWIN_USER_TEMP_DIR",
    "confstr gives DARWIN_USER_CACHE_DIR",
}
_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a Mac has the real kernel")


@pytest.fixture(autouse=True)
def _smaller(monkeypatch):
    monkeypatch.setattr(language, "TEXTS", language.TEXTS[:4])
    monkeypatch.setattr(compiling, "_ODD_HOMES", ('qu"ote', "a b"))
    monkeypatch.setattr(compiling, "GOLDEN", "tests/golden/base.sb")
    monkeypatch.setattr(probes, "MOST_QUESTIONS", 150)
    monkeypatch.setattr(launches, "REPEATS", 1)
    monkeypatch.setattr(terminal, "_A_MOMENT", 0.1)


def findings(report):
    return {each.belief: each for group in report.groups for each in group.findings}


def run(make, tmp_path, *some):
    return main.run(make, str(tmp_path), str(tmp_path), some)


@_LINUX
def test_a_whole_run_tells_what_is_so(pretended, tmp_path, capsys):
    (tmp_path / "home/.aws").mkdir(parents=True)
    parts = (
        _RULES,
        Part("texts", language.run),
        Part("policies", partial(compiling.run, wanted={"claude": Request(agent="claude")})),
        Part("why", partial(agreement.run, wanted={"secrets": Request(deny_secrets=True)})),
        Part("launches", launches.run),
        Part("terminal", terminal.run),
        Part("log", logs.run),
    )
    report = run(pretended(), tmp_path, *parts)
    found = findings(report)
    wrong = {belief for belief, each in found.items() if each.verdict == OTHERWISE}
    assert wrong == _OF_LINUX
    unclear = {belief for belief, each in found.items() if each.verdict == UNCLEAR}
    assert unclear == {
        "F_GETPATH gives a file in the spelling of the volume",
        "F_GETPATH gives a file without the data volume's place",
        "sandbox_check tells that a program is outside",
        "sizes",
        "what the log says of a denial",
    }
    agreed = found["the kernel decides as `safehouse why` says: secrets"]
    assert agreed.verdict == AS_BELIEVED, agreed
    assert sum(map(int, re.findall(r"\d+ (?=allowed|denied)", agreed.detail))) > 150
    assert found["the person's own secrets cannot be opened by a command"].verdict == AS_BELIEVED
    text = (tmp_path / "mac-check-report.md").read_text()
    assert text.startswith("# Safehouse on a Mac\n")
    document = json.loads((tmp_path / "mac-check-report.json").read_text())
    assert len(document["groups"]) == len(parts)
    for each in (text, json.dumps(document, ensure_ascii=False)):
        assert str(tmp_path / "home") not in each
        assert "safehouse-check." not in each
    assert [line[:5] for line in capsys.readouterr().err.splitlines()[::2]] == [
        f"[{number}/{len(parts)}]" for number in range(1, len(parts) + 1)
    ]


@_LINUX
def test_a_kernel_that_disagrees_is_told_with_our_rule(pretended, tmp_path):
    report = run(pretended(disagree="unlink"), tmp_path, _RULES, _AGREEMENT)
    found = findings(report)
    belief = "a bare deny of file-write-unlink outlasts an allow of file-write*"
    assert found[belief].verdict in (OTHERWISE, UNCLEAR)
    agreed = found["the kernel decides as `safehouse why` says: base"]
    assert agreed.verdict == OTHERWISE
    kinds = [line for line in agreed.evidence if not line.startswith("  ")]
    assert {line.split(":")[0] for line in kinds} == {"unlink"}
    assert any("(everything) base, profiles.yaml" in line for line in agreed.evidence)
    text = (tmp_path / "mac-check-report.md").read_text()
    assert "unlink SCRATCH/h/" in text.partition("## Could not be told")[0]


@_LINUX
def test_a_program_that_crashes_is_one_thing_that_could_not_be_told(pretended, tmp_path):
    (tmp_path / "home/.aws").mkdir(parents=True)
    report = run(pretended(crash="read"), tmp_path, _AGREEMENT)
    found = findings(report)["the kernel decides as `safehouse why` says: base"]
    assert found.verdict == UNCLEAR  # it crashes too often to go on
    assert "ended 6 times" in found.detail
    report = run(pretended(crash="listpids"), tmp_path, _AGREEMENT)
    found = findings(report)["the kernel decides as `safehouse why` says: base"]
    assert found.verdict == AS_BELIEVED


@_LINUX
def test_what_is_open_of_the_person_is_told(pretended, tmp_path):
    (tmp_path / "home/.aws").mkdir(parents=True)
    report = run(pretended(disagree="read"), tmp_path, _AGREEMENT)
    found = findings(report)["the person's own secrets cannot be opened by a command"]
    assert (found.verdict, found.evidence) == (OTHERWISE, (f"{tmp_path}/home/.aws",))


@_LINUX
def test_secrets_that_could_not_be_tried_are_not_called_closed(pretended, tmp_path):
    (tmp_path / "home/.aws").mkdir(parents=True)

    def secrets(bench):
        compiling.make_project(bench)
        yield agreement._own_secrets(bench)

    for mode in ({"crash": "read"}, {}):
        (found,) = run(pretended(**mode), tmp_path, Part("secrets", secrets)).groups[0].findings
        assert found.verdict == (UNCLEAR if mode else AS_BELIEVED)


def test_a_part_that_breaks_keeps_what_it_found_and_the_next_goes_on(tmp_path, pretended):
    def broken(bench):
        yield rules_finding
        raise RuntimeError("not expected")

    rules_finding = main.unclear("a", "b", "c")
    report = run(
        pretended(), tmp_path, Part("broken", broken), Part("empty", lambda bench: iter(()))
    )
    first, second = report.groups
    assert first.findings[0] == rules_finding
    assert (first.findings[1].verdict, first.findings[1].belief) == (UNCLEAR, "broken")
    assert "RuntimeError: not expected" in first.findings[1].detail
    assert second.findings == ()


@pytest.mark.parametrize("program", ["/bin/false", "/no/such/program", "/usr/bin/env"])
def test_without_an_enforcer_nothing_is_told(tmp_path, pretended, program):
    """Whether it does nothing, is not there, or starts programs without confining them."""

    def make(scratch, progress):
        enforcer = Enforcer(scratch.root, program)
        return main.replace(pretended()(scratch, progress), enforcer=enforcer)

    report = run(make, tmp_path, _RULES)
    assert {each.verdict for each in report.groups[0].findings} == {UNCLEAR}


def test_nothing_is_left_where_it_is_stopped(tmp_path, pretended):
    seen = []

    def stop(bench):
        seen.append(bench.scratch.other)
        seen.append(bench.scratch.root)
        (Path(bench.scratch.root) / "shut").mkdir(mode=0)
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        run(pretended(), tmp_path, Part("stopped", stop))
    other, root = seen
    assert not os.path.exists(root)
    assert not list(tmp_path.glob("safehouse-check.*"))
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_removes_all(tmp_path, number):
    """As typed, or as sent when the window is closed."""
    script = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT)!r})
os.uname = lambda: type("", (), {{"sysname": "Darwin"}})
os.getuid = lambda: 501
from tools.mac_check import __main__ as main
def make(scratch, progress):
    print(scratch.root, flush=True)
    time.sleep(60)
main.on_this_mac = make
sys.exit(main.main([]))
"""
    home = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=home
    ) as process:
        root = process.stdout.readline().decode().strip()
        assert os.path.isdir(root)
        process.send_signal(number)
        assert process.wait(20) == 130
        assert b"all that was made is removed" in process.stderr.read()
    assert os.listdir(tmp_path) == []


@_LINUX
def test_elsewhere_it_says_kindly_that_it_needs_a_mac(capsys):
    assert main.main([]) == 2
    assert "needs a Mac" in capsys.readouterr().err


def test_root_is_declined(capsys, monkeypatch):
    monkeypatch.setattr(os, "uname", lambda: type("", (), {"sysname": "Darwin"}))
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert main.main([]) == 2
    assert "without sudo" in capsys.readouterr().err


@_LINUX
def test_make_says_so_too():
    done = subprocess.run(
        ["make", "mac-check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "needs a Mac" in done.stderr


def test_an_interpreter_is_one_that_starts_under_all_policies(tmp_path, pretended):
    with Scratch(str(tmp_path)) as scratch:
        bench = pretended()(scratch, main.Progress())
        path, program = interpreter(bench.enforcer, (Policy(OPEN), Policy(CLOSED)))
        assert os.access(path, os.X_OK)
        assert os.access(program, os.X_OK)
        with pytest.raises(NotStarted, match="unbound variable"):
            interpreter(bench.enforcer, (Policy(OPEN), Policy(f"{OPEN} (nonsense)")))


@_LINUX
def test_the_bench_of_a_mac_has_an_interpreter_that_our_policies_let_start(
    tmp_path, pretended, monkeypatch
):
    with Scratch(str(tmp_path)) as scratch:
        like = pretended()(scratch, main.Progress())
        monkeypatch.setattr(main.Host, "current", staticmethod(lambda: like.host))
        monkeypatch.setattr(main, "Enforcer", lambda place: like.enforcer)
        bench = main.on_this_mac(scratch, main.Progress())
        assert os.access(bench.program, os.X_OK)
        assert bench.safehouse == (sys.executable, "-m", "safehouse")
        broken = main.replace(like.enforcer, program="/bin/false")
        monkeypatch.setattr(main, "Enforcer", lambda place: broken)
        with pytest.raises(UserError, match="no Python starts under /bin/false"):
            main.on_this_mac(scratch, main.Progress())


def test_a_session_answers_one_question_after_the_other_and_ends(tmp_path):
    with Scratch(str(tmp_path)) as scratch:
        enforcer = Enforcer(scratch.root)
        session = Session(enforcer, sys.executable, Policy())
        assert session.ask(Question("read", f"{scratch.tree}/e")).errno == 0
        assert session.ask(Question("read", f"{scratch.tree}/none")).errno == 2
        assert session.ask(Question("no such verb", "x")).errno == -1
        number = session.number
        session.end()
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_one_that_hangs_is_ended(tmp_path, monkeypatch):
    from tools.mac_check import asking

    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    monkeypatch.setattr(asking, "_TO_END", 0.1)
    monkeypatch.setattr(asking, "SOURCE", asking.SOURCE.replace("os.listdir(at)", "input()"))
    with Scratch(str(tmp_path)) as scratch:
        questions = [Question("list", scratch.tree), Question("read", f"{scratch.tree}/e")]
        answers = list(ask(Enforcer(scratch.root), sys.executable, Policy(), questions))
    assert [answer.errno for answer in answers] == [-1, 0]
    assert "no answer within" in answers[0].said


def test_a_place_for_the_report_is_looked_for_first(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "uname", lambda: type("", (), {"sysname": "Darwin"}))
    monkeypatch.setattr(os, "getuid", lambda: 501)
    monkeypatch.setattr(main, "run", lambda *words, **more: pytest.fail("it was run"))
    assert main.main(["--output", str(tmp_path / "none")]) == 2
    assert f"no report can be written into {tmp_path}/none" in capsys.readouterr().err


def test_an_error_of_ours_is_told_to_the_person(capsys, monkeypatch, tmp_path):
    def fail(*words, **more):
        raise UserError("no Python starts", "install one")

    monkeypatch.setattr(os, "uname", lambda: type("", (), {"sysname": "Darwin"}))
    monkeypatch.setattr(os, "getuid", lambda: 501)
    monkeypatch.setattr(main, "run", fail)
    monkeypatch.setattr(signal, "signal", lambda *words: None)
    assert main.main(["--output", str(tmp_path)]) == 2
    assert "mac-check: no Python starts install one" in capsys.readouterr().err
