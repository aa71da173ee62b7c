"""The command line: one table of options, read by a parser that costs no import.

argparse takes 12 ms before it has read a word; a launch is allowed 12 in all.
"""

from __future__ import annotations

from safehouse.errors import UserError, nearest, printable
from safehouse.policy.policy import NETWORKS
from safehouse.request import HERE, Request
from safehouse.sources.selection import split_assignments
from safehouse.sources.variables import NO, YES
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    Kind = Literal["paths", "names", "text", "choice", "flag", "switch", "optional", "file", "word"]

COMMANDS = {
    "run": "run COMMAND confined (the word may be left out)",
    "policy": "print the policy that COMMAND would get",
    "why": "say whether COMMAND may do something, and which rule says so",
    "denials": "show what a recorded launch was refused, and what allows it",
    "learn": "run COMMAND confined, and propose to allow what it was refused",
    "grant": "remember what launches in a directory may also use",
    "revoke": "forget it again",
    "grants": "show what is remembered",
    "trust": "look at what a project's own configuration opens, and allow it",
    "untrust": "allow it no longer",
    "init": "print the code for a shell, so that typing an agent's name starts it confined",
    "off": "in a shell with that code: start agents as they are; `on` undoes it",
    "on": "start them confined again",
    "shims": "do the same by files on PATH, for editors and scripts",
    "audit": "show what was started confined, and with which rights",
    "profiles": "say which profiles there are, and what each opens and why",
    "completion": "print what makes Tab complete safehouse; for packages, init has it already",
    "doctor": "say what is wrong here, if anything is, and what mends it",
}
HELP = ("help", "show the help of a command")
_RUN = ("run", "policy", "why", "learn")
_STARTING = ("run", "policy", "learn")  # what comes behind is a command's
_KEEP = ("grant", "revoke")
_KEPT = (*_KEEP, "grants")
_TRUST = ("trust", "untrust")
FORMATS = ("table", "sbpl", "bwrap", "json")
PLATFORMS = ("macos", "linux")


class Subcommand(Value):
    """A word that may come behind a command: what it does, and what comes behind that, as in help."""

    help: str
    words: str = ""


SUBCOMMANDS = {
    "init": {
        "zsh": Subcommand("what zsh reads at its start"),
        "bash": Subcommand("what bash reads at its start"),
        "fish": Subcommand("what fish reads at its start"),
    },
    "completion": {
        "zsh": Subcommand("the file _safehouse in a directory of fpath"),
        "bash": Subcommand("the file safehouse in a directory of bash-completion"),
        "fish": Subcommand("the file safehouse.fish in vendor_completions.d"),
    },
    "shims": {
        "list": Subcommand("which there are, and how they do", "[DIR]"),
        "install": Subcommand("make them", "[DIR]"),
        "check": Subcommand("whether they do what they are for", "[DIR]"),
        "remove": Subcommand("remove them", "[DIR]"),
    },
    "audit": {
        "verify": Subcommand("whether lines of the log were removed or changed"),
    },
    "profiles": {
        "list": Subcommand("which there are"),
        "show": Subcommand("what one opens, and why", "PROFILE"),
        "check": Subcommand("whether a file of your own is right", "FILE"),
    },
}
# What comes behind the other commands; "..." where there may be several, "--" what stands behind that.
WORDS = {
    "run": "COMMAND...",
    "policy": "COMMAND...",
    "learn": "COMMAND...",
    "why": "OPERATION TARGET...",
    "why --": "COMMAND...",
    "grant": "PATH...",
    "revoke": "PATH...",
}


class Option(Value):
    """One option: its spellings, where its value goes, what it takes, and what it is for.

    Kinds: `paths` (separated by colons) and `names` (by commas) add up over several uses, `file`
    may be given several times. Only behind `=` a value is taken by `optional`, by `switch`, which is
    yes or no or one of its choices, and by `word`, which is the first of its choices without one.
    """

    names: tuple[str, ...]
    field: str
    kind: Kind
    value: str
    help: str
    choices: tuple[str, ...] = ()
    commands: tuple[str, ...] = _RUN


