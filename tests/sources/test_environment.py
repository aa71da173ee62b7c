"""The environment of the command: an allow-list, what the person adds, and a PATH that is safe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from safehouse import facts
from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.request import Request
from safehouse.sources.environment import environment, without_credentials
from safehouse.sources.profile import Profile
from safehouse.sources.settings import Item
from safehouse.value import replace
from tests.fake_host import HOME, LAUNCH_TEMP, linux, mac, planned

ROOT = Path(__file__).parents[2]
SSH = Profile("ssh", "feature", "", passes=("SSH_AUTH_SOCK",))


def built(given=None, *profiles, host=mac, written=lambda path: False, names=(), **request):
    machine = host(*names, environ={} if given is None else given)
    return variables(Request(**request), machine, profiles, written)


def variables(request, host, profiles=(), written=lambda path: False):
    passed = tuple(Item(name, "--env-pass") for name in request.env_pass)
    file = Item(request.env_file, "--env") if request.env_file else None
    return dict(environment(request, host, profiles, written, passed, file))


# The allow-list


def test_what_is_not_on_the_list_is_not_passed():
    """R74."""
    given = dict.fromkeys(
        """AWS_SECRET_ACCESS_KEY GITHUB_TOKEN OPENAI_API_KEY ANTHROPIC_API_KEY NPM_TOKEN DATABASE_URL
        SSH_AUTH_SOCK GPG_AGENT_INFO DOCKER_HOST TMUX STY DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
        DISPLAY WAYLAND_DISPLAY LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH
        PYTHONPATH PYTHONSTARTUP NODE_OPTIONS BASH_ENV ENV PERL5OPT RUBYOPT GIT_SSH_COMMAND GIT_ASKPASS
        SSH_ASKPASS PROMPT_COMMAND IFS CDPATH SHIV_ROOT SAFEHOUSE_ENABLE VSCODE_GIT_IPC_HANDLE
        HERDR_SOCKET CMUX_SOCKET KUBECONFIG VAULT_TOKEN term lc_all""".split(),
        "secret",
    )
    assert not set(given) & set(built(given))


def test_what_programs_need_to_know_is_passed():
    """R27, R74."""
    given = {
        name: f"value of {name}"
        for name in """TERM COLORTERM LANG LC_ALL LC_CTYPE TZ EDITOR VISUAL PAGER USER SHELL NO_COLOR
        NO_BROWSER SDKROOT XDG_CONFIG_HOME NODE_EXTRA_CA_CERTS SSL_CERT_FILE REQUESTS_CA_BUNDLE
        VIRTUAL_ENV __CF_USER_TEXT_ENCODING""".split()
    }
    assert given.items() <= built(given).items()


@pytest.mark.parametrize(
    "value, kept",
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://user:pass@proxy:3128", "http://proxy:3128"),
        ("http://user:p@ss@proxy:3128/x@y", "http://proxy:3128/x@y"),
        ("user:pass@proxy:3128", "proxy:3128"),
        ("http://user@proxy", "http://proxy"),
        ("socks5h://u:p@[::1]:9050", "socks5h://[::1]:9050"),
        ("localhost,.example.com,10.0.0.0/8", "localhost,.example.com,10.0.0.0/8"),
        ("", ""),
    ],
)
def test_a_proxy_is_passed_without_its_password(value, kept):
    """U5: Not on the list of agent-safehouse's mistakes to copy: HTTP_PROXY with user:pass."""
    assert without_credentials(value) == kept
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY", "no_proxy"):
        assert built({name: value})[name] == kept


@pytest.mark.parametrize("value", ["http://u:p?a@proxy", "http://u:#p@h", "u:p?a@h"])
def test_no_part_of_a_strange_proxy_password_is_passed(value):
    kept = without_credentials(value)
    assert not any(part in kept for part in ("p?a", "#p"))


def test_the_agent_socket_is_passed_with_the_feature_only():
    given = {"SSH_AUTH_SOCK": "/run/agent"}
    assert "SSH_AUTH_SOCK" not in built(given)
    assert "SSH_AUTH_SOCK" not in built(given, env_all=True)
    assert built(given, SSH)["SSH_AUTH_SOCK"] == "/run/agent"
    assert built(given, SSH, env_all=True)["SSH_AUTH_SOCK"] == "/run/agent"


