#!/bin/sh
# Makes a Python environment with Safehouse in it: make_venv.sh FOLDER run | dev
set -eu

folder=$1
purpose=$2

# The newest Python that can make an environment.
newest() {
    for name in python3.15 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

# An environment knows its place: after a move or a copy of the checkout it is made anew.
script=$folder/bin/safehouse
here=$(pwd -P)
if [ -x "$script" ] && ! grep -qxF -e "safehouse_root=$here" -e "safehouse_root='$here'" "$script"; then
    rm -rf "$folder"
fi
[ "$purpose" = run ] && [ -x "$script" ] && exit 0

if ! [ -x "$folder/bin/python" ] || ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(newest)
    if [ -z "$python" ]; then
        sh "$(dirname "$0")/install_packages.sh" python3-venv
        python=$(newest)
    fi
    [ -n "$python" ] || {
        echo 'setup: no Python 3.9 or newer that has venv' >&2
        exit 1
    }
    echo "setup: $folder with $("$python" --version)" >&2
    "$python" -m venv --clear "$folder"
fi
# The pip of Apple's Python 3.9 cannot install a checkout that has no setup.py.
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check 'pip>=21.3'
extra=
[ "$purpose" = dev ] && extra='[dev]'
echo "setup: installing safehouse$extra into $folder" >&2
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".$extra"