OPTIONS = (
    Option(("--add-dirs",), "add_dirs", "paths", "PATHS", "also read and write these (a:b:c)"),
    Option(("--add-dirs-ro",), "add_dirs_ro", "paths", "PATHS", "also read these"),
    Option(("--deny",), "deny", "paths", "PATHS", "neither read nor write these, whatever else is said"),
    Option(("--deny-secrets",), "deny_secrets", "switch", "",
           "neither read nor write .env, *.pem and the like, at any depth"),
    Option(("--workdir",), "workdir", "text", "DIR", "the project, if not this directory; empty: none"),
    Option(("--enable",), "enable", "names", "FEATURES", "switch on features (ssh,docker,...)"),
    Option(("--agent",), "agent", "text", "NAME", "use this agent's profile, whatever the command is"),
    Option(("--append-profile",), "append_profile", "file", "FILE", "add rules in SBPL; several add up"),
    Option(("--network",), "network", "choice", "MODE", "open (the default) or none", NETWORKS),
    Option(("--env", "--keep-env"), "env_all", "optional", "[=FILE]",
           "pass the whole environment; with =FILE, add the variables in it"),
    Option(("--env-pass", "--pass-env"), "env_pass", "names", "NAMES", "pass these variables as well"),
    Option(("--accept-partial",), "accept_partial", "switch", "",
           "run even if the system cannot enforce it all"),
    Option(("--trust-workdir-config",), "trust", "switch", "",
           "for this launch, allow what the project's own configuration opens"),
    Option(("--always-trust-workdir-config",), "always_trust", "switch", "",
           "also for later launches, until it changes"),
    Option(("--allow-workdir-config-writes",), "allow_workdir_config_writes", "switch", "",
           "the command may write the project's own configuration"),
    Option(("--allow-profile-writes",), "allow_profile_writes", "switch", "",
           "it may write the files of --append-profile"),
    Option(("--explain",), "explain", "switch", "[=full]",
           "first say on standard error what it may do; =full: all there is", ("full",), ("run",)),
    Option(("--denials",), "denials", "switch", "",
           "at the end say what was refused, and what allows it", commands=("run",)),
    Option(("--stdout",), "stdout", "flag", "", "print the policy and run nothing", commands=("run",)),
    Option(("--output",), "output", "text", "FILE", "write the policy to FILE as well",
           commands=("run", "policy")),
    Option(("--format",), "format", "choice", "FORMAT", "table, sbpl, bwrap or json", FORMATS, ("policy",)),
    Option(("--diff",), "diff", "word", "[=WHAT]",
           "what differs from no options, from defaults, the last launch or a FILE",
           ("options", "defaults", "last"),
           ("policy",)),
    Option(("--platform",), "platform", "choice", "SYSTEM", "for macos or linux, whichever this is",
           PLATFORMS, ("policy", "why", "profiles")),
    Option(("--read-only",), "read_only", "flag", "", "may be read (what grant does if nothing is said)",
           commands=("grant",)),
    Option(("--write",), "write", "flag", "", "may be read and written", commands=("grant",)),
    Option(("--deny",), "closed", "flag", "", "may neither be read nor written", commands=("grant",)),
    Option(("--enable",), "enable", "names", "FEATURES", "features (ssh,docker,...)", commands=_KEEP),
    Option(("--env-pass", "--pass-env"), "env_pass", "names", "NAMES", "variables to pass", commands=_KEEP),
    Option(("--agent",), "agent", "text", "NAME", "for launches of this agent only", commands=_KEPT),
    Option(("--for",), "directory", "text", "DIR", "for DIR, if not for this directory",
           commands=(*_KEPT, *_TRUST)),
    Option(("--all",), "all", "flag", "", "everything that is kept for the directory", commands=("revoke",)),
    Option(("--all",), "all", "flag", "", "for every directory", commands=("grants",)),
    Option(("--all",), "all", "flag", "", "also what every program is refused and does without",
           commands=("denials",)),
    Option(("--effective",), "effective", "flag", "",
           "all sources of a launch here, in order, and what came of each", commands=("grants",)),
    Option(("--json",), "json", "flag", "", "for programs",
           commands=("policy", "why", "grants", "profiles", "shims", "doctor", "audit", "denials")),
    Option(("--since",), "since", "text", "24h|7d|today|yesterday",
           "only launches from then on; a day or a time, too: 2026-11-28T09:30", commands=("audit",)),
    Option(("--depth",), "depth", "text", "N", "of a tree: how many directories deep (2)", commands=("why",)),
    Option(("--strict",), "strict", "flag", "", "check: a warning makes the exit status 1",
           commands=("profiles",)),
    Option(("--yes",), "yes", "flag", "", "do not ask", commands=("trust", "doctor")),
    Option(("--yes",), "yes", "flag", "", "keep what is harmless, and do not ask", commands=("learn",)),
    Option(("--print",), "print", "flag", "", "print what is proposed as YAML, and keep nothing",
           commands=("learn",)),
    Option(("--profile",), "profile", "flag", "",
           "keep it as a profile of this command, for every directory", commands=("learn",)),
    Option(("--decline",), "decline", "flag", "", "leave it closed, and do not mention it again",
           commands=("trust",)),
    Option(("--import",), "bring", "flag", "", "go through the directories that agent-safehouse trusts",
           commands=("trust",)),
    Option(("--agents",), "agents", "names", "AGENTS", "these agents (claude,codex), not all that are here",
           commands=("init", "shims")),
    Option(("--shim",), "shim", "flag", "", "as shims do: confine what npx starts only if it is an agent",
           commands=("run",)),
    Option(("--die-with",), "die_with", "text", "N", "end when process N does, which starts it",
           commands=("run",)),
    Option(("--verbose", "-v"), "verbose", "flag", "", "show all that was looked at", commands=("doctor",)),
    Option(("--fix",), "fix", "flag", "", "mend what is safe and yours, after asking", commands=("doctor",)),
    Option(("--help", "-h"), "help", "flag", "", "show this", commands=tuple(COMMANDS)),
    Option(("--version", "-V"), "version", "flag", "", "show the version", commands=("run",)),
)  # fmt: skip
_REQUEST_FIELDS = frozenset(Request._names)


