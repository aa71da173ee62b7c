#!/bin/sh
# safehouse-shim @VERSION@ @NAME@
# shellcheck disable=SC3013 # every sh that there is knows -ef
# Starts @NAME@ confined. `safehouse shims` made it, and removes it.
case ${SAFEHOUSE_OFF-} in
    '' | 0 | no | false)
        # Inside of a sandbox, which a link in the root tells, it is confined already.
        if [ ! -h /.safehouse-sandbox ]; then
            [ -x @PROGRAM@ ] && exec @PROGRAM@ run --shim -- @NAME@ "$@"
            # There it cannot be seen on a Mac, which has no such link, nor /proc.
            if [ -z "${SAFEHOUSE_SANDBOX-}" ] || [ -d /proc/self ]; then
                printf 'safehouse: %s is gone, so nothing was started; install it again, or remove %s\n' @PROGRAM@ "$0" >&2
                exit 127
            fi
        fi
        ;;
    "told-$PPID") ;; # by the function of the shell that starts this
    *) printf 'safehouse: SAFEHOUSE_OFF is set: not confined: %s\n' @NAME@ >&2 ;;
esac

# The program itself: the next one of this name. What it starts comes past here no more.
next=''
path=''
IFS=:
set -f
for place in ${PATH-}; do
    [ "$place" -ef "${0%/*}" ] && continue
    path=$path:$place
    case $place in
        /*) [ -z "$next" ] && [ -f "$place/@NAME@" ] && [ -x "$place/@NAME@" ] && next=$place/@NAME@ ;;
    esac
done
unset IFS
set +f
if [ -z "$next" ]; then
    printf 'safehouse: command not found: %s\n' @NAME@ >&2
    exit 127
fi
PATH=${path#:}
export PATH
exec "$next" "$@"
