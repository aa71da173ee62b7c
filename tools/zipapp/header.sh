#!/bin/sh
# PYTHON_ARGCOMPLETE_OK
# Safehouse. This shell finds a Python; what follows is a zip archive. Made by tools/build_zipapp.py.
# {INIT}
set +f
unset IFS
for safehouse_group in '
/us[r]/bin/python3.13
/us[r]/bin/python3.12
/us[r]/bin/python3.11
/us[r]/bin/python3.10
/us[r]/bin/python3.9
' '
/Librar[y]/Developer/CommandLineTools/usr/bin/python3
' '
/op[t]/homebrew/opt/python@3.13/bin/python3.13
/op[t]/homebrew/opt/python@3.12/bin/python3.12
/op[t]/homebrew/opt/python@3.11/bin/python3.11
/op[t]/homebrew/opt/python@3.10/bin/python3.10
/op[t]/homebrew/opt/python@3.9/bin/python3.9
/us[r]/local/opt/python@3.13/bin/python3.13
/us[r]/local/opt/python@3.12/bin/python3.12
/us[r]/local/opt/python@3.11/bin/python3.11
/us[r]/local/opt/python@3.10/bin/python3.10
/us[r]/local/opt/python@3.9/bin/python3.9
' '
/Librar[y]/Frameworks/Python.framework/Versions/3.13/bin/python3.13
/Librar[y]/Frameworks/Python.framework/Versions/3.12/bin/python3.12
/Librar[y]/Frameworks/Python.framework/Versions/3.11/bin/python3.11
/Librar[y]/Frameworks/Python.framework/Versions/3.10/bin/python3.10
/Librar[y]/Frameworks/Python.framework/Versions/3.9/bin/python3.9
/us[r]/local/bin/python3.13
/us[r]/local/bin/python3.12
/us[r]/local/bin/python3.11
/us[r]/local/bin/python3.10
/us[r]/local/bin/python3.9
/hom[e]/linuxbrew/.linuxbrew/opt/python@3.13/bin/python3.13
/hom[e]/linuxbrew/.linuxbrew/opt/python@3.12/bin/python3.12
' '
/ru[n]/current-system/sw/bin/python3
/op[t]/homebrew/bin/python3
/us[r]/local/bin/python3
/hom[e]/linuxbrew/.linuxbrew/bin/python3
/us[r]/bin/python3
'; do
    for safehouse_python in $safehouse_group; do
        case $safehouse_python in *\[*) continue ;; esac
        # shellcheck disable=SC2093 # the first that is there is the one
        exec "$safehouse_python" -IS -c '
import sys
from posix import fstat, open as descriptor
for number in 0, 1, 2:
    try:
        fstat(number)
    except OSError:
        descriptor("/dev/null", 2)
from _frozen_importlib_external import MAGIC_NUMBER
del sys.argv[0]
place = {BYTE_CODE}.get(MAGIC_NUMBER[:2].hex())
if place:
    from marshal import loads
    from posix import pread
    archive = open(sys.argv[0], "rb", 0)
    base = archive.seek(-place[0], 2)
    def read(at, size):
        return pread(archive.fileno(), size, base + at)
    start, table = loads(read(0, place[1]))
    exec(start)
    run(table, read)
else:
    from zipimport import zipimporter
    exec(zipimporter(sys.argv[0]).get_data("__main__.py"))
' "$0" "$@"
    done
done
unset -f echo
echo 'safehouse: no Python found; install Python 3.9 or newer (macOS: xcode-select --install, or brew install python)' >&2
exit 125
