#!/bin/sh
# Runs the tests: test.sh PYTHON [PYTEST ARGUMENT...]
# What has to be confined is started as an ordinary user, also where the tests run as root.
set -eu

python=$1
shift
exec "$python" -m pytest --quiet --numprocesses auto "$@"
