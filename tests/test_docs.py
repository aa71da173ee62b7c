"""The documents cannot forget an option, nor promise what the program does not do."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from safehouse.cli.arguments import COMMANDS, OPTIONS, Option, parse
from safehouse.cli.main import main
from safehouse.cli.profiles import elsewhere
from safehouse.cli.rules import SYSTEMS
from safehouse.note import TEXT
from safehouse.sources import certificates, environment, protected
from safehouse.sources.catalogue import Catalogue, records

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in DOCUMENTS}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CATALOGUE = Catalogue("linux", records())
FEATURES = CATALOGUE.in_layers(("feature",))
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the answers are those of Linux")


def fenced(language: str) -> list[str]:
    """The lines of all blocks in a language."""
    found = [FENCE.findall(text) for text in TEXTS.values()]
    return [
        line for blocks in found for kind, block in blocks if kind == language
        for line in block.splitlines()
    ]  # fmt: skip


def section(document: str, title: str, level: int = 2) -> str:
    """What stands under a heading, up to the next of its level or a higher one."""
    _, heading, rest = TEXTS[document].partition(f"\n{'#' * level} {title}\n")
    assert heading, f"{document} has no section {title!r}"
    return re.split(rf"\n#{{2,{level}}} ", rest)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [
        row for row, line in zip(cells[1:], lines[1:])
        if not set(line) <= set("| -:")
    ]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in a home, as the examples have it; this is the directory we are in."""
    folder = tmp_path / "you" / "project"
    (folder / ".git" / "objects").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("spelling", [name for option in OPTIONS for name in option.names])
def test_every_option_is_described(spelling: str) -> None:
    described = [cells[0] for cells in rows(TEXTS["docs/command-line.md"])]
    assert any(re.search(rf"`{spelling}[=`\[]", cell) for cell in described)


STARTING = ["run", "policy", "why", "learn"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.names[0])
def test_an_option_is_described_for_its_commands_with_its_choices(option: Option) -> None:
    spelling = re.compile(rf"`{option.names[0]}[=`\[]")
    described = [row for row in rows(TEXTS["docs/command-line.md"]) if spelling.match(row[0])]
    for choice in option.choices:
        assert f"`{choice}`" in described[0][-1]
    commands: set[str] = set()
    for row in described:
        named = re.findall(r"`(\w+)`", row[1]) if len(row) == 3 else STARTING
        commands.update(named or COMMANDS)
    first = option.names[0]
    same = {command for o in OPTIONS if o.names[0] == first for command in o.commands}
    assert commands == same


def test_no_option_is_described_that_does_not_exist() -> None:
    known = {name for option in OPTIONS for name in option.names}
    described = "".join(cells[0] for cells in rows(TEXTS["docs/command-line.md"]))
    assert set(re.findall(r"`(--[a-z-]+)", described)) <= known


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    cells = [row[0] for row in rows(section("docs/command-line.md", "Commands"))]
    assert f"`{command}`" in cells


@pytest.mark.parametrize("status", ["125", "126", "127", "128 + n"])
def test_every_exit_status_is_described(status: str) -> None:
    assert status in [row[0] for row in rows(section("docs/command-line.md", "Exit status"))]


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_described_with_what_it_gives_up(feature: str) -> None:
    cost = CATALOGUE.profile(feature).weakens
    text = " ".join(section("docs/features.md", feature, 3).split())
    assert f"What it gives up: {cost}." in text


def test_no_feature_is_described_that_does_not_exist() -> None:
    assert set(re.findall("^### (.*)$", TEXTS["docs/features.md"], re.MULTILINE)) == set(FEATURES)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_that_means_nothing_on_the_other_system_says_so(feature: str) -> None:
    text = section("docs/features.md", feature, 3).lstrip()
    told = {name: text.startswith(f"{SYSTEMS[name]} only.") for name in SYSTEMS}
    for system, other in (("macos", "linux"), ("linux", "macos")):
        if elsewhere(Catalogue(system, records()), feature) == other:
            assert told[other]
        if told[other]:
            assert not Catalogue(system, records()).profile(feature).grants


