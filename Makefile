# Safehouse: `make help` says what there is. Needs nothing but make, sh and a Python 3.9 or newer.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup try test lint docs dist release bench mac-check clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# An environment knows its place: in a copy of the checkout it is made anew.
$(shell [ "$$(cat $(READY) 2>/dev/null)" = "$$(pwd -P)" ] || rm -f $(READY))
CMD ?=
PYTEST_ARGS ?=
ARGS ?=
SOURCES := $(shell find safehouse shell tools/wheel tools/zipapp -type f ! -name '*.pyc' 2>/dev/null)
SHELL_SCRIPTS := .ci/run $(wildcard shell/*.bash shell/*.sh tools/*.sh tools/*/*.sh tests/*/*.sh)
RUBY := Formula/safehouse.rb tests/package/brew_stub.rb

help:  ## this list
	@echo 'make TARGET, where TARGET is:'
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1|/p' Makefile | awk -F'|' '{ printf "%-11s %s\n", $$1, $$2 }'

setup: $(READY)  ## a Python environment in .venv, and the system packages that the tests need
	@sh tools/install_packages.sh bwrap git ruby shellcheck shfmt zsh fish bash-completion

try:  ## see it work; make try CMD="codex --version" runs that command confined, here
	@sh tools/install_packages.sh bwrap
	@sh tools/make_venv.sh $(VENV) run
	@SAFEHOUSE="$(CURDIR)/$(BIN)/safehouse" PYTHON="$(CURDIR)/$(BIN)/python" sh tools/try.sh $(CMD)

test: setup  ## all tests; PYTEST_ARGS="-k name" for some
	@sh tools/test.sh $(BIN)/python $(PYTEST_ARGS)

lint: $(READY)  ## formatting, types, layers, shell scripts
	@sh tools/install_packages.sh rubocop shellcheck shfmt zsh fish
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	shellcheck $(SHELL_SCRIPTS)
	shfmt -i 4 -ci -d shell/*.bash
	for file in shell/*.zsh; do zsh -n $$file || exit 1; done
	fish_indent --check shell/*.fish
	@# Without Homebrew; where it is, `brew style` knows more.
	if command -v rubocop >/dev/null; then rubocop --config tools/release/rubocop.yml $(RUBY); else brew style Formula; fi

docs: $(READY)  ## docs/allow-deny.md anew, from profiles.yaml
	@$(BIN)/python tools/write_allow_deny.py

dist: dist/safehouse  ## dist/safehouse, the single file

dist/safehouse: $(READY) $(SOURCES) profiles.yaml pyproject.toml hatch_build.py tools/build_zipapp.py
	@$(BIN)/python tools/build_zipapp.py -o $@

release: $(READY)  ## all files of a release in dist/, built twice; ARGS=--tested after CI has passed
	@$(BIN)/python -m tools.release $(ARGS)

bench: dist/safehouse  ## how long a launch takes, as a ratio to an empty Python
	@$(BIN)/python benchmarks/launch.py dist/safehouse

mac-check:  ## on a Mac: ask its sandbox what we have to know, and write a report; ARGS=--with-tests
	@sh tools/mac_check.sh $(ARGS)

clean:  ## remove what make has made, but for the downloads in build/ and .venv/
	rm -rf dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis mac-check-report.*
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): pyproject.toml hatch_build.py tools/make_venv.sh tools/wheel/launcher.sh
	@sh tools/make_venv.sh $(VENV) dev
	@pwd -P >$@
