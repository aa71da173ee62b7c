#compdef safehouse __safehouse_run
# Completion of safehouse in zsh. Made by `safehouse completion zsh`.

# Words with what they mean. An option stands behind its commands, with its value as in --help.
typeset -ga __safehouse_commands=(
    @COMMANDS@
)
typeset -ga __safehouse_subcommands=(
    @SUBCOMMANDS@
)
typeset -ga __safehouse_operands=(
    @WORDS@
)
typeset -ga __safehouse_options=(
    @OPTIONS@
)
typeset -ga __safehouse_features=(
    @FEATURES@
)
typeset -ga __safehouse_agents=(
    @AGENTS@
)
typeset -ga __safehouse_apps=(
    @APPS@
)
typeset -ga __safehouse_runners=(
    @RUNNERS@
)
typeset -ga __safehouse_others=(
    @OTHERS@
)
typeset -ga __safehouse_programs=(
    @PROGRAMS@
)
typeset -ga __safehouse_questions=(
    @QUESTIONS@
)
typeset -ga __safehouse_operations=(
    @OPERATIONS@
)

function _safehouse {
    \builtin eval "$_comp_setup" # the options of compsys, which code that came by `emulate -c` has lost
    local curcontext=$curcontext command=run
    local -a specs line
    local -A opt_args
    local -i first=$(( CURRENT == 2 ))
    if [[ $service == __safehouse_run ]]; then # an alias of an agent's name is led through it
        shift words
        (( CURRENT-- ))
        __safehouse_rest 1
        return
    fi
    if (( ! first && ${${(@)__safehouse_commands%%:*}[(Ie)${words[2]}]} )); then
        command=${words[2]}
        shift words
        (( CURRENT-- ))
    fi
    curcontext=${curcontext%:*:*}:safehouse-$command:
    local -i dashes=${words[(i)--]}
    if (( dashes < CURRENT )) && [[ -n ${(M)__safehouse_operands:#$command --:*} ]]; then
        __safehouse_rest $dashes
        return
    fi
    __safehouse_specs
    _arguments -S $specs
}

# Sets `specs` to what _arguments is to know of the command.
function __safehouse_specs {
    local each name value meaning
    local -i place=0
    for each in $__safehouse_options; do
        [[ " ${each%%:*} " == *" $command "* ]] || continue
        each=${each#*:}
        meaning=${each#*:} each=${each%%:*}
        name=${each%%[=\[]*}
        value=${each#$name}
        meaning=${meaning//(#m)[\[\]:\\]/\\$MATCH}
        case $value in
            ('') specs+=("${name}[$meaning]") ;;
            (\[=*) specs+=("${name}=-[$meaning]::value: __safehouse_fill ${(q)${value#\[=}%\]}") ;;
            ('='*S|'=FILE') specs+=("*${name}=[$meaning]:value: __safehouse_fill ${value#=}") ;; # they add up
            (*) specs+=("${name}=[$meaning]:value: __safehouse_fill ${(q)value#=}") ;;
        esac
    done
    if [[ -n ${(M)__safehouse_subcommands:#$command *} ]]; then
        specs+=('1:word: __safehouse_fill SUBCOMMAND' '2:word: __safehouse_operand')
        return
    fi
    for each in ${=${(M)__safehouse_operands:#$command:*}#*:}; do
        (( place += 1 ))
        case $each in
            (COMMAND*) specs+=("(-)${place}:command: __safehouse_command" "*::word: __safehouse_rest $place") ;;
            (*...) specs+=("*:word: __safehouse_fill ${each%...}") ;;
            (*) specs+=("${place}:word: __safehouse_fill $each") ;;
        esac
    done
}

# What comes behind a subcommand.
function __safehouse_operand {
    local found=${${(M)__safehouse_operands:#$command ${line[1]}:*}#*:}
    [[ -z $found ]] || __safehouse_fill $found
}

# Completes one item of what help calls so.
function __safehouse_fill {
    local expl
    local -a found
    case $1 in
        (PATHS)
            compset -P '*:'
            compset -S ':*'
            __safehouse_files _files -r ': /\t\n\-'
            ;;
        (PATH|TARGET|FILE) __safehouse_files _files ;;
        (DIR) __safehouse_files _wanted directories expl directory _path_files -/ ;;
        (FEATURES) __safehouse_list features feature $__safehouse_features ;;
        (AGENTS) __safehouse_list agents agent $__safehouse_agents $__safehouse_runners ;;
        (NAMES) __safehouse_list parameters 'environment variable' ${(k)parameters[(R)*export*]} ;;
        (NAME)
            found=($__safehouse_agents $__safehouse_apps)
            _describe -t agents agent found
            ;;
        (PROFILE)
            found=($__safehouse_agents $__safehouse_features $__safehouse_apps $__safehouse_others)
            _describe -t profiles profile found
            ;;
        (OPERATION)
            found=($__safehouse_questions)
            if [[ -n $PREFIX ]]; then
                found+=($__safehouse_operations)
            fi
            _describe -t operations operation found
            ;;
        (SUBCOMMAND)
            found=(${${(M)__safehouse_subcommands:#$command *}#$command })
            _describe -t commands "safehouse $command" found
            ;;
        (HELP) _describe -t commands 'safehouse command' __safehouse_commands ;;
        (N) _message -e numbers number ;;
        (*'|FILE')
            __safehouse_fill ${1%'|FILE'}
            __safehouse_files _files
            ;;
        (*)
            found=(${(s:|:)1})
            _describe -t values value found
            ;;
    esac
}

# Completes files by a function of compsys, but for what that leaves as it is.
function __safehouse_files {
    if [[ $PREFIX == (\~|..|*/..) ]]; then
        compadd -Q -S '' -- $PREFIX/
    else
        "$@"
    fi
}

# Completes a word of a list with commas, but none that is in it: TAG NOUN WORD:MEANING...
function __safehouse_list {
    local each tag=$1 noun=$2
    local -a found chosen suffix
    shift 2
    compset -P '*,'
    chosen=(${(s:,:)${IPREFIX##*=}})
    for each in "$@"; do
        (( ${chosen[(Ie)${each%%:*}]} )) || found+=("$each")
    done
    compset -S ',*' || suffix=(-qS ,)
    _describe -t $tag $noun found $suffix
}

# Completes the word that says what is started.
function __safehouse_command {
    local each ret=1
    local -a found
    if [[ $PREFIX == [A-Za-z_][A-Za-z0-9_]#=* ]]; then
        compset -P 1 '*='
        _files
        return
    fi
    found=()
    for each in $__safehouse_programs; do
        (( ${+commands[${each%%:*}]} )) && found+=("$each")
    done
    _describe -t agents agent found && ret=0
    if (( first )); then
        _describe -t commands 'safehouse command' __safehouse_commands && ret=0
    fi
    if [[ -n $PREFIX ]]; then
        _command_names -e && ret=0
    fi
    return ret
}

# Lets a command complete itself: it is word number $1, or stands behind variables that begin there.
function __safehouse_rest {
    local -i dashes=${words[(i)--]}
    if (( dashes <= $1 && dashes < CURRENT )); then # they are no word of anybody's
        words[dashes]=()
        (( CURRENT-- ))
    fi
    words=("${(@)words[$1,-1]}")
    (( CURRENT -= $1 - 1 ))
    while (( CURRENT > 1 )) && [[ ${words[1]} == [A-Za-z_][A-Za-z0-9_]#=* ]]; do
        shift words
        (( CURRENT-- ))
    done
    if (( CURRENT == 1 )); then
        __safehouse_command
    else
        _normal
    fi
}

if [[ ${funcstack[1]-} == _safehouse ]]; then
    _safehouse "$@"
elif (( ${+functions[compdef]} )); then
    compdef _safehouse safehouse __safehouse_run
fi