def test_the_readme_names_every_feature_and_what_the_usual_ones_give_up() -> None:
    text = section("README.md", "Features, and what each costs")
    assert {name for name in FEATURES if f"`{name}`" in text} == set(FEATURES)
    for row in rows(text):
        assert row[-1] == CATALOGUE.profile(row[0].strip("`")).weakens


AGENTS = {row[0].strip("`"): row for row in rows(section("docs/agents.md", "Agents"))}
APPS = {row[0].strip("`"): row for row in rows(section("docs/agents.md", "Apps"))}


def test_every_agent_and_app_has_a_row_and_none_is_invented() -> None:
    assert list(AGENTS) == list(CATALOGUE.in_layers(("agent",)))
    assert list(APPS) == list(CATALOGUE.in_layers(("app",)))


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agents_row_has_its_commands_and_variables(agent: str) -> None:
    profile = CATALOGUE.profile(agent)
    _, commands, kept, sign_in, moved, set_for_it = AGENTS[agent]
    assert tuple(re.findall("`([^`]+)`", commands)) == profile.commands
    assert re.findall("`([^`]+)`", moved) == [name for name, _ in profile.homes]
    defaults = [f"{name}={value}" for name, value in profile.environment]
    arguments = [" ".join(Catalogue(s, records()).profile(agent).arguments) for s in SYSTEMS]
    assert set(re.findall("`([^`]+)`", set_for_it)) == {*defaults, *filter(None, arguments)}
    for path in re.findall("`(~[^`]*)`", kept):  # and what is said to be kept there is written
        assert any(
            path in (grant.filter.value, grant.filter.value + "*")
            for system in SYSTEMS
            for grant in Catalogue(system, records()).profile(agent).grants
            if grant.filter and grant.action == "allow" and "file-write*" in grant.operations
        ), path
    keychain = "keychain" in Catalogue("macos", records()).profile(agent).requires
    assert ("keychain" in sign_in) == keychain


@pytest.mark.parametrize("app", APPS)
def test_an_apps_row_has_its_bundles(app: str) -> None:
    assert tuple(re.findall("`([^`]+)`", APPS[app][1])) == CATALOGUE.profile(app).bundles


def test_the_environment_is_described_completely() -> None:
    text = section("docs/command-line.md", "The environment")
    passed = text.partition("What Safehouse itself reads")[0].partition("And made by")[0]
    named = set(re.findall(r"`([A-Za-z_]+)`", passed)) - {"LC_", "passes"}
    known = environment._PASSED | environment._PROXIES | certificates.VARIABLES
    assert named == known
    assert "`LC_`" in passed


def test_what_is_protected_is_described() -> None:
    text = section("docs/security-model.md", "What nothing opens")
    for name in (*protected._SHELL_FILES, *protected._SHELL_TREES, *protected.WORKDIR_FILES):
        assert f"`{name}`" in text


def test_every_module_and_layer_is_in_the_architecture() -> None:
    table = {row[0]: row[1] for row in rows(section("docs/architecture.md", "Layers"))}
    contract = (ROOT / "pyproject.toml").read_text().partition("layers = [")[2].partition("]")[0]
    layers = [line.split(" | ") for line in re.findall(r'"(.*)"', contract)]
    assert list(table) == [", ".join(f"`{name}`" for name in layer) for layer in layers]
    for module in (ROOT / "safehouse").glob("*/*.py"):
        if not module.name.startswith("_"):
            assert f"`{module.name}`" in table[f"`{module.parent.name}`"], module


def test_every_make_target_is_described_and_none_is_invented() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    table = rows(section("CONTRIBUTING.md", "Setting up"))
    assert {row[0].strip("`") for row in table} == {
        f"make {target}" for target in targets - {"help"}
    }
    used = {
        target for text in TEXTS.values() for target in re.findall(r"[`\n]make ([a-z-]+)", text)
    }
    assert used <= targets


