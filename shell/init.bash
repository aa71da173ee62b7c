# shellcheck shell=bash
# Safehouse for bash, as `safehouse init bash` makes it: typing the name of an agent starts it confined.

__safehouse_program=@PROGRAM@
__safehouse_build=@BUILD@
__safehouse_names=@SHOWN@
__safehouse_made=${__safehouse_made-} # the names that have their function from here

# Calls a function with each of the names.
function __safehouse_each {
    \builtin local name
    # shellcheck disable=SC2043 # it becomes a list of words
    for name in @AGENTS@; do
        "$1" "$name"
    done
}

# Starts a command confined: [NAME=VALUE ...] COMMAND [ARG ...]
function __safehouse_run {
    case ${SAFEHOUSE_OFF-} in
        '' | 0 | no | false)
            if [[ ! -x @PROGRAM@ ]]; then
                \builtin printf 'safehouse: %s is gone, so nothing was started; install it again, or: safehouse off\n' \
                    @PROGRAM@ >&2
                return 127
            fi
            \builtin local also='' text
            # `kill $!` of a shell that waits for the agent ends that shell alone.
            [[ ${BASHPID-$$} == "$$" ]] || also="--die-with=$BASHPID "
            # What is evaluated is what `jobs` shows.
            \builtin printf -v text '%q run --shim %s-- %q "$@"' @PROGRAM@ "$also" "$1"
            shift
            \builtin eval "$text"
            ;;
        *)
            [[ $SAFEHOUSE_OFF == told ]] ||
                \builtin printf 'safehouse: SAFEHOUSE_OFF is set: not confined: %s\n' "$1" >&2
            if [[ $1 == *=* ]]; then
                SAFEHOUSE_OFF=told \command env "$@"
            else
                SAFEHOUSE_OFF=told \command "$@"
            fi
            ;;
    esac
}

# Gives a name its function. An alias that would go past it is led through it.
function __safehouse_shim {
    if \builtin declare -F -- "$1" >/dev/null && ! __safehouse_has_shim "$1"; then
        \builtin printf 'safehouse: %s is a function of yours, which is left alone: it is not confined by its name\n' \
            "$1" >&2
        return
    fi
    if \builtin alias -- "$1" >/dev/null 2>&1; then
        __safehouse_alias "$1"
    fi
    \builtin eval "function $1 { __safehouse_run $1 \"\$@\"; }"
    [[ $__safehouse_made == *" $1 "* ]] || __safehouse_made="$__safehouse_made $1 "
}

# Whether a name has its function from here, and nobody has replaced that since.
function __safehouse_has_shim {
    [[ $__safehouse_made == *" $1 "* && $(\builtin declare -f -- "$1") == *__safehouse_run* ]]
}

# Sets `text` to what an alias stands for; fails where there is none of this name.
function __safehouse_alias_text {
    text=$(\builtin alias -- "$1" 2>/dev/null) || return
    \builtin eval "text=${text#*=}" # as bash has quoted it
}

function __safehouse_alias {
    \builtin local text word
    __safehouse_alias_text "$1" || return 0
    # More than one command, or more than plain words, stays as it is: `safehouse doctor` names it.
    case $text in *[\;\&\|\<\>\(\`]* | *$'\n'*) return 0 ;; esac
    word=$text
    while [[ $word =~ ^[[:blank:]]*[A-Za-z_][A-Za-z0-9_]*=[^[:blank:]]*[[:blank:]]+(.*)$ ]]; do
        word=${BASH_REMATCH[1]}
    done
    word=${word#"${word%%[![:blank:]]*}"}
    word=${word%%[[:blank:]]*}
    word=${word//[\"\']/}
    # What begins with the name itself comes to the function, and what is known to the shell alone
    # can be started by nobody else.
    case $word in "$1" | __safehouse_run | safehouse) return 0 ;; esac
    if [[ $word == */* || $(\builtin type -t -- "$word") == file ]]; then
        # shellcheck disable=SC2139 # it is the text that is wanted
        \builtin alias -- "$1=__safehouse_run $text"
    fi
}

function __safehouse_unshim {
    \builtin local text
    __safehouse_has_shim "$1" || return 0
    \builtin unset -f -- "$1"
    __safehouse_made=${__safehouse_made/" $1 "/}
    if __safehouse_alias_text "$1" && [[ $text == '__safehouse_run '* ]]; then
        # shellcheck disable=SC2139 # it is the text that is wanted
        \builtin alias -- "$1=${text#__safehouse_run }"
    fi
}

# What stands behind a name here, for `safehouse doctor`: no other process can see it.
function __safehouse_state {
    \builtin local text
    if __safehouse_alias_text "$1"; then
        \builtin printf '%s alias %s\n' "$1" "${text//$'\n'/ }"
    fi
    if __safehouse_has_shim "$1"; then
        \builtin printf '%s shim\n' "$1"
    elif [[ $(\builtin declare -f -- "$1") == *safehouse* ]]; then
        \builtin printf '%s function safehouse\n' "$1"
    elif \builtin declare -F -- "$1" >/dev/null; then
        \builtin printf '%s function\n' "$1"
    fi
}

function safehouse {
    \builtin local text
    case $#:${1-} in
        1:off)
            \builtin export SAFEHOUSE_OFF=1
            __safehouse_each __safehouse_unshim
            \builtin printf 'safehouse: off in this shell: no agent is confined by its name alone; safehouse on\n' >&2
            ;;
        1:on)
            \builtin unset -v SAFEHOUSE_OFF
            __safehouse_shims # where it fails from here on, they start nothing
            __safehouse_is_there && text=$("$__safehouse_program" init @WORDS@) || return
            \builtin eval "$text"
            \builtin printf 'safehouse: on in this shell: %s\n' "$__safehouse_names" >&2
            ;;
        *:doctor)
            __safehouse_is_there || return
            SAFEHOUSE_SHELL="bash $BASH_VERSION $__safehouse_build
$(__safehouse_each __safehouse_state)" "$__safehouse_program" "$@"
            ;;
        *)
            __safehouse_is_there || return
            "$__safehouse_program" "$@"
            ;;
    esac
}

# Whether safehouse can be started; says so where it cannot.
function __safehouse_is_there {
    [[ ! -x $__safehouse_program ]] || return 0
    \builtin printf 'safehouse: %s is gone; install it again\n' "$__safehouse_program" >&2
    return 127
}

# In bash's posix mode no function can have a hyphen in its name.
function __safehouse_shims {
    case :$SHELLOPTS: in
        *:posix:*)
            \builtin set +o posix
            __safehouse_each __safehouse_shim
            \builtin set -o posix
            ;;
        *) __safehouse_each __safehouse_shim ;;
    esac
}
__safehouse_shims
@COMPLETION@