class Arguments(Value):
    """A command line that was understood."""

    command: str
    request: Request
    words: tuple[str, ...] = ()
    explain: bool | str | None = None
    denials: bool | None = None
    stdout: bool = False
    output: str = ""
    format: str = ""
    diff: str = ""
    help: bool = False
    version: bool = False
    read_only: bool = False
    write: bool = False
    closed: bool = False
    directory: str = ""
    all: bool = False
    effective: bool = False
    json: bool = False
    depth: str = ""
    yes: bool = False
    print: bool = False
    profile: bool = False
    decline: bool = False
    bring: bool = False
    strict: bool = False
    agents: tuple[str, ...] | None = None
    shim: bool = False
    die_with: str = ""
    verbose: bool = False
    fix: bool = False
    since: str = ""


def usage(command: str) -> str:
    """How a command with subcommands is used, in one line."""
    known = SUBCOMMANDS[command].items()
    return f"safehouse {command} {' | '.join(f'{name} {sub.words}'.strip() for name, sub in known)}"


def parse(argv: list[str]) -> Arguments:
    """The arguments behind `safehouse`. Raises UserError with the nearest right word."""
    words = list(argv)
    command = words.pop(0) if words and words[0] in COMMANDS else "run"
    found: dict[str, Any] = {}
    rest: list[str] = []
    behind: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            behind = words
            break
        if word[:1] == "-" and word != "-":
            _option(word, words, command, found)
        elif command not in _STARTING:
            rest.append(word)
        else:
            rest += [word, *words]
            break
    asked: tuple[str, ...] = ()
    if command == "why":
        asked, rest = tuple(rest), behind
    elif command not in _RUN:
        asked, rest = (*rest, *behind), []
    else:
        rest += behind
    assignments, program = split_assignments(tuple(rest))
    said: dict[str, Any] = {
        n: tuple(value) if isinstance(value, list) else value for n, value in found.items()
    }
    own: dict[str, Any] = {name: said.pop(name) for name in found if name in _REQUEST_FIELDS}
    request = Request(command=program, assignments=assignments, **own)
    _check_together(request)
    return Arguments(command, request, asked, **said)