@pytest.mark.parametrize("line", [line for line in fenced("sh") if line.startswith("safehouse ")])
def test_every_command_is_understood(line: str) -> None:
    arguments = parse(shlex.split(line, comments=True)[1:])
    request = arguments.request
    assert set(request.enable) <= set(FEATURES)
    assert not request.agent or request.agent in CATALOGUE.in_layers(("agent", "app"))
    runs = arguments.command in ("run", "why")
    assert request.command or arguments.version or not runs


@LINUX
@pytest.mark.parametrize(
    "cells", rows(section("README.md", "What is allowed and denied")), ids=lambda cells: cells[0]
)
def test_every_line_of_what_is_allowed_and_denied_is_true(
    cells: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["why", *shlex.split(cells[0].strip("`"))])
    assert ("allowed", "denied")[status] == cells[1], capsys.readouterr().out


def console() -> list[tuple[str, str]]:
    """The examples with output: command line and what it prints."""
    examples = "\n".join(fenced("console")).split("$ ")[1:]
    return [(text.partition("\n")[0], text.partition("\n")[2].strip()) for text in examples]


@LINUX
@pytest.mark.parametrize("line, output", console())
def test_every_answer_in_an_example_is_what_the_program_says(
    line: str, output: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = project.parent / ".ssh/id_ed25519"  # the examples are those of a person who has one
    key.parent.mkdir()
    key.touch()
    main(shlex.split(line)[1:])
    said = capsys.readouterr().out.replace(str(project.parent), "/home/you")
    without_lines = re.compile(r"(profiles\.yaml):\d+")  # they move with each change of it
    assert without_lines.sub(r"\1", said.strip()) == without_lines.sub(r"\1", output)


def test_the_example_of_an_agents_profile_is_right(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TEXTS["docs/adding-an-agent.md"]
    blocks = FENCE.findall(text)
    example = next(block for kind, block in blocks if kind == "yaml")
    shown = [block for kind, block in blocks if kind == "text"]
    file = project.parent / ".config/safehouse/profiles.d/fern.yaml"
    file.parent.mkdir(parents=True)
    for content, output in (
        (example, next(block for block in shown if block.startswith("adds"))),
        (
            example.replace("~/.cache/fern/", "~/.local/bin/"),
            next(block for block in shown if "warning" in block),
        ),
    ):
        file.write_text(content)
        assert main(["profiles", "check", str(file)]) == 0
        assert capsys.readouterr().out.endswith(output)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", TEXTS)
def test_every_link_leads_somewhere(document: str) -> None:
    text = re.sub(r"`[^`\n]*`", "", TEXTS[document])  # a regex is no link
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / document).parent / name if name else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("document", TEXTS)
def test_nothing_is_left_open_and_no_machine_is_named(document: str) -> None:
    text = TEXTS[document]
    assert not re.search(r"\b(TODO|FIXME|TBD|XXX)\b|coming soon", text)
    assert not re.search(r"(?<![\w~])/(root|work|opt/venv|home/(?!you\b|linuxbrew\b)\w)", text)


def test_the_text_for_agents_is_the_one_that_they_get() -> None:
    document = (ROOT / "docs/debugging.md").read_text()
    assert f"\n````markdown\n{TEXT}````\n" in document


def test_the_try_table_in_the_readme_has_the_lines_of_the_script() -> None:
    script = (ROOT / "tools" / "try_table.awk").read_text()
    lines = re.findall(r'row\("[\w-]+", "(yes|no)", "([^"]+)"\)', script)
    assert len(lines) > 10
    for must, text in lines:
        shown = rf"^  {re.escape(text)} +yes +{must}\b"
        assert re.search(shown, TEXTS["README.md"], re.MULTILINE), text


def test_the_change_log_says_what_changed_in_profiles() -> None:
    for release in re.split(r"^## ", TEXTS["CHANGELOG.md"], flags=re.MULTILINE)[1:]:
        assert "### Changed profiles" in release
