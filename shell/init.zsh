# Safehouse for zsh, as `safehouse init zsh` makes it: typing the name of an agent starts it confined.
# It is read by `emulate zsh -c`, so that it and its functions have zsh's own options, whatever the
# person's are.

zmodload -i zsh/parameter # which zsh does by itself unless it has been started as another shell
typeset -g __safehouse_program=@PROGRAM@
typeset -g __safehouse_build=@BUILD@
typeset -g __safehouse_names=@SHOWN@

# Calls a function with each of the names.
function __safehouse_each {
    \builtin local name
    for name in @AGENTS@; do
        "$1" "$name"
    done
}

# Starts a command confined: [NAME=VALUE ...] COMMAND [ARG ...]
function __safehouse_run {
    case ${SAFEHOUSE_OFF-} in
        ('' | 0 | no | false)
            if [[ ! -x @PROGRAM@ ]]; then
                \builtin printf 'safehouse: %s is gone, so nothing was started; install it again, or: safehouse off\n' \
                    @PROGRAM@ >&2
                return 127
            fi
            \builtin local also=''
            # `kill $!` of a shell that waits for the agent ends that shell alone.
            if (( ZSH_SUBSHELL )) && zmodload -i zsh/system 2>/dev/null; then
                also=--die-with=${sysparams[pid]}
            fi
            @PROGRAM@ run --shim $also -- "$@"
            ;;
        (*)
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
    if (( ${+functions[$1]} )) && [[ ${functions[$1]} != *__safehouse_run* ]]; then
        \builtin printf 'safehouse: %s is a function of yours, which is left alone: it is not confined by its name\n' \
            "$1" >&2
        return
    fi
    if (( ${+aliases[$1]} )); then
        __safehouse_alias "$1"
    fi
    functions[$1]="__safehouse_run $1 \"\$@\""
}

function __safehouse_alias {
    \builtin setopt local_options extended_glob
    \builtin local text=${aliases[$1]} word
    \builtin local -a words
    words=("${(@z)text}")
    # More than one command, or more than plain words, stays as it is: `safehouse doctor` names it.
    for word in "${words[@]}"; do
        if [[ $word == ([\;\&\|\<\>\(\{\`]*|*\$\(*) ]]; then
            return 0
        fi
    done
    while [[ ${words[1]-} == [A-Za-z_][A-Za-z0-9_]#=* ]]; do
        \builtin shift words
    done
    # What begins with the name itself comes to the function, and what is known to the shell alone
    # can be started by nobody else.
    word=${(Q)words[1]-}
    if [[ $word == ($1|__safehouse_run|safehouse) ]]; then
        return 0
    fi
    if [[ $word == */* ]] || { (( ${+commands[$word]} )) && ! (( ${+functions[$word]} + ${+aliases[$word]} )) }; then
        aliases[$1]="__safehouse_run $text"
    fi
}

function __safehouse_unshim {
    if [[ ${functions[$1]-} == *__safehouse_run* ]]; then
        \builtin unfunction -- "$1"
    fi
    if [[ ${aliases[$1]-} == '__safehouse_run '* ]]; then
        aliases[$1]=${aliases[$1]#__safehouse_run }
    fi
}

# What stands behind a name here, for `safehouse doctor`: no other process can see it.
function __safehouse_state {
    if (( ${+aliases[$1]} )); then
        \builtin printf '%s alias %s\n' "$1" "${aliases[$1]//$'\n'/ }"
    fi
    if [[ ${functions[$1]-} == *__safehouse_run* ]]; then
        \builtin printf '%s shim\n' "$1"
    elif [[ ${functions[$1]-} == *safehouse* ]]; then
        \builtin printf '%s function safehouse\n' "$1"
    elif (( ${+functions[$1]} )); then
        \builtin printf '%s function\n' "$1"
    fi
}

function safehouse {
    \builtin local text
    case $#:${1-} in
        (1:off)
            \builtin export SAFEHOUSE_OFF=1
            __safehouse_each __safehouse_unshim
            \builtin printf 'safehouse: off in this shell: no agent is confined by its name alone; safehouse on\n' >&2
            ;;
        (1:on)
            \builtin unset SAFEHOUSE_OFF
            __safehouse_each __safehouse_shim # where it fails from here on, they start nothing
            __safehouse_is_there && text=$("$__safehouse_program" init @WORDS@) || return
            \builtin eval "$text"
            \builtin printf 'safehouse: on in this shell: %s\n' "$__safehouse_names" >&2
            ;;
        (*:doctor)
            __safehouse_is_there || return
            SAFEHOUSE_SHELL="zsh $ZSH_VERSION $__safehouse_build
$(__safehouse_each __safehouse_state)" "$__safehouse_program" "$@"
            ;;
        (*)
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

__safehouse_each __safehouse_shim
@COMPLETION@
