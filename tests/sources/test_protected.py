"""What no source opens: safehouse's own files, and those that start the person's shell."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from safehouse.policy.policy import Access
from safehouse.policy.rule import DENY, Tier
from safehouse.request import Request
from safehouse.sources import protected
from tests.fake_host import HOME, mac, planned
from tests.real_home import Person

CHANGES = ("file-write-data", "file-write-create", "file-write-unlink", "file-link")


def refused(host, workdir="", words=CHANGES):
    found = list(protected.grants(host, workdir))
    assert all((g.action, g.origin.tier) == (DENY, Tier.PROTECTED) for g in found)
    return {g.filter.value for g in found}


def allows(request, operation, path, host=None):
    policy = planned(host or mac(), request).policy
    return policy.decide(Access(operation, path)).allowed


def test_its_own_directories_wherever_variables_move_them():
    host = mac(environ={"XDG_CONFIG_HOME": "/data/config/", "XDG_STATE_HOME": f"{HOME}/state"})
    found = refused(host)
    for path in (".config", ".local/state", ".local/share", ".cache", "state"):
        assert f"{HOME}/{path}/safehouse" in found
    assert "/data/config/safehouse" in found


@pytest.mark.parametrize("value", ["", "relative", "~/x", "/a\nb"])
def test_a_variable_that_is_no_path_moves_nothing(value):
    assert refused(mac(environ={"XDG_CONFIG_HOME": value})) == refused(mac())


def test_its_own_directories_are_not_even_seen():
    """The grants and the trust of all projects: what is in them is nobody's business inside."""
    for operation in ("file-read-data", "file-read-metadata", "network-outbound", *CHANGES):
        wide = Request(enable=("wide-read",), workdir="~")
        assert not allows(wide, operation, f"{HOME}/.config/safehouse/x")


def test_safehouse_itself_is_not_changed():
    host = mac()
    request = Request(add_dirs=("/opt/safehouse",))
    for operation in CHANGES:
        assert not allows(request, operation, "/opt/safehouse/safehouse/sandbox.py", host)
        assert allows(request, operation, "/opt/safehouse/other", host)
    assert not allows(request, "file-write-unlink", "/opt/safehouse", host)


def test_the_single_file_is_found_by_the_paths_inside_it(monkeypatch):
    monkeypatch.setattr(protected, "__file__", "/x/bin/safehouse/safehouse/sources/protected.pyc")
    assert "/x/bin/safehouse" in protected.program_paths(mac("/x/bin/safehouse"))


def test_a_link_to_it_does_not_hide_it(monkeypatch):
    monkeypatch.setattr(protected, "__file__", "/x/bin/safehouse/safehouse/sources/protected.pyc")
    host = mac("/cellar/safehouse", links={"/x/bin/safehouse": "/cellar/safehouse"})
    assert "/cellar/safehouse" in protected.program_paths(host)


def test_in_a_checkout_the_profiles_and_the_environment_are_its_own_too(monkeypatch):
    monkeypatch.setattr(protected, "__file__", "/src/safehouse/sources/protected.py")
    python = SimpleNamespace(prefix="/src/.venv", base_prefix="/usr")
    monkeypatch.setattr(protected, "sys", python)
    found = protected.program_paths(mac("/src/safehouse/", "/src/profiles.yaml", "/src/.venv/x"))
    assert found == ["/src/safehouse", "/src/profiles.yaml", "/src/.venv"]


def test_installed_by_pip_all_that_it_imports_from_is_its_own(monkeypatch):
    """A module that a library would import if it were there is planted beside it otherwise."""
    site = f"{HOME}/.local/lib/python3.11/site-packages"
    monkeypatch.setattr(protected, "__file__", f"{site}/safehouse/sources/protected.py")
    started = f"{HOME}/.local/bin/safehouse"
    python = SimpleNamespace(prefix="/usr", base_prefix="/usr", argv=[started])
    monkeypatch.setattr(protected, "sys", python)
    found = protected.program_paths(mac(".local/lib/python3.11/site-packages/safehouse/", started))
    assert found == [f"{site}/safehouse", site, started]