def test_an_agent_gets_its_own_keys_and_no_other_s():
    given = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "AWS_ACCESS_KEY_ID": "w"}
    host = mac(environ=given)

    def passed(*enable, agent=""):
        policy = planned(host, Request(agent=agent, enable=enable)).policy
        return set(given) & set(dict(policy.environment))

    assert passed(agent="claude") == {"ANTHROPIC_API_KEY"}
    assert passed(agent="codex") == {"OPENAI_API_KEY"}
    assert passed() == set()
    assert passed("cloud-credentials") == {"AWS_ACCESS_KEY_ID"}


def test_what_safehouse_says_is_not_forged():
    given = {"SAFEHOUSE_SANDBOX": "0", "HOME": "/other", "TMPDIR": "/evil"}
    for request in ({}, {"env_all": True}, {"env_pass": ("SAFEHOUSE_SANDBOX",)}):
        values = built(given, **request)
        assert values["SAFEHOUSE_SANDBOX"] == LAUNCH_TEMP + "/safehouse.md"
        assert values["HOME"] == HOME
    assert built(given)["TMPDIR"] == LAUNCH_TEMP + "/"
    assert built(given, host=linux)["TMPDIR"] == "/tmp"


# What the person adds


@pytest.mark.parametrize(
    "sources, wins",
    [
        ("default", "default"),
        ("default listed", "listed"),
        ("default listed file", "file"),
        ("default listed file pass", "listed"),
        ("default listed file pass word", "word"),
        ("default file word", "word"),
        ("default file", "file"),
    ],
)
def test_precedence(sources, wins, tmp_path):
    """R74: allow-list < file < --env-pass < NAME=VALUE; a profile's default only where missing."""
    file = tmp_path / "env"
    file.write_text("EDITOR=file\n")
    request = Request(
        env_file=str(file) if "file" in sources else "",
        env_pass=("EDITOR",) if "pass" in sources else (),
        assignments=(("EDITOR", "word"),) if "word" in sources else (),
    )
    host = with_local_files(mac(environ={"EDITOR": "listed"} if "listed" in sources else {}))
    profile = Profile("p", "agent", "", environment=(("EDITOR", "default"),))
    found = variables(request, host, (profile,))
    assert found["EDITOR"] == wins


def test_a_default_of_an_appended_profile_wins_and_the_last_of_them():
    shipped = Profile("p", "agent", "", environment=(("A", "shipped"), ("B", "shipped")))
    appended = (("A", "first"), ("C", "first"), ("A", "last"))
    host = mac(environ={"EDITOR": "mine"})
    found = dict(
        environment(
            Request(), host, (shipped,), lambda path: False,
            defaults=(*appended, ("EDITOR", "its"), ("APP_SANDBOX_CONTAINER_ID", "its")),
        )
    )  # fmt: skip
    assert [found[name] for name in "ABC"] == ["last", "shipped", "first"]
    assert (found["EDITOR"], found["APP_SANDBOX_CONTAINER_ID"]) == ("mine", "its")


def with_local_files(host):
    """The same host with the files of this machine, for what is read."""
    return replace(host, files=LocalFiles())


def test_the_whole_environment_is_passed_when_asked_for():
    values = built({"FOO": "bar", "HTTP_PROXY": "http://u:p@h"}, env_all=True)
    assert values["FOO"] == "bar"


def test_a_name_that_is_not_set_is_not_passed_as_empty():
    assert "FOO" not in built({}, env_pass=("FOO",))
    assert built({"FOO": ""}, env_pass=("FOO",))["FOO"] == ""


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "Ä", "A\n", "A=B"])
def test_a_bad_name_is_refused(name):
    with pytest.raises(UserError, match="not the name of a variable"):
        built({}, env_pass=(name,))
    with pytest.raises(UserError, match="not the name of a variable"):
        built({}, assignments=((name, "x"),))


