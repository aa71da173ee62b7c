#!/bin/sh
# PYTHON_ARGCOMPLETE_OK
# Safehouse, as pip, pipx and uv install it. This shell finds the Python that it was installed for, and
# starts it so that nothing but this installation is imported. Made by hatch_build.py.
# {INIT}
set +f
unset IFS
unset -f [ echo 2>/dev/null
safehouse_root='{ROOT}'
safehouse_release='safehouse-{VERSION}.dist-info'
safehouse_script=$0
case $safehouse_script in */*) ;; *) safehouse_script=./$safehouse_script ;; esac
# What was typed may be a link: the installation is around what it leads to. Where pipx and uv have it
# is tried first, for to read a link takes another program, 1.5 ms.
if [ -h "$safehouse_script" ]; then
    for safehouse_target in share/pipx/venvs pipx/venvs share/uv/tools; do
        safehouse_target=${safehouse_script%/*}/../$safehouse_target/safehouse/bin/safehouse
        # shellcheck disable=SC3013 # every sh that there is knows -ef
        [ "$safehouse_target" -ef "$safehouse_script" ] && safehouse_script=$safehouse_target && break
    done
fi
while [ -h "$safehouse_script" ]; do
    safehouse_target=
    for safehouse_reader in /usr/bin/readlink /bin/readlink /run/current-system/sw/bin/readlink; do
        [ -x "$safehouse_reader" ] || continue
        safehouse_target=$(exec "$safehouse_reader" "$safehouse_script")
        break
    done
    case $safehouse_target in
        /*) safehouse_script=$safehouse_target ;;
        ?*) safehouse_script=${safehouse_script%/*}/$safehouse_target ;;
        *) break ;;
    esac
done
safehouse_bin=${safehouse_script%/*}
# The last pattern is for `pip install --user` by Apple's and python.org's Python.
for safehouse_info in "$safehouse_bin"/../lib/python3*/site-packages/"$safehouse_release" \
    "$safehouse_bin"/../lib/python3*/dist-packages/"$safehouse_release" \
    "$safehouse_bin"/../lib/python/site-packages/"$safehouse_release"; do
    [ -d "$safehouse_info" ] || continue
    safehouse_site=${safehouse_info%/*}
    safehouse_version=${safehouse_site%/*}
    safehouse_version=${safehouse_version##*/python}
    if [ -z "$safehouse_version" ]; then
        safehouse_version=${safehouse_bin%/*}
        safehouse_version=${safehouse_version##*/}
    fi
    safehouse_name=python$safehouse_version
    safehouse_prefix=
    safehouse_own=$safehouse_bin/$safehouse_name
    if [ -f "$safehouse_bin/../pyvenv.cfg" ]; then
        safehouse_prefix=$safehouse_bin/..
        safehouse_own=$safehouse_bin/python
    fi
    # Where no Python lies beside it (`--user`, Debian's /usr/local), one of the same version serves.
    for safehouse_python in "$safehouse_own" \
        "/usr/bin/$safehouse_name" \
        "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework/Versions/$safehouse_version/bin/$safehouse_name" \
        "/opt/homebrew/opt/python@$safehouse_version/bin/$safehouse_name" \
        "/usr/local/opt/python@$safehouse_version/bin/$safehouse_name" \
        "/Library/Frameworks/Python.framework/Versions/$safehouse_version/bin/$safehouse_name" \
        "/usr/local/bin/$safehouse_name" \
        "/home/linuxbrew/.linuxbrew/opt/python@$safehouse_version/bin/$safehouse_name"; do
        [ -x "$safehouse_python" ] && exec "$safehouse_python" -IS -c '
import sys
from posix import fstat, getcwd, open as descriptor
for number in 0, 1, 2:
    try:
        fstat(number)
    except OSError:
        descriptor("/dev/null", 2)
def absolute(path):
    return path if path[:1] in ("", "/") else getcwd() + "/" + path
prefix, root, site, name = map(absolute, sys.argv[1:5])
if prefix:
    sys.prefix = sys.exec_prefix = prefix
# A module that is in no library, but is asked for, could be planted beside us: we come last.
sys.path.append(root or site)
import safehouse
sys.path.pop()
if not prefix:  # what pip found installed already, it did not install beside us
    version = "python{}.{}".format(*sys.version_info)
    sys.path += [sys.base_prefix + "/lib/" + version + "/site-packages"]
    sys.path += ["/usr/local/lib/" + version + "/dist-packages", "/usr/lib/python3/dist-packages"]
sys.path.append(site)
sys.argv[:5] = [name]
from safehouse.cli.main import process
process(site)
' "$safehouse_prefix" "$safehouse_root" "$safehouse_site" "$0" "$@"
        [ -z "$safehouse_prefix" ] || break
    done
done
echo "safehouse: the Python that this was installed for is gone; install safehouse again ($safehouse_script)" >&2
exit 125