def _check_together(request: Request) -> None:
    """Raises UserError for options that contradict each other, as agent-safehouse does."""
    if request.env_all and (request.env_pass or request.env_file):
        other = "--env-pass" if request.env_pass else "--env=FILE"
        raise UserError(f"--env cannot be combined with {other}", "--env passes all variables")
    if request.always_trust and request.trust is False:
        raise UserError(
            "--trust-workdir-config=false conflicts with --always-trust-workdir-config=true",
            "leave one of them out",
        )


def _option(word: str, words: list[str], command: str, found: dict[str, Any]) -> None:
    name, equals, value = word.partition("=")
    option = _known(name, command)
    if option.kind == "flag":
        if equals:
            raise UserError(f"{name} takes no value", f"write {name} alone")
        found[option.field] = True
        return
    if option.kind == "switch":
        found[option.field] = _truth(value, name, option) if equals else True
        return
    if option.kind == "word":
        found[option.field] = _filled(value, name, option) if equals else option.choices[0]
        return
    if option.kind == "optional":
        if equals:
            found["env_file"] = _filled(value, name, option)
        else:
            found["env_all"] = True
        return
    if not equals:
        if not words or words[0] == "--":
            raise UserError(f"{name} needs a value", f"{name}={option.value}: {option.help}")
        value = words.pop(0)
    if option.kind == "file":
        found.setdefault(option.field, []).append(_filled(value, name, option))
    elif option.kind in ("paths", "names"):
        # As agent-safehouse: `--add-dirs="$EXTRA"` says nothing where that is empty.
        parts = value.split(":" if option.kind == "paths" else ",")
        if len(parts) > 1 or option.kind == "names":  # a path alone is taken to the letter
            parts = [part.strip(" ") for part in parts]
        if option.field in ("env_pass", "agents") and not any(parts):
            _filled("", name, option)
        if option.field == "enable":
            parts = [part.lower() for part in parts]
        found.setdefault(option.field, []).extend(part for part in parts if part)
    elif option.field == "workdir":
        found["workdir"] = value if value != HERE else f"{HERE}/"
    else:
        found[option.field] = _filled(value, name, option)
        if option.choices and value not in option.choices:
            raise UserError(
                f"{name}: there is no {printable(value)!r}{nearest(value, list(option.choices))}",
                f"one of: {', '.join(option.choices)}",
            )


def _truth(value: str, name: str, option: Option) -> bool | str:
    word = value.strip().lower()
    if word in option.choices:
        return word
    if word in YES or word in NO:
        return word in YES
    raise UserError(
        f"{name}: {printable(value)!r} is neither yes nor no",
        ", ".join(("1/0, true/false, yes/no, on/off", *option.choices)),
    )


def _filled(value: str, name: str, option: Option) -> str:
    if not value:
        raise UserError(f"{name}= is empty", f"{name}={option.value.strip('[]=')}: {option.help}")
    return value


def _known(name: str, command: str) -> Option:
    meant = [option for option in OPTIONS if name in option.names]
    for option in meant:
        if command in option.commands:
            return option
    if meant:
        commands = dict.fromkeys(known for option in meant for known in option.commands)
        where = f"it belongs to {', '.join(f'safehouse {known}' for known in commands)}"
        for option in OPTIONS:  # -v for -V
            if command in option.commands and name.swapcase() in option.names and len(name) == 2:
                where = f"{name.swapcase()}: {option.help}; {where}"
        raise UserError(f"{name} does not belong to safehouse {command}", where)
    names = [
        spelling for option in OPTIONS if command in option.commands for spelling in option.names
    ]
    raise UserError(
        f"unknown option {printable(name)}{nearest(name, names)}",
        "safehouse --help lists them; options of the command itself go behind its name"
        if command == "run"
        else f"safehouse {command} --help lists them",
    )