def test_a_value_is_taken_as_it_is_written():
    """#121: NAME=~/x is not expanded."""
    values = built({}, assignments=(("A", "~/x"), ("B", "$HOME"), ("C", "a=b"), ("D", "")))
    assert [values[name] for name in "ABCD"] == ["~/x", "$HOME", "a=b", ""]


def test_programs_can_see_that_they_are_confined():
    """R74: APP_SANDBOX_CONTAINER_ID only where it is missing."""
    name = "APP_SANDBOX_CONTAINER_ID"
    assert built({})[name] == "agent-safehouse"
    assert built({})["SAFEHOUSE_SANDBOX"] == LAUNCH_TEMP + "/safehouse.md"
    assert built({}, host=linux)["SAFEHOUSE_SANDBOX"] == "/tmp/safehouse.md"
    assert built({name: "caller"}, env_all=True)[name] == "caller"
    assert built({name: "caller"}, env_pass=(name,))[name] == "caller"


def test_there_is_always_a_place_for_temporary_files():
    assert built({"TMPDIR": "/x"}, host=linux)["TMPDIR"] == "/tmp"
    assert built({"TMPDIR": "/x"}, host=linux, env_all=True)["TMPDIR"] == "/tmp"
    assert built({"TMPDIR": "/x"}, host=linux, env_pass=("TMPDIR",))["TMPDIR"] == "/x"
    assert built({})["TMPDIR"] == f"{LAUNCH_TEMP}/"


@pytest.mark.parametrize("request_", [{}, {"env_all": True}], ids=["list", "all"])
def test_other_names_of_the_place_for_temporary_files(request_):
    given = {"TMP": "/x", "TEMP": "/y"}
    found = built(given, host=linux, **request_)
    assert (found["TMP"], found["TEMP"]) == ("/tmp", "/tmp")
    found = built(given, **request_)
    assert (found["TMP"], found["TEMP"]) == (LAUNCH_TEMP, LAUNCH_TEMP)
    assert not set(given) & set(built({}, host=linux, **request_))
    assert built(given, host=linux, env_pass=("TMP",))["TMP"] == "/x"


def test_path_and_home_are_the_caller_s_own_where_asked_for():
    """R74: as they are, with what would have been left out of PATH or moved in it."""
    given = {"PATH": "bin:/usr/bin:.", "HOME": "/other"}
    found = built(given, env_pass=("PATH", "HOME"))
    assert (found["PATH"], found["HOME"]) == ("bin:/usr/bin:.", "/other")
    assert built({}, env_pass=("PATH", "HOME"))["HOME"] == HOME
    assert built({"PATH": "/a"}, env_pass=("PATH",), assignments=(("PATH", "x"),))["PATH"] == "x"


@pytest.mark.parametrize(
    "given, user, logname",
    [
        ({}, None, None),
        ({"USER": "a"}, "a", "a"),
        ({"LOGNAME": "b"}, "b", "b"),
        ({"USER": "a", "LOGNAME": "b"}, "a", "b"),
    ],
)
def test_user_and_logname_fill_each_other(given, user, logname):
    found = built(given)
    assert (found.get("USER"), found.get("LOGNAME")) == (user, logname)


def test_there_is_always_a_shell():
    assert built({})["SHELL"] == "/bin/sh"
    assert built({"SHELL": "/bin/zsh"})["SHELL"] == "/bin/zsh"
    assert built({}, Profile("p", "agent", "", environment=(("SHELL", "/x"),)))["SHELL"] == "/x"


# What Python itself sets: PEP 538


def locale_of(given, started_with, tmp_path, monkeypatch, **request):
    file = tmp_path / "environ"
    file.write_bytes(b"".join(entry.encode() + b"\0" for entry in started_with))
    monkeypatch.setattr(facts, "_STARTED_WITH", str(file))
    monkeypatch.setenv("LC_CTYPE", given)
    return built(facts.environment(), host=linux, **request).get("LC_CTYPE")


