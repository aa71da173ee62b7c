#!/bin/sh
# Installs the programs named as arguments where they are missing: install_packages.sh bwrap zsh
set -eu

say() { echo "setup: $*" >&2; }

# The package that has program $1, on the system $2; nothing where it is not needed.
package() {
    case $2:$1 in
        brew:bwrap | brew:strace | brew:rubocop) ;; # Linux only; brew brings a RuboCop of its own
        *:bwrap) echo bubblewrap ;;
        brew:python3-venv) echo python ;;
        brew:bash-completion) echo bash-completion@2 ;;
        *) echo "$1" ;;
    esac
}

present() {
    case $1 in
        python3-venv) python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null ;;
        bash-completion)
            for place in /usr /usr/local /opt/homebrew; do
                [ -r "$place/share/bash-completion/bash_completion" ] && return
            done
            return 1
            ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

if [ "$(uname)" = Darwin ]; then
    system=brew
else
    system=apt
fi

missing=
for program in "$@"; do
    present "$program" || missing="$missing $(package "$program" "$system")"
done
# shellcheck disable=SC2086 # a list of words
set -- $missing
[ $# -gt 0 ] || exit 0

if [ "$system" = brew ]; then
    command -v brew >/dev/null 2>&1 || {
        say "please install: $*   (https://brew.sh has them)"
        exit 1
    }
    say "installing with brew: $*"
    exec brew install --quiet "$@"
fi
command -v apt-get >/dev/null 2>&1 || {
    say "please install with your package manager: $*"
    exit 1
}
sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        say "please install as root: apt-get install $*"
        exit 1
    }
    sudo=sudo
fi
say "installing with apt-get: $*"
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
