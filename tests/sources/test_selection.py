"""Which profile a command line gets: R69 of the lessons, as a table."""

from __future__ import annotations

import pytest

from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.selection import names_by_links, parsed, split_assignments
from tests.fake_host import HOME, mac

CATALOGUE = Catalogue("macos", records())


def agent(*command):
    return CATALOGUE.for_command(parsed(command).names)


@pytest.mark.parametrize(
    "line, name",
    [
        ("claude", "claude"),
        ("claude-code --version", "claude"),
        ("codex exec x", "codex"),
        ("aider-chat", "aider"),
        ("/opt/homebrew/bin/claude", "claude"),
        ("./claude", "claude"),
        ("../x/codex", "codex"),
        # runners
        ("npx claude", "claude"),
        ("npx -y @anthropic-ai/claude-code@latest --help", "claude"),
        ("npx @openai/codex@0.1.2", "codex"),
        ("npx -p @openai/codex something", "codex"),
        ("npx --package=@openai/codex something", "codex"),
        ("npx -- codex", "codex"),
        ("npm exec @openai/codex", "codex"),
        ("pnpm dlx @openai/codex", "codex"),
        ("yarn dlx @openai/codex", "codex"),
        ("bunx @openai/codex", "codex"),
        ("bun x codex", "codex"),
        ("npm x codex", "codex"),
        ("npm --yes exec codex", "codex"),
        ("npx --registry https://example.com codex", "codex"),
        ("npx -c codex -p @openai/codex", "codex"),
        ("pnpm --package=@openai/codex dlx codex", "codex"),
        ("uvx -p 3.12 --from aider-chat aider", "aider"),
        ("uv --offline tool run aider-chat", "aider"),
        ("time -o log codex", "codex"),
        ("/usr/local/bin/bunx --bun codex", "codex"),
        ("uvx aider", "aider"),
        ("uvx aider-chat[all]==0.86", "aider"),
        ("uvx --from aider-chat aider", "aider"),
        ("uvx --from=aider-chat@0.86 x", "aider"),
        ("uvx --python 3.12 --with boto3 aider-chat", "aider"),
        ("uv tool run aider-chat", "aider"),
        ("uv tool run --from aider-chat aider", "aider"),
        ("pipx run aider-chat", "aider"),
        ("pipx run --spec aider-chat==1 aider", "aider"),
        ("env claude", "claude"),
        ("env A=1 B=2 claude", "claude"),
        ("/usr/bin/env -u PATH -i claude", "claude"),
        ("env -- claude", "claude"),
        ("xcrun claude", "claude"),
        ("xcrun --sdk macosx claude", "claude"),
        ("nice -n 10 claude", "claude"),
        ("nohup claude", "claude"),
        ("env A=1 npx -y @openai/codex", "codex"),
        ("xcrun env npx codex", "codex"),
        ("npx @ampcode/cli", "amp"),
        ("npx @kilocode/cli@7 --version", "kilo"),
        ("npx opencode-ai", "opencode"),
        ("uvx --from shell-gpt sgpt", "sgpt"),
        ("uvx mistral-vibe", "vibe"),
        # somebody else's package of that name
        ("npx @evil/claude-code", ""),
        ("npx @evil/codex@latest", ""),
        ("npx @evil/cli", ""),
        # not an agent
        ("bash", ""),
        ("true", ""),
        ("notclaude", ""),
        ("claude.sh", ""),
        ("claude2", ""),
        ("Claude", ""),
        ("cat claude", ""),
        ("bash -c claude", ""),
        ("echo npx claude", ""),
        ("npm install @openai/codex", ""),
        ("uv run codex", ""),
        ("uvx -p codex x", ""),
        ("npm -g install codex", ""),
        ("uv pip install aider-chat", ""),
        ("bun codex", ""),
        ("pipx install aider-chat", ""),
        ("env", ""),
        ("env A=1", ""),
        ("npx", ""),
        ("npx -p", ""),
        ("npx cowsay claude", ""),
        ("env -u claude bash", ""),
        ("ssh", ""),
        ("docker", ""),
        ("keychain", ""),
        ("node", ""),
        ("base", ""),
    ],
)  # fmt: skip
def test_the_profile_of_a_command_line(line, name):
    assert agent(*line.split()) == name


@pytest.mark.parametrize("word", ["", "/", "@", "@/", "==", "[", "a\nb", "\udcff"])
def test_a_strange_word_is_no_agent(word):
    assert agent(word) == ""
    assert agent("npx", word) == ""


def test_words_before_the_command():
    assert split_assignments(("A=1", "B=x=y", "C=", "claude", "D=2")) == (
        (("A", "1"), ("B", "x=y"), ("C", "")),
        ("claude", "D=2"),
    )
    for word in ("1A=x", "A-B=x", "=x", "A", "Ä=x", "./A=x"):
        assert split_assignments((word, "claude")) == ((), (word, "claude"))


def names(path, *files, links):
    return names_by_links(path, mac(*files, links=links))


def test_a_link_is_known_by_its_names_on_the_way_and_at_the_end():
    """R69."""
    found = names(
        f"{HOME}/bin/ai",
        "share/versions/claude",
        links={"bin/ai": "c", "bin/c": "../share/versions/claude"},
    )
    assert found == ("ai", "c", "claude")
    assert CATALOGUE.for_command(found) == "claude"


@pytest.mark.parametrize(
    "package, name",
    [
        ("@anthropic-ai/claude-code/cli.js", "claude"),
        ("@openai/codex/bin/codex.js", "codex"),
        ("codex/index.js", "codex"),
        ("x/node_modules/@openai/codex/bin/x.js", "codex"),
        ("@openai/other/cli.js", ""),
        ("@evil/claude-code/x.js", ""),
        ("claude-code-other/cli.js", ""),
    ],
)
def test_a_script_is_known_by_the_package_it_belongs_to(package, name):
    file = f"lib/node_modules/{package}"
    found = names(f"{HOME}/bin/x", file, links={"bin/x": f"../{file}"})
    assert CATALOGUE.for_command(found) == name