def test_a_python_of_the_person_s_own_is_not_changed(monkeypatch):
    """uv's and pyenv's: what it is made of runs before any line of ours."""
    own = f"{HOME}/.local/share/uv/python/3.13"
    environment = f"{HOME}/.local/share/uv/tools/safehouse"
    package = f"{environment}/lib/python3.13/site-packages/safehouse"
    monkeypatch.setattr(protected, "__file__", f"{package}/sources/protected.py")
    python = SimpleNamespace(prefix=environment, base_prefix=own, argv=["safehouse"])
    monkeypatch.setattr(protected, "sys", python)
    host = mac(f"{package}/", f"{own}/bin/")
    assert protected.program_paths(host) == [package, environment, own]
    elsewhere = SimpleNamespace(prefix=environment, base_prefix="/opt/python", argv=["safehouse"])
    monkeypatch.setattr(protected, "sys", elsewhere)
    assert protected.program_paths(host) == [package, environment]


@pytest.mark.parametrize(
    "name",
    [".zshrc", ".zshenv", ".zprofile", ".zlogin", ".bashrc", ".bash_profile", ".bash_login", ".profile",
     ".config/fish/config.fish", ".config/fish/conf.d/x.fish"],
)  # fmt: skip
def test_what_starts_the_person_s_shell_is_not_changed_even_where_the_home_is_the_project(name):
    for operation in CHANGES:
        assert not allows(Request(workdir="~"), operation, f"{HOME}/{name}")
    assert allows(Request(workdir="~"), "file-read-data", f"{HOME}/{name}")


def test_what_the_project_asks_of_safehouse_is_that_file_only():
    """R3, R4: not one of the same name further down."""
    for name in (".safehouse", ".safehouse.yaml"):
        for operation in CHANGES:
            assert not allows(Request(), operation, f"{mac().cwd}/{name}")
            assert allows(Request(), operation, f"{mac().cwd}/sub/{name}")
        assert allows(Request(), "file-read-data", f"{mac().cwd}/{name}")


def test_it_comes_after_all_that_the_person_adds(tmp_path):
    """R3."""
    person = Person(tmp_path)
    path = person.write("src/project/.safehouse", "")
    policy = person.plan("true", add_dirs=(str(path), str(person.project))).policy
    assert not policy.decide(Access("file-write-data", str(path))).allowed
    assert policy.decide(Access("file-write-data", f"{person.project}/x")).allowed


def test_without_a_working_directory_there_is_nothing_of_its_own_in_it():
    """R19."""
    assert not [path for path in refused(mac()) if path.endswith((".safehouse", ".yaml"))]
    assert {"/.safehouse", "/.safehouse.yaml"} <= refused(mac(), "/")


def test_all_that_profiles_yaml_calls_start_files_of_shells():
    """It says that nothing lets these be written."""
    from safehouse.sources.catalogue import Catalogue, records

    starts = [
        grant.filter
        for profile, grant in Catalogue("linux", records()).grants()
        if profile == "shell-init" and grant.filter is not None
    ]
    assert len(starts) > 15
    for filter in starts:
        path = filter.value.replace("~", HOME, 1)
        path += {"subpath": "/x", "prefix": "-host-5.9"}.get(filter.kind, "")
        path = f"{HOME}/.zshrc.zwc" if filter.kind == "regex" else path
        assert path == f"{HOME}/.config/fish" or not allows(
            Request(workdir="~"), "file-write-data", path
        ), path


@pytest.mark.parametrize(
    "name",
    """
    .bash_aliases .bash_completion .bash_logout .inputrc .zlogout .zcompdump .zcompdump-host-5.9 .zshrc.zwc
    .zcompdump.zwc .config/bash_completion .local/share/bash-completion/completions/git
    .local/share/fish/vendor_conf.d/x.fish .local/share/fish/generated_completions/x.fish
    """.split(),
)
def test_what_shells_read_besides(name):
    for operation in CHANGES:
        assert not allows(Request(workdir="~"), operation, f"{HOME}/{name}")
    assert allows(Request(workdir="~"), "file-write-data", f"{HOME}/.local/share/fish/fish_history")


def test_completions_where_the_variable_puts_them():
    found = refused(mac(environ={"XDG_DATA_HOME": "/data/share"}))
    assert {"/data/share/bash-completion", "/data/share/fish/vendor_conf.d"} <= found
