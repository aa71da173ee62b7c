#!/bin/sh
# Lets Homebrew install dist/safehouse by the formula, from a tap of its own, and test it. For a machine
# on which that may be left behind: CI's.
set -eu

scratch=$(mktemp -d)
version=$(PYTHONPATH=. python3 -c 'from tools.release.project import version; print(version())')
mkdir -p "$scratch/releases/download/v$version"
cp dist/safehouse "$scratch/releases/download/v$version/"

brew tap-new --no-git safehouse/try
formula=$(brew --repository safehouse/try)/Formula/safehouse.rb
PYTHONPATH=. python3 - "file://$scratch" dist/safehouse >"$formula" <<'END'
import hashlib
import sys
from pathlib import Path

from tools.release import formula, project

address, file = sys.argv[1:]
digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
here = project.read()._replace(address=address)
print(formula.rendered(here, formula.Filled(project.version(), digest)), end="")
END
brew style Formula/safehouse.rb
brew install --formula safehouse/try/safehouse
brew test safehouse/try/safehouse
# What was installed confines: brew's own sandbox has forbidden it to try.
project=$scratch/project
mkdir "$project"
cd "$project"
echo content >file
[ "$(safehouse -- cat file)" = content ]
! safehouse --deny=file -- cat file
