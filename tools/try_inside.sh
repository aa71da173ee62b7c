#!/bin/sh
# Plays an agent that tries what agents should and should not: try_inside.sh PROCESS PORT
# Prints a line for each attempt: its key, yes or no, and why not. tools/try.sh starts it.
process=$1
port=$2

# The words behind the last colon of an error are the kernel's: in plain ones.
plainly() {
    said=$(printf '%s\n' "$1" | grep . | tail -n 1)
    case $said in
        *'No such '* | *nonexistent) echo 'it does not exist there' ;;
        *'ead-only file system'*) echo 'read-only there' ;;
        *'Device or resource busy'*) echo 'held in its place' ;;
        *'not permitted'* | *'ermission denied'*) echo 'refused' ;;
        *) printf '%s\n' "${said##*: }" ;;
    esac
}

attempt() {
    key=$1
    shift
    if words=$("$@" 2>&1); then
        printf '%s\tyes\t\n' "$key"
    else
        printf '%s\tno\t%s\n' "$key" "$(plainly "$words")"
    fi
}

skip() { printf '%s\tskip\t%s\n' "$1" "$2"; }

append() { echo "$2" >>"$1"; }

swap() { mv .git .git.old && mv .git.old .git; }

commit() { git add hello.txt && git commit -q -m 'by the agent'; }

environment() {
    if [ -r /proc/self/environ ]; then
        tr '\0' '\n' <"/proc/$process/environ"
    else
        ps eww -p "$process"
    fi | grep SECRET_TOKEN
}

connect() {
    "$python" -c '
import os, socket, sys
place, name = sys.argv[1:]
if place:
    os.chdir(place)
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
else:
    client = socket.create_connection(("127.0.0.1", int(name)), 5)
sys.exit(client.recv(5) != b"hello")
' "$@"
}

python=
for candidate in /usr/bin/python3 python3; do
    if [ -z "$python" ] && "$candidate" -c '' 2>/dev/null; then python=$candidate; fi
done

attempt read cat hello.txt
attempt write append hello.txt written
if git --version >/dev/null 2>&1; then
    attempt commit commit
    attempt hook append .git/hooks/pre-commit planted
    attempt config git config core.fsmonitor planted
    attempt swap swap
else
    for key in commit hook config swap; do skip $key 'git is not installed'; done
fi
if [ -n "$python" ]; then
    attempt network connect '' "$port"
    attempt docker connect "$HOME/.docker/run" docker.sock
else
    for key in network docker; do skip $key 'no python3 in /usr/bin'; done
fi
attempt key cat "$HOME/.ssh/id_ed25519"
attempt cloud cat "$HOME/.aws/credentials"
attempt neighbour cat "$HOME/other-project/plans.txt"
attempt neighbour-write append "$HOME/other-project/planted" planted
attempt shell append "$HOME/.zshrc" planted
attempt environment environment
attempt end kill "$process"
printf 'done\n'
