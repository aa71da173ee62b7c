# shellcheck shell=bash
# Completion of safehouse in bash, from 3.2 on. Made by `safehouse completion bash`.

# Words with what they mean. An option stands behind its commands, with its value as in --help.
__safehouse_commands=(
    @COMMANDS@
)
__safehouse_subcommands=(
    @SUBCOMMANDS@
)
__safehouse_operands=(
    @WORDS@
)
__safehouse_options=(
    @OPTIONS@
)
__safehouse_features=(
    @FEATURES@
)
__safehouse_agents=(
    @AGENTS@
)
__safehouse_apps=(
    @APPS@
)
__safehouse_runners=(
    @RUNNERS@
)
__safehouse_others=(
    @OTHERS@
)
__safehouse_programs=(
    @PROGRAMS@
)
__safehouse_questions=(
    @QUESTIONS@
)
__safehouse_operations=(
    @OPERATIONS@
)
# Whether readline is told not to look at capital letters.
case $(\builtin bind -v 2>/dev/null) in
    *'completion-ignore-case on'*) __safehouse_fold=1 ;;
    *) __safehouse_fold='' ;;
esac

# Completes the word at the cursor. What readline replaces of it, $2, depends on COMP_WORDBREAKS and on
# quotes; so the line is read anew, and `front` is what has to be given back before each item.
function __safehouse_complete {
    \builtin local IFS=$' \t\n' cursor="${2-}" rest="${COMP_LINE:0:COMP_POINT}" value='' open='' raw=''
    \builtin local command=run key='' number=0 meant='' slot='' head='' part='' front='' skip=0 file=''
    \builtin local dashes='' from=0 at=1 count
    \builtin local -a words starts shown meanings files
    COMPREPLY=() words=() starts=() shown=() meanings=() files=()
    __safehouse_split
    count=$((${#words[@]} - 1))
    if ((count > 1)) && __safehouse_knows "${words[1]}"; then
        command=${words[1]} at=2
    fi
    key=$command
    while ((at < count)); do
        if [[ -z $dashes && ${words[at]} == -- ]]; then
            dashes=1
            __safehouse_cross
        elif [[ -z $dashes && ${words[at]} == -?* ]]; then
            if __safehouse_option "${words[at]%%=*}" && [[ $meant == =* && ${words[at]} != *=* ]]; then
                ((at + 1 < count)) || slot=${meant#=}
                at=$((at + 1))
            fi
        else
            __safehouse_slot
            case $slot in
                COMMAND*)
                    from=$at
                    break
                    ;;
                SUBCOMMAND) key="$command ${words[at]}" ;;
                *) number=$((number + 1)) ;;
            esac
            slot=''
        fi
        at=$((at + 1))
    done
    while ((from && from < count)) && [[ ${words[from]} == [A-Za-z_]*=* ]]; do
        from=$((from + 1))
    done
    if [[ -n $file ]]; then
        slot=FILE
    elif ((from && from < count)); then
        __safehouse_hand_over "$from"
        return
    elif [[ -z $slot && -z $dashes && $value == -* ]]; then
        slot=OPTION
        if [[ $value == *=* ]]; then
            __safehouse_option "${value%%=*}" || return 0
            meant=${meant#[} meant=${meant%]}
            slot=${meant#=} head=${raw%%=*}=
        fi
    elif [[ -z $slot ]]; then
        __safehouse_slot
    fi
    __safehouse_fill
    __safehouse_finish
}

# Splits `rest`, the line up to the cursor, as the shell does. Of the last word `value` is what it says,
# `raw` how it is typed and `open` the quote that is not closed; `file` is set behind a redirection.
function __safehouse_split {
    \builtin local line="$rest" piece start
    while :; do
        piece=${rest%%[![:space:]]*}
        rest=${rest#"$piece"}
        if [[ $rest == [\<\>]* ]]; then
            piece=${rest%%[!\<\>\&\|]*}
            rest=${rest#"$piece"} file=1
            continue
        fi
        start=$((${#line} - ${#rest}))
        __safehouse_word
        if [[ -z $rest ]]; then
            words+=("$value") starts+=("$start") raw=${line:start}
            return
        elif [[ -n $file ]]; then
            file=''
        elif [[ $rest != [\<\>]* || $value == *[!0-9\&]* ]]; then
            words+=("$value") starts+=("$start")
        fi
    done
}

# Reads a word from the front of `rest`.
function __safehouse_word {
    \builtin local piece
    value='' open=''
    while [[ -n $rest ]]; do
        piece=${rest%%[[:space:]\'\"\\\<\>]*}
        value+=$piece rest=${rest#"$piece"}
        case $rest in
            \'*)
                rest=${rest#?} piece=${rest%%\'*}
                value+=$piece
                if [[ $rest == *\'* ]]; then
                    rest=${rest#"$piece"?}
                else
                    rest='' open=\'
                fi
                ;;
            \"*)
                rest=${rest#?} open=\"
                while [[ -n $rest && -n $open ]]; do
                    piece=${rest%%[\"\\]*}
                    value+=$piece rest=${rest#"$piece"}
                    case $rest in
                        \"*) rest=${rest#?} open='' ;;
                        \\[\\\"\$\`]*) value+=${rest:1:1} rest=${rest:2} ;;
                        \\*) value+=\\ rest=${rest#?} ;;
                    esac
                done
                ;;
            \\*) value+=${rest:1:1} rest=${rest:2} ;;
            *) return 0 ;;
        esac
    done
}

# Whether a word is one of the commands of safehouse.
function __safehouse_knows {
    \builtin local each
    for each in "${__safehouse_commands[@]}"; do
        [[ ${each%%:*} != "$1" ]] || return 0
    done
    return 1
}

# Sets `meant` to what an option of the command takes: "", "=VALUE" or "[=VALUE]". Fails for another's.
function __safehouse_option {
    \builtin local each name
    for each in "${__safehouse_options[@]}"; do
        [[ " ${each%%:*} " == *" $command "* ]] || continue
        each=${each#*:}
        each=${each%%:*} name=${each%%[=\[]*}
        if [[ $name == "$1" ]]; then
            meant=${each#"$name"}
            return 0
        fi
    done
    return 1
}

# Begins anew behind `--`, where a command has something else there.
function __safehouse_cross {
    \builtin local each
    for each in "${__safehouse_operands[@]}"; do
        [[ $each != "$command --:"* ]] || key="$command --" number=0
    done
}

# Sets `slot` to what stands in the next place that no option takes.
function __safehouse_slot {
    \builtin local each left="$number"
    slot=''
    if [[ $key == "$command" ]]; then
        for each in "${__safehouse_subcommands[@]}"; do
            [[ $each != "$command "* ]] || slot=SUBCOMMAND
        done
    fi
    [[ -z $slot ]] || return 0
    for each in "${__safehouse_operands[@]}"; do
        [[ ${each%%:*} == "$key" ]] || continue
        each=${each#*:}
        while ((left)) && [[ $each == *' '* ]]; do
            each=${each#* } left=$((left - 1))
        done
        slot=${each%% *}
        if ((left)) && [[ $slot != *... ]]; then
            slot=''
        fi
        slot=${slot%...}
    done
}

# Offers what may stand in `slot`, behind `head` of the word.
function __safehouse_fill {
    \builtin local -a others
    case $slot in
        OPTION) __safehouse_offer_options ;;
        COMMAND)
            if [[ $value == [A-Za-z_]*=* ]]; then
                __safehouse_offer_files file "${raw%%=*}=" ' '
            elif [[ $value == */* ]]; then
                __safehouse_offer_files program '' ' '
            else
                __safehouse_offer_commands
            fi
            ;;
        SUBCOMMAND)
            __safehouse_begin "$head"
            for others in "${__safehouse_subcommands[@]}"; do
                [[ $others != "$command "* ]] || __safehouse_offer_words ' ' "${others#"$command "}"
            done
            ;;
        HELP) __safehouse_begin '' && __safehouse_offer_words ' ' "${__safehouse_commands[@]}" ;;
        PATHS)
            others=${raw#"$head"}
            [[ $others != *:* ]] || head=$head${others%:*}:
            __safehouse_offer_files file "$head" ' '
            ;;
        PATH | TARGET | FILE) __safehouse_offer_files file "$head" ' ' ;;
        DIR) __safehouse_offer_files directory "$head" ' ' ;;
        FEATURES) __safehouse_offer_list "${__safehouse_features[@]}" ;;
        AGENTS) __safehouse_offer_list "${__safehouse_agents[@]}" "${__safehouse_runners[@]}" ;;
        NAMES)
            # shellcheck disable=SC2207 # names of variables are words
            others=($(\builtin compgen -e))
            __safehouse_offer_list "${others[@]/%/:}"
            ;;
        NAME)
            __safehouse_begin "$head"
            __safehouse_offer_words ' ' "${__safehouse_agents[@]}" "${__safehouse_apps[@]}"
            ;;
        PROFILE)
            __safehouse_begin "$head"
            __safehouse_offer_words ' ' "${__safehouse_agents[@]}" "${__safehouse_features[@]}" \
                "${__safehouse_apps[@]}" "${__safehouse_others[@]}"
            ;;
        OPERATION)
            __safehouse_begin "$head"
            __safehouse_offer_words ' ' "${__safehouse_questions[@]}"
            [[ -z $part ]] || __safehouse_offer_words ' ' "${__safehouse_operations[@]/%/:}"
            ;;
        [a-z]*'|FILE')
            \builtin local given="$head"
            __safehouse_offer_files file "$head" ' '
            head=$given slot=${slot%'|FILE'}
            __safehouse_fill
            ;;
        [0-9a-z]*)
            __safehouse_begin "$head"
            IFS='|'
            # shellcheck disable=SC2206 # they are words
            others=($slot)
            IFS=$' \t\n'
            __safehouse_offer_words ' ' "${others[@]/%/:}"
            ;;
    esac
}

# Takes what is typed of the word before an item as done: `head` says it, `part` what follows.
function __safehouse_begin {
    \builtin local before="$raw" text='' mode=''
    [[ -z $cursor ]] || before=${raw%"$cursor"}
    __safehouse_unquote "$1"
    head=$text part=${value:${#text}} front='' skip=0 open=$mode
    if ((${#before} <= ${#1})); then
        front=${1:${#before}}
    else
        __safehouse_unquote "$before"
        skip=$((${#text} - ${#head})) open=$mode
    fi
}

# Sets `text` to what the beginning of a word says, and `mode` to the quote in which it ends.
function __safehouse_unquote {
    \builtin local rest="$1" value open
    __safehouse_word
    text=$value mode=$open
}

# Offers an item, with what comes behind it: NAME TAIL MEANING
function __safehouse_offer {
    \builtin local name="$1" text="${1:skip}" tail="$2" out='' char i
    [[ $name != *[[:cntrl:]]* ]] || return 0
    case $open$text in
        \'*\'*) return 0 ;; # nothing can be escaped in there
        \'*) ;;
        \"*[\"\\\$\`]* | [!\"]*[]\[\"\'\\\$\`\&\;\|\(\)\<\>\*\?\#\{\}\!\ ]* | []\[\"\'\\\$\`\&\;\|\(\)\<\>\*\?\#\{\}\!\ ]*)
            for ((i = 0; i < ${#text}; i++)); do
                char=${text:i:1}
                case $open$char in
                    \"[\"\\\$\`] | []\[\"\'\\\$\`\&\;\|\(\)\<\>\*\?\#\{\}\!\ ]) out+=\\ ;;
                esac
                out+=$char
            done
            text=$out
            ;;
    esac
    [[ -z $open || $tail != ' ' ]] || tail='' # readline closes the quote
    COMPREPLY+=("$front$text$tail") shown+=("$name${tail% }") meanings+=("${3-}")
}

# Offers those of some words that begin as typed: TAIL WORD:MEANING ...
function __safehouse_offer_words {
    \builtin local each tail="$1"
    shift
    for each in "$@"; do
        [[ $each != "$part"* || ${each%%:*} != "$part"* ]] || __safehouse_offer "${each%%:*}" "$tail" "${each#*:}"
    done
}

# Offers words behind the last comma that are not in the list yet.
function __safehouse_offer_list {
    \builtin local each typed="${raw#"$head"}"
    [[ $typed != *,* ]] || head=$head${typed%,*},
    __safehouse_begin "$head"
    for each in "$@"; do
        [[ ,${head##*=} == *",${each%%:*},"* ]] || __safehouse_offer_words '' "$each"
    done
}

function __safehouse_offer_options {
    \builtin local each name tail
    __safehouse_begin ''
    for each in "${__safehouse_options[@]}"; do
        [[ " ${each%%:*} " == *" $command "* ]] || continue
        each=${each#*:}
        name=${each%%[=\[:]*} tail=' '
        [[ $each != "$name="* ]] || tail='='
        [[ $name != "$part"* ]] || __safehouse_offer "$name" "$tail" "${each#*:}"
    done
}

# Offers what can be started: agents that are there, commands of safehouse as the first word, programs.
function __safehouse_offer_commands {
    \builtin local each path="${PATH-}:" place
    \builtin local -a begun
    __safehouse_begin ''
    if ((count == 1)); then
        __safehouse_offer_words ' ' "${__safehouse_commands[@]}"
    fi
    for each in "${__safehouse_programs[@]}"; do
        if [[ $each == "$part"* ]] && \builtin type -P -- "${each%%:*}" >/dev/null; then
            __safehouse_offer_words ' ' "$each"
        fi
    done
    [[ -n $part ]] || return 0
    begun=()
    while [[ -n $path ]]; do
        place=${path%%:*} path=${path#*:}
        begun+=("${place:-.}/$part")
    done
    __safehouse_glob '' "${begun[@]}"
    each=$'\n'
    for place in ${shown[@]+"${shown[@]}"}; do
        each+=$place$'\n'
    done
    for place in ${files[@]+"${files[@]}"}; do
        if [[ -f $place && -x $place && $each != *$'\n'"${place##*/}"$'\n'* ]]; then
            each+=${place##*/}$'\n'
            __safehouse_offer "${place##*/}" ' '
        fi
    done
}

# Offers files behind a part of the word: KIND HEAD TAIL, where KIND is file, directory or program.
function __safehouse_offer_files {
    \builtin local kind="$1" above="$2" tail="$3" typed="${raw:${#2}}" before place name each
    \builtin local variable='^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/(.*)$'
    [[ $typed != */* ]] || above=$2${typed%/*}/
    __safehouse_begin "$2"
    before=${#head}
    __safehouse_begin "$above"
    place=${head:before}
    case $place in
        \~/*) place=$HOME/${place#??} ;;
        \$*) if [[ $open != \' && $place =~ $variable ]]; then
            name=${BASH_REMATCH[1]}
            place=${!name-}/${BASH_REMATCH[2]}
        fi ;;
    esac
    case $place:$part in
        :\~ | *:..) __safehouse_offer "$part" / ;;
    esac
    if [[ $kind == directory ]]; then
        __safehouse_glob / "$place$part"
    else
        __safehouse_glob '' "$place$part"
    fi
    for each in ${files[@]+"${files[@]}"}; do
        name=${each%/}
        name=${name##*/}
        case $name in . | ..) continue ;; esac
        if [[ -d $each ]]; then
            __safehouse_offer "$name" /
        elif [[ $kind != program || -x $each ]]; then
            __safehouse_offer "$name" "$tail"
        fi
    done
}

# Sets `files` to what begins so, whatever the shell does with patterns: END BEGINNING ...
function __safehouse_glob {
    \builtin local end="$1" each undo='' had="$-"
    shift
    if ! \builtin shopt -q nullglob; then
        \builtin shopt -s nullglob
        undo+='\builtin shopt -u nullglob;'
    fi
    if \builtin shopt -q failglob; then
        \builtin shopt -u failglob
        undo+='\builtin shopt -s failglob;'
    fi
    if [[ -n $__safehouse_fold ]] && ! \builtin shopt -q nocaseglob; then
        \builtin shopt -s nocaseglob
        undo+='\builtin shopt -u nocaseglob;'
    fi
    \builtin set +f
    files=()
    for each in "$@"; do
        files+=("$each"*"$end")
    done
    [[ $had != *f* ]] || \builtin set -f
    \builtin eval "$undo"
}

# Lets a command complete itself: it is word number $1, and all before it is forgotten.
function __safehouse_hand_over {
    \builtin local offset="${starts[$1]}" name="${words[$1]}" left="$COMP_LINE" n=0 piece spec
    while ((n < COMP_CWORD)); do
        piece=${left%%[![:space:]]*}
        left=${left#"$piece"}
        ((${#COMP_LINE} - ${#left} < offset)) || break
        [[ $left == "${COMP_WORDS[n]}"* ]] || break
        left=${left#"${COMP_WORDS[n]}"} n=$((n + 1))
    done
    COMP_LINE=${COMP_LINE:offset} COMP_POINT=$((COMP_POINT - offset))
    COMP_WORDS=("${COMP_WORDS[@]:n}") COMP_CWORD=$((COMP_CWORD - n))
    ((COMP_CWORD > 0)) || return 0
    for piece in 1 2 3; do
        spec=$(\builtin complete -p -- "$name" 2>/dev/null) ||
            spec=$(\builtin complete -p -- "${name##*/}" 2>/dev/null) ||
            spec=$(\builtin complete -p -D 2>/dev/null)
        __safehouse_follow "${spec% *}" "$name"
        (($? == 124)) || break # then another one is there now
    done
}

# Does what `complete -p` has printed, for a command.
function __safehouse_follow {
    \builtin local nospace='' status=0 function='' i
    \builtin local -a parts left
    left=()
    \builtin eval "parts=(${1:-complete -o bashdefault -o default})" # as bash has quoted it
    for ((i = 1; i < ${#parts[@]}; i++)); do
        case ${parts[i]} in
            -o)
                i=$((i + 1))
                \builtin compopt -o "${parts[i]}" 2>/dev/null
                [[ ${parts[i]} != nospace ]] || nospace=1
                ;;
            -F)
                i=$((i + 1))
                function=${parts[i]}
                ;;
            -[ACGPSWX]) left+=("${parts[i]}" "${parts[i + 1]-}") i=$((i + 1)) ;;
            -[abcdefgjksuv]) left+=("${parts[i]}") ;;
        esac
    done
    [[ -n $nospace ]] || \builtin compopt +o nospace 2>/dev/null
    if [[ -n $function ]]; then
        "$function" "$2" "$cursor" "${COMP_WORDS[COMP_CWORD - 1]}"
        status=$?
    elif ((${#left[@]})); then
        IFS=$'\n'
        # shellcheck disable=SC2207 # one a line
        COMPREPLY=($(\builtin compgen "${left[@]}" -- "$cursor"))
        IFS=$' \t\n'
    fi
    if ((status != 124)) && ! \builtin compopt >/dev/null 2>&1; then
        __safehouse_without_compopt # bash 3.2
    fi
    return "$status"
}

# Files where a command says nothing, and a space behind the only answer.
function __safehouse_without_compopt {
    if ((${#COMPREPLY[@]} == 0)); then
        __safehouse_offer_files file '' ' '
    elif ((${#COMPREPLY[@]} == 1)) && [[ -z $nospace && ${COMPREPLY[0]} != *[/=:] ]]; then
        COMPREPLY[0]+=' '
    fi
}

# Where a list is shown, says what each item means, and no more of the word than is new.
function __safehouse_finish {
    \builtin local i wide=0 width="${COLUMNS:-80}" common meaning
    ((${#COMPREPLY[@]} > 1)) || return 0
    case ${COMP_TYPE-9} in
        63) COMPREPLY=("${shown[@]}") ;;
        33 | 64) ;;
        *)
            # What all have in common is typed: that must not end within an escape.
            common=${COMPREPLY[0]}
            for i in "${COMPREPLY[@]}"; do
                while [[ $i != "$common"* ]]; do
                    common=${common%?}
                done
            done
            i=${common##*[!\\]}
            ((${#i} % 2 == 0)) || [[ -n $open ]] || COMPREPLY=("${common%?}")
            return 0
            ;;
    esac
    for i in "${COMPREPLY[@]}"; do
        ((${#i} <= wide)) || wide=${#i}
    done
    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do
        meaning=${meanings[i]}
        if [[ -n $meaning ]]; then
            \builtin printf -v meaning '%-*s  (%s)' "$wide" "${COMPREPLY[i]}" "$meaning"
            ((${#meaning} < width)) || meaning=${meaning:0:width-2}…
            COMPREPLY[i]=$meaning
        fi
    done
}

\builtin complete -o nospace -F __safehouse_complete safehouse
