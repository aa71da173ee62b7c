#!/bin/sh
# Asks a Mac what Safehouse has to know of its sandbox: mac_check.sh [--with-tests] [--output DIR]
# See docs/mac-check.md. It makes .venv in this directory, if it is not there, and nothing else.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd -P)
say() { echo "mac-check: $*" >&2; }

if [ "$(uname)" != Darwin ]; then
    say 'this asks macOS, so it needs a Mac: thank you, there is nothing to do here'
    exit 2
fi
if [ "$(id -u)" -eq 0 ]; then
    say 'run it as yourself, without sudo: it needs no more than you may do'
    exit 2
fi
# Without Apple's command line tools /usr/bin/python3 only opens a window that offers them, and the
# one that Xcode brings lies where no policy of ours lets a program look.
found=
for python in /Library/Developer/CommandLineTools/usr/bin/python3 /opt/homebrew/bin/python3 \
    /usr/local/bin/python3 /Library/Frameworks/Python.framework/Versions/Current/bin/python3; do
    if [ -x "$python" ]; then found=yes; fi
done
if [ -z "$found" ]; then
    say "it needs Python from Apple's command line tools; install them with: xcode-select --install"
    say 'then start this again'
    exit 2
fi
output=$PWD
cd "$here"
sh tools/make_venv.sh .venv run
exec .venv/bin/python -m tools.mac_check --output "$output" "$@"
