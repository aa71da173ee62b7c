"""Which safehouse this is: by where its modules lie, and what started it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from safehouse import __version__
from safehouse.errors import UserError
from safehouse.shims import program
from safehouse.shims.program import Installation


@pytest.fixture
def lies_in(monkeypatch):
    """Pretends that the package lies in a directory, and that Python is of an environment."""

    def lies_in(root: Path, prefix: Path | str = "/usr") -> None:
        monkeypatch.setattr(program, "__file__", f"{root}/safehouse/shims/program.py")
        monkeypatch.setattr(sys, "prefix", str(prefix))

    return lies_in


def test_in_a_single_file_it_is_that_file(tmp_path, lies_in):
    file = tmp_path / "safehouse"
    file.write_text("")
    lies_in(file / "site-packages")
    assert program.installation() == Installation("single file", str(file))


def test_a_single_file_that_homebrew_keeps_is_homebrews(tmp_path, lies_in):
    file = tmp_path / "Cellar/safehouse/1.0/bin/safehouse"
    file.parent.mkdir(parents=True)
    file.write_text("")
    link = tmp_path / "bin/safehouse"
    link.parent.mkdir()
    link.symlink_to(file)
    lies_in(link / "site-packages")
    assert program.installation() == Installation("Homebrew", str(link))


def test_a_checkout_is_known_by_its_project_file(tmp_path, lies_in):
    (tmp_path / "pyproject.toml").write_text("")
    lies_in(tmp_path)
    assert program.installation() == Installation("checkout", str(tmp_path))


@pytest.mark.parametrize(
    "prefix, kind",
    [
        ("/home/you/.local/share/pipx/venvs/safehouse", "pipx"),
        ("/home/you/.local/share/uv/tools/safehouse", "uv tool"),
        ("/opt/homebrew/Cellar/safehouse", "Homebrew"),
        ("/nix/store/abc-safehouse-1.0", "Nix"),
    ],
)
def test_an_environment_is_known_by_who_keeps_it(tmp_path, lies_in, prefix, kind):
    lies_in(tmp_path / "lib/python3.11/site-packages", f"{prefix}/1.0")
    assert program.installation() == Installation(kind, prefix)
    # As it is where Python was started without `site`.
    lies_in(f"{prefix}/1.0/lib/python3.11/site-packages")
    assert program.installation() == Installation(kind, prefix)


def test_all_else_is_pips_and_names_the_directory_of_packages(tmp_path, lies_in):
    lies_in(tmp_path / "lib/python3.11/site-packages")
    assert program.installation() == Installation("pip", f"{tmp_path}/lib/python3.11/site-packages")


def test_the_version_says_which_one_it_is_and_what_runs_it(tmp_path, lies_in):
    file = tmp_path / "safe\x1bhouse"
    file.write_text("")
    lies_in(file / "site-packages")
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    shown = f"single file {tmp_path}/safe\\x1bhouse, Python {python}"
    assert program.version() == f"safehouse {__version__} ({shown})"


def test_the_program_is_named_as_it_was_started_without_dots(tmp_path, monkeypatch):
    (tmp_path / "real").write_text("")
    (tmp_path / "real").chmod(0o755)
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    for named in ("link", "./link", "../" + tmp_path.name + "/./link", str(tmp_path / "link")):
        monkeypatch.setattr(sys, "argv", [named])
        assert program.path() == str(tmp_path.resolve() / "link")


def test_a_module_that_was_started_is_no_program(tmp_path, monkeypatch):
    (tmp_path / "__main__.py").write_text("")
    for named in (str(tmp_path / "__main__.py"), str(tmp_path), "-c"):
        monkeypatch.setattr(sys, "argv", [named])
        with pytest.raises(UserError, match="no program of ours"):
            program.path()


def test_what_pip_installed_is_shown_without_steps_back(tmp_path, lies_in):
    site = tmp_path / "lib/python3.11/site-packages"
    site.mkdir(parents=True)
    lies_in(f"{tmp_path}/bin/../lib/python3.11/site-packages")
    assert program.installation() == Installation("pip", str(site))
