#!/bin/sh
# Shows what Safehouse does, by doing it: try.sh [COMMAND [ARGUMENT...]]
# SAFEHOUSE and PYTHON name the programs to use. With a command, runs that command confined.
# Without one, plays an agent twice in a scratch home, once as it is and once confined.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(dirname "$here")

if [ $# -gt 0 ]; then
    plan=$("$SAFEHOUSE" policy --format=json -- "$@") || exit $?
    # By a pipe: the kernel takes no argument of more than 128 KB.
    printf '%s' "$plan" | "$PYTHON" -c '
import json, sys
plan = json.load(sys.stdin)
print("try: confined to", plan["workdir"], "by the profile", plan["agent"] or "base")
print("try: network:", plan["network"] + "; safehouse --explain says all that it may do")
' >&2
    exec "$SAFEHOUSE" -- "$@"
fi

LC_ALL=C
export LC_ALL
said=$("$SAFEHOUSE" --workdir= -- true 2>&1) || {
    printf '%s\n' "$said" >&2
    exit 125
}
case $said in
    *'already inside'*)
        echo 'try: this runs inside Safehouse already; start it from outside to see the difference' >&2
        exit 125
        ;;
esac
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_CONFIG GIT_CEILING_DIRECTORIES 2>/dev/null || :

# On a Mac all programs share the directories for temporary files: a scratch home there would be open.
place=$root/build
case $(uname):$root/ in
    Darwin:/tmp/* | Darwin:/private/* | Darwin:/var/*) place=$HOME ;;
esac
mkdir -p "$place"
scratch=$(mktemp -d "$place/try.XXXXXX")
bystander=
finish() {
    [ -z "$bystander" ] || kill "$bystander" 2>/dev/null || :
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A home with the things that people have, a project in it, and another program that is running.
furnish() {
    home=$scratch/$1
    mkdir -p "$home/.ssh" "$home/.aws" "$home/.docker/run" "$home/other-project" "$home/project"
    echo 'a private key (pretended)' >"$home/.ssh/id_ed25519"
    echo 'a cloud password (pretended)' >"$home/.aws/credentials"
    echo 'another project' >"$home/other-project/plans.txt"
    echo '# the start of your shell' >"$home/.zshrc"
    echo 'hello' >"$home/project/hello.txt"
    cp "$here/try_inside.sh" "$home/project/agent.sh"
    printf '[user]\n\tname = You\n\temail = you@example.com\n' >"$home/.gitconfig"
    if command -v git >/dev/null 2>&1; then
        (cd "$home/project" && HOME=$home git -c init.defaultBranch=main init -q . && rm -f .git/hooks/*)
    fi
    (
        cd "$home/.docker/run" # by its name here: the full one may be too long for a socket
        SECRET_TOKEN=pretended exec "$PYTHON" -c '
import os, selectors, socket, sys
ready, unix, tcp = selectors.DefaultSelector(), socket.socket(socket.AF_UNIX), socket.socket()
unix.bind("docker.sock")
tcp.bind(("127.0.0.1", 0))
for each in (unix, tcp):
    each.listen()
    ready.register(each, selectors.EVENT_READ)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(tcp.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    for key, _ in ready.select():
        client = key.fileobj.accept()[0]
        client.sendall(b"hello")
        client.close()
' "$scratch/$1.port"
    ) &
    bystander=$!
    tries=0
    until [ -s "$scratch/$1.port" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || {
            echo 'try: the other program did not start' >&2
            exit 1
        }
        sleep 0.05
    done
    port=$(cat "$scratch/$1.port")
}

# What was done is what is so outside afterwards, whatever the agent says.
look_again() {
    report=$scratch/$1.report
    truth shell grep -q planted "$home/.zshrc"
    truth neighbour-write test -e "$home/other-project/planted"
    truth hook test -e "$home/project/.git/hooks/pre-commit"
    truth config grep -qs planted "$home/project/.git/config"
    truth end ended "$bystander"
    truth write grep -q written "$home/project/hello.txt"
}
ended() { ! kill -0 "$1" 2>/dev/null; }
truth() {
    key=$1
    shift
    if "$@"; then
        printf '%s\tyes\t\n' "$key" >>"$report"
    elif grep -q "^$key.yes" "$report"; then
        printf '%s\tno\tit had no effect outside\n' "$key" >>"$report"
    fi
}

play() {
    (cd "$home/project" && HOME=$home "$@" sh agent.sh "$bystander" "$port")
}

end_bystander() {
    kill "$bystander" 2>/dev/null || :
    wait "$bystander" 2>/dev/null || :
    bystander=
}

furnish open
play env >"$scratch/open.report" 2>"$scratch/open.errors" || :
look_again open
end_bystander

furnish confined
said=$scratch/confined.errors
play "$SAFEHOUSE" --explain -- >"$scratch/confined.report" 2>"$said" || {
    status=$?
    cat "$said" >&2
    exit $status
}
look_again confined
grep -q '^done' "$scratch/confined.report" || {
    cat "$said" >&2
    echo 'try: the agent did not come to its end' >&2
    exit 1
}

cat <<END
A shell script played a coding agent, twice, each time in ~/project of a scratch home: first
started as programs always are, then as \`safehouse -- sh agent.sh\`.

END
[ "$(id -u)" -ne 0 ] || printf 'You are root. That works; an ordinary user has less to lose.\n\n'
status=0
awk -F '\t' -f "$here/try_table.awk" "$scratch/open.report" "$scratch/confined.report" || status=1
echo
sed -n 's/^safehouse: enforcement  *\(.*\)/The limits were kept by the kernel of this computer: \1./p' "$said"
if [ $status -ne 0 ]; then
    echo
    echo 'Something above is not as it has to be (<--). Please report it: see SECURITY.md.'
    exit 1
fi
cat <<END

What to type next, in a project of yours (\`safehouse\` is $SAFEHOUSE,
or the single file that \`make dist\` makes, in a directory on your PATH):

  cd ~/src/my-project
  safehouse claude                         your agent, confined to that project
  safehouse --explain -- claude            the same, saying first what it may do
  safehouse why read ~/.ssh/id_ed25519     may it, and which rule says so
END
