"""What a repository brings along: hostile until the person has looked, and bounded even then."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.host import LINUX, MACOS
from safehouse.policy.policy import Access
from safehouse.request import Request
from safehouse.sandbox import make_plan
from safehouse.sources import repository, trust
from safehouse.sources.settings import Item
from safehouse.value import replace
from tests.real_home import Person


@pytest.fixture
def person(tmp_path):
    return Person(tmp_path)


def asked(person, name, text, trusted=True):
    person.write(f"src/project/{name}", text)
    host = person.host()
    try:
        return repository.asked(repository.project(host, str(person.project)), host, trusted)
    finally:
        (person.project / name).unlink()


def old(person, text):
    (source,) = asked(person, ".safehouse", text)
    return source


def texts(items):
    return [item.text for item in items]


# agent-safehouse's .safehouse


def test_its_keys_and_their_other_spellings(person):
    """R73."""
    source = old(
        person,
        "# a comment\n; another\n\n"
        "add-dirs-ro=/a:/b c\n"
        "  add_dirs_ro = /c \n"
        "SAFEHOUSE_ADD_DIRS_RO=/d\n"
        "add-dirs='/e'\n"
        'add_dirs="/f"\n'
        "SAFEHOUSE_ADD_DIRS=/g\n"
        "enable=ssh, docker,\n"
        "append-profile=its own:profile.sb\n"
        "append-profile=second.sb\n",
    )
    assert texts(source.add_dirs_ro) == ["/a", "/b c", "/c", "/d"]
    assert texts(source.add_dirs) == ["/e", "/f", "/g"]
    assert texts(source.enable) == ["ssh", "docker"]
    assert texts(source.append_profile) == ["its own:profile.sb", "second.sb"]
    assert source.add_dirs_ro[0] == Item("/a", ".safehouse:4")
    assert source.base == str(person.project)


@pytest.mark.parametrize(
    "text", ["", "\n", "# only\n", "add-dirs=\n", "add-dirs=::\n", "enable=,\n", "add-dirs=''\n"]
)
def test_it_may_ask_for_nothing(person, text):
    source = old(person, text)
    assert not (source.add_dirs or source.enable)


@pytest.mark.parametrize(
    "text, said",
    [
        ("\nadd-dirs\n", ".safehouse:2: expected key=value"),
        ("x=1\n", ".safehouse:1: unknown key 'x'"),
        ("\n\nadd-dir=/a\n", ".safehouse:3: unknown key 'add-dir', did you mean 'add-dirs'?"),
        ("deny=/a\n", ".safehouse:1: unknown key 'deny'"),
        ("workdir=/\n", ".safehouse:1: unknown key 'workdir'"),
        ("\x1b[2J=1\n", ".safehouse:1: unknown key '\\\\x1b[2J'"),
        ("add-dirs=/a\x1b[2J\n", ".safehouse:1: a control or invisible character: /a\\x1b[2J"),
        ("add-dirs=/a\u202eb\n", ".safehouse:1: a control or invisible character: /a\\u202eb"),
        ("add-dirs=/a\u200bb\n", ".safehouse:1: a control or invisible character"),
        ("enable=s\0h\n", ".safehouse:1: a control or invisible character"),
        (f"add-dirs=/{'a' * 1000}\n", ".safehouse:1: longer than 1000 characters"),
        (f"{'k' * 10_000}=1\n", ".safehouse:1: unknown key"),
        (b"# x\nadd-dirs=/\xff\n", ".safehouse:2: not text in UTF-8"),
        ("add-dirs=/a\n".encode("utf-16"), ".safehouse:1: not text in UTF-8"),
        ("enable=" + ",".join(["ssh"] * 101), ".safehouse: asks for 101 things; 100 is the most"),
    ],
)
def test_what_is_wrong_in_it_is_told_with_its_line(person, text, said):
    with pytest.raises(UserError) as error:
        old(person, text)
    assert error.value.message.startswith(said)
    assert error.value.message.isprintable() and len(error.value.message) < 300
    assert error.value.hint


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfadd-dirs=/a\n", b"add-dirs=/a\r\n", b"add-dirs=/a"])
def test_marks_and_line_ends_of_other_systems_do_no_harm(person, text):
    assert texts(old(person, text).add_dirs) == ["/a"]


def test_it_is_not_even_understood_without_trust(person):
    assert asked(person, ".safehouse", "nonsense\n", trusted=False) == ()


# What is read


def test_both_files_are_read(person):
    person.write("src/project/.safehouse", "add-dirs=/a\n")
    person.write("src/project/.safehouse.yaml", "deny: [x]\n")
    host = person.host()
    found = repository.project(host, str(person.project))
    assert [path.rpartition("/")[2] for path, _ in found.files] == [".safehouse", ".safehouse.yaml"]
    names = [source.name for source in repository.asked(found, host, trusted=True)]
    assert names == [".safehouse", ".safehouse.yaml"]


@pytest.mark.parametrize("name", [".safehouse", ".safehouse.yaml"])
@pytest.mark.parametrize(
    "what", ["link", "dangling", "device", "pipe", "directory", "huge", "closed"]
)
def test_only_a_file_of_some_size_is_read(person, name, what):
    path = person.project / name
    if what == "link":
        person.write("good.yaml", "deny: [x]\n")
        path.symlink_to("../../good.yaml")
    elif what == "dangling":
        path.symlink_to("nowhere")
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    elif what == "huge":
        path.write_bytes(b"#" * 10_000_000)
    elif os.getuid() == 0:
        pytest.skip("root reads everything")
    else:
        person.write(f"src/project/{name}", "", 0)
    begun = time.process_time()
    with pytest.raises(UserError) as error:
        repository.project(person.host(), str(person.project))
    assert time.process_time() - begun < 10
    assert str(path) in error.value.message and error.value.hint


def test_too_many_wishes_are_refused(person):
    paths = ", ".join(f"p{n}" for n in range(101))
    with pytest.raises(UserError, match="asks for 101 things; 100 is the most"):
        asked(person, ".safehouse.yaml", f"deny: [{paths}]\n")


def test_as_many_as_are_allowed_are_planned_soon(person):
    paths = ", ".join(f"~/a{n}/b/c/d" for n in range(50))
    more = ", ".join(f"s{n}/t" for n in range(50))
    person.write("src/project/.safehouse.yaml", f"deny: [{paths}]\nadd-dirs: [{more}]\n")
    begun = time.process_time()
    person.plan("true", trust=True)
    assert time.process_time() - begun < 10


# What is not trusted opens nothing

HOME_TREE = (
    ".ssh/id", "data/x", "other/y", "src/project/secret/k", "src/project/sub/f", "src/sibling/z",
    "src/project/.git/HEAD", ".zshrc", "src/project/its.sb",
)  # fmt: skip
LINKS = {
    "src/project/out": "../../.ssh",
    "src/project/in": "sub",
    ".ssh/back": "../src/project/sub",
    "other/deep": "../.ssh/back",
}
SAMPLES = [
    "", ".ssh", ".ssh/id", ".ssh/back", ".ssh/back/f", "data", "data/x", "data/new", "other",
    "other/y", "other/deep", "src", "src/sibling/z", "src/project", "src/project/new",
    "src/project/secret", "src/project/secret/k", "src/project/sub/f", "src/project/out",
    "src/project/out/id", "src/project/in", "src/project/in/f", "src/project/.git/HEAD",
    "src/project/.git/hooks/x", "src/project/.safehouse", "src/project/.safehouse.yaml",
    "src/project/its.sb", ".zshrc", ".config/safehouse/config.yaml", ".local/state/safehouse/trust",
    "/etc/passwd", "/etc/shadow", "/usr/bin/env", "/", "/tmp/x",
]  # fmt: skip
OPERATIONS = (
    "file-read-data", "file-read-metadata", "file-write-data", "file-write-create",
    "file-write-unlink", "file-link", "process-exec*",
)  # fmt: skip
OTHERS = [
    Access("network-outbound", "example.org:443"),
    Access("network-inbound", "localhost:80"),
    Access("mach-lookup", "com.apple.pasteboard.1"),
    Access("signal", "others"),
]
PLACES = st.sampled_from(
    ["~/", "~/.ssh", "~/.ssh/back", "~/data", "~/data/x", "~/other/deep", "/", "/etc", ".", "./",
     "..", "../..", "sub", "sub/f", "secret", "secret/k", "out", "out/id", "in", "in/f", "none",
     "~/none", "../sibling", ".git", ".git/HEAD", ".safehouse.yaml", "its.sb", "~/.zshrc",
     "~/.config/safehouse", "~/.local/state/safehouse", "/tmp", "~/src/project/sub/../../.."]
)  # fmt: skip
WISHES = st.fixed_dictionaries(
    {},
    optional={
        "add-dirs": st.lists(PLACES, max_size=4),
        "add-dirs-ro": st.lists(PLACES, max_size=4),
        "deny": st.lists(PLACES, max_size=3),
        "enable": st.lists(st.sampled_from(["ssh", "docker", "wide-read", "git-config", "x"])),
        "env-pass": st.lists(st.sampled_from(["TOKEN", "SSH_AUTH_SOCK", "PATH"])),
        "append-profile": st.lists(st.sampled_from(["its.sb", "none.sb", "out/id", "~/data/x"])),
        "network": st.sampled_from(["open", "none"]),
    },
)
LINES = st.lists(
    st.tuples(st.sampled_from(["add-dirs", "add-dirs-ro", "enable", "append-profile", "x"]), PLACES)
)


@pytest.fixture(scope="module")
def somebody(tmp_path_factory):
    """One home for many examples."""
    person = Person(tmp_path_factory.mktemp("somebody"))
    for name in HOME_TREE:
        person.write(name, "(allow default)\n" if name.endswith(".sb") else "x")
    for name, target in LINKS.items():
        (person.home / name).symlink_to(target)
    person.write(".config/safehouse/config.yaml", "# mine\n")
    person.write(".local/state/safehouse/trust/x", "")
    return person


def yaml(wishes):
    quoted = {k: [f"'{w}'" for w in v] if isinstance(v, list) else v for k, v in wishes.items()}
    lines = (
        f"{k}: [{', '.join(v)}]" if isinstance(v, list) else f"{k}: {v}" for k, v in quoted.items()
    )
    return "".join(f"{line}\n" for line in lines)


def put(person, files):
    for name in (".safehouse", ".safehouse.yaml"):
        (person.project / name).unlink(missing_ok=True)
        if name in files:
            person.write(f"src/project/{name}", files[name])


def machine(person, platform):
    host = person.host(TOKEN="secret", SSH_AUTH_SOCK="/tmp/agent")
    return replace(host, platform=platform, folds_case=False)


def allowed(plan, person):
    paths = [p if p[:1] == "/" else f"{person.home}/{p}".rstrip("/") for p in SAMPLES]
    asked = [*OTHERS, *(Access(operation, path) for operation in OPERATIONS for path in paths)]
    found = {access for access in asked if plan.policy.decide(access).allowed}
    variables = {Access("variable", name) for name, _ in plan.policy.environment}
    return found | variables | {Access("feature", p.name) for p in plan.profiles}


def never_more(person, platform, files, **request):
    put(person, {})
    without = allowed(
        make_plan(Request(command=("true",), **request), machine(person, platform)), person
    )
    put(person, files)
    try:
        plan = make_plan(Request(command=("true",), **request), machine(person, platform))
    except UserError:
        return
    assert allowed(plan, person) <= without


MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PLATFORMS = pytest.mark.parametrize("platform", [LINUX, MACOS])


@PLATFORMS
@MANY
@given(WISHES, LINES, st.booleans())
@example({"add-dirs-ro": ["~/.ssh/back"]}, [], False)  # the link itself was not to be seen before
@example({"add-dirs-ro": ["~/other/deep"], "deny": ["~/other/deep"]}, [], False)
def test_what_is_not_trusted_opens_nothing(somebody, platform, wishes, lines, declined):
    files = {".safehouse.yaml": yaml(wishes)}
    if lines:
        files[".safehouse"] = "".join(f"{key}={value}\n" for key, value in lines)
    never_more(somebody, platform, files, **({"trust": False} if declined else {}))


@MANY
@given(
    WISHES, st.integers(0, 99), st.binary(max_size=3) | st.text(max_size=3), st.binary(max_size=60)
)
def test_nor_do_any_bytes(somebody, wishes, place, more, old):
    more = more if isinstance(more, bytes) else more.encode("utf-8", "surrogatepass")
    data = yaml(wishes).encode()
    never_more(
        somebody, LINUX, {".safehouse.yaml": data[:place] + more + data[place:], ".safehouse": old}
    )


@MANY
@given(WISHES, WISHES)
def test_nor_does_what_was_changed_after_it_was_trusted(somebody, before, wishes):
    put(somebody, {".safehouse.yaml": yaml(before)})
    host = machine(somebody, LINUX)
    project = repository.project(host, str(somebody.project))
    trust.remember(trust.TRUSTED, trust.Content(project.directory, project.files), host)
    try:
        if before != wishes:
            never_more(somebody, LINUX, {".safehouse.yaml": yaml(wishes)})
    finally:
        trust.forget(str(somebody.project), host)


# What no source opens

PROTECTED = [
    ".config/safehouse", ".config/safehouse/config.yaml", ".config/safehouse/new",
    ".local/state/safehouse/trust/x", ".local/state/safehouse/trust/new", ".cache/safehouse/config",
    ".zshrc", ".bashrc", ".profile", "src/project/.safehouse.yaml", "src/project/.git/hooks/x",
    "src/project/.git/config",
]  # fmt: skip
WRITES = ("file-write-data", "file-write-create", "file-write-unlink", "file-link")


@PLATFORMS
@MANY
@given(
    wishes=WISHES,
    own=WISHES,
    kept=WISHES,
    typed=st.lists(st.sampled_from(["~", "/", "~/.config/safehouse", "~/.zshrc", "~/.local"])),
    variable=st.lists(st.sampled_from(["~/data", "~/.config", "~/.local", "~/src"])),
)
def test_what_is_protected_stays_closed_whatever_all_sources_say(
    somebody, platform, wishes, own, kept, typed, variable
):
    for each in (wishes, own, kept):
        each.pop("deny", None)
        each.pop("append-profile", None)
        each["enable"] = [
            name for name in each.get("enable", []) if name not in ("x", "git-config")
        ]
    absolute = {
        k: [p for p in v if p[:1] in "~/" or k in ("enable", "env-pass")]
        if isinstance(v, list)
        else v
        for k, v in own.items()
    }
    put(somebody, {".safehouse.yaml": yaml({**wishes, "append-profile": ["its.sb"]})})
    somebody.write(".zshrc", "x")
    somebody.configure(yaml(absolute))
    directories = "".join(
        f"  {line}\n" for line in yaml({k: v for k, v in absolute.items() if v}).splitlines()
    )
    somebody.write(
        ".config/safehouse/grants.yaml", f"{somebody.project}:\n{directories or '  {}'}\n"
    )
    host = machine(somebody, platform)
    host = replace(host, environ={**host.environ, "SAFEHOUSE_ADD_DIRS": ":".join(variable)})
    request = Request(
        command=("true",), trust=True, add_dirs=tuple(typed), enable=("wide-read",) * bool(typed)
    )
    try:
        plan = make_plan(request, host)
    except UserError:
        return
    finally:
        somebody.configure("# mine\n")
        (somebody.own / "grants.yaml").unlink()
    for path in PROTECTED:
        for operation in WRITES:
            access = Access(operation, f"{somebody.home}/{path}")
            assert not plan.policy.decide(access).allowed, access
    for path in PROTECTED[:6]:
        assert not plan.policy.decide(Access("file-read-data", f"{somebody.home}/{path}")).allowed
