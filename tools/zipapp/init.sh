# shellcheck shell=sh disable=SC2154,SC3013 # the stamp sets them; every sh that there is knows -nt
# A shell that starts wants its code (`safehouse init zsh`). While nothing has changed that it was
# made from, it is where it was: safehouse/shims/kept.py writes this stamp. Then no Python is run.
case $1:$2 in init:zsh | init:bash | init:fish)
    unset -f [ printf
    safehouse_stamp=$HOME/.cache/safehouse/init/$2.stamp
    # Another HOME than the person's own may be part of a repository, with all that is in it.
    safehouse_home=$HOME
    case ${LOGNAME:-${USER-}} in
        '' | *[!A-Za-z0-9._-]*) ;;
        *) eval "safehouse_home=~${LOGNAME:-$USER}" ;;
    esac
    case $safehouse_home in '~'*) safehouse_home=$HOME ;; esac # a user that the system does not know
    [ "$safehouse_home" = "$HOME" ] || [ "$safehouse_home" -ef "$HOME" ] || safehouse_stamp=
    if [ ! -t 1 ] && [ -O "$safehouse_stamp" ] && [ -f "$safehouse_stamp" ] && [ ! -h "$safehouse_stamp" ]; then
        IFS='
'
        set -f
        # shellcheck source=/dev/null
        . "$safehouse_stamp"
        case $safehouse_build$IFS$safehouse_program$IFS$safehouse_moved$IFS$safehouse_words in
            "{BUILD}$IFS$0$IFS$XDG_CONFIG_HOME$IFS$*") ;;
            *) safehouse_line= ;;
        esac
        for safehouse_path in $safehouse_changing; do
            [ "$safehouse_path" -nt "$safehouse_stamp" ] && safehouse_line=
        done
        for safehouse_path in $safehouse_missing; do
            [ -e "$safehouse_path" ] && safehouse_line=
        done
        IFS=:
        for safehouse_path in $PATH; do
            case $safehouse_path in /*) ;; *) continue ;; esac
            case :$safehouse_places: in *":$safehouse_path:"*) ;; *) safehouse_line= ;; esac
        done
        [ -n "$safehouse_line" ] && printf '%s\n' "$safehouse_line" && exit 0
    fi
    ;;
esac