@pytest.mark.parametrize(
    "given, started_with, wanted",
    [
        ("C.UTF-8", ["LANG=C"], None),
        ("C.UTF-8", ["A=1", "LC_CTYPE=C"], "C"),
        ("C.UTF-8", ["A=1", "LC_CTYPE=C.UTF-8"], "C.UTF-8"),
        ("UTF-8", ["XLC_CTYPE=a"], None),
        ("de_DE.UTF-8", [], "de_DE.UTF-8"),
    ],
)
@pytest.mark.parametrize("request_", [{}, {"env_all": True}, {"env_pass": ("LC_CTYPE",)}])
def test_a_locale_that_only_python_made(
    given, started_with, wanted, request_, tmp_path, monkeypatch
):
    assert locale_of(given, started_with, tmp_path, monkeypatch, **request_) == wanted


def test_where_it_cannot_be_told_the_locale_is_passed(monkeypatch):
    monkeypatch.setattr(facts, "_STARTED_WITH", "/none")
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    assert facts.environment()["LC_CTYPE"] == "C.UTF-8"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("given", [{}, {"LC_CTYPE": "C"}, {"LC_CTYPE": "C.UTF-8"}])
def test_a_program_in_the_locale_c_gets_what_the_caller_has(given, tmp_path):
    script = (
        "from safehouse.host import Host; from safehouse.request import Request\n"
        "from safehouse.sources.environment import environment\n"
        "found = dict(environment(Request(), Host.current(), (), lambda path: False))\n"
        "print(found.get('LC_CTYPE'))"
    )
    env = {"LANG": "C", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **given}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.stdout == f"{given.get('LC_CTYPE')}\n", done.stderr


# PATH


def search_path(path, *names, written=lambda path: False, given=None, host=mac):
    values = built({"PATH": path, **(given or {})}, names=names, written=written, host=host)
    return values["PATH"].split(":")


def test_only_absolute_entries_each_once():
    """U6."""
    found = search_path("/usr/bin:.::bin:~/x:/bin:/usr/bin/:/a\nb:/bin:./c", "/bin/sh")
    assert found[:2] == ["/usr/bin", "/bin"]
    assert all(entry.startswith("/") for entry in found)
    assert len(set(found)) == len(found)


def test_what_the_program_may_write_comes_last():
    """Else it could put its own `git` in front of the person's."""
    found = search_path("/w/bin:/usr/bin:/bin", "/w/bin/", written=lambda p: p.startswith("/w"))
    assert found[0] == "/usr/bin"
    assert found[-1] == "/w/bin"


def test_an_entry_is_judged_by_where_it_leads():
    host = mac("/w/bin/", links={"/link": "/w/bin"}, environ={"PATH": "/link:/usr/bin"})
    values = dict(environment(Request(), host, (), lambda p: p.startswith("/w")))
    assert values["PATH"].split(":")[-1] == "/link"


def test_an_active_virtual_environment_keeps_its_place():
    found = search_path(
        "/w/.venv/bin:/w/bin:/usr/bin",
        "/w/.venv/bin/",
        written=lambda p: p.startswith("/w"),
        given={"VIRTUAL_ENV": "/w/.venv"},
    )
    assert found[0] == "/w/.venv/bin"
    assert found[-1] == "/w/bin"


@pytest.mark.parametrize("host, usual", [(mac, "/opt/homebrew/bin"), (linux, "/usr/local/bin")])
def test_the_usual_directories_are_appended_where_they_exist(host, usual):
    """R74: a desktop starts programs with a bare PATH."""
    home = host().home
    found = search_path("/usr/bin", usual + "/", f"{home}/.local/bin/", host=host)
    assert found[0] == "/usr/bin"
    assert {usual, f"{home}/.local/bin"} <= set(found)
    assert "/opt/local/bin" not in found


def test_the_whole_plan_puts_a_project_s_programs_last():
    host = mac(
        "src/project/bin/", environ={"PATH": f"{HOME}/src/project/bin:/usr/bin:/private/tmp"}
    )
    found = dict(planned(host, Request()).policy.environment)["PATH"].split(":")
    assert found[0] == "/usr/bin"
    assert found[-2:] == [f"{HOME}/src/project/bin", "/private/tmp"]


def test_the_variables_are_in_order():
    names = [name for name, _ in environment(Request(), mac(), (), lambda p: False)]
    assert names == sorted(names)
