# Completion of safehouse in fish. Made by `safehouse completion fish`.

# Words with what they mean. An option stands behind its commands, with its value as in --help.
set -g __safehouse_commands \
    @COMMANDS@
set -g __safehouse_subcommands \
    @SUBCOMMANDS@
set -g __safehouse_operands \
    @WORDS@
set -g __safehouse_options \
    @OPTIONS@
set -g __safehouse_features \
    @FEATURES@
set -g __safehouse_agents \
    @AGENTS@
set -g __safehouse_apps \
    @APPS@
set -g __safehouse_runners \
    @RUNNERS@
set -g __safehouse_others \
    @OTHERS@
set -g __safehouse_programs \
    @PROGRAMS@
set -g __safehouse_questions \
    @QUESTIONS@
set -g __safehouse_operations \
    @OPERATIONS@

# What may stand for the token at the cursor, each with what it means.
function __safehouse_complete
    set -l words (commandline -opc)
    set -l token (__safehouse_unquoted (commandline -ct))
    while string match -qr '^[A-Za-z_]\w*=' -- $words[1]
        set -e words[1]
    end
    set -e words[1]
    set -l first
    set -l command run
    if not set -q words[1]
        set first first
    else if string match -q -- "$words[1]:*" $__safehouse_commands
        set command $words[1]
        set -e words[1]
    end

    # The key and the place say what the next word without a dash is.
    set -l key $command
    set -l place 1
    set -l dashes
    set -l slot
    while set -q words[1]
        if test -z "$dashes"; and string match -q -- -- $words[1]
            set dashes --
            if string match -q -- "$command --:*" $__safehouse_operands
                set key "$command --"
                set place 1
            end
        else if test -z "$dashes"; and string match -q -- '-?*' $words[1]
            set -l value (__safehouse_value $command (string replace -r '=.*' '' -- $words[1]))
            if string match -q '=*' -- $value; and not string match -q '*=*' -- $words[1]
                set -q words[2]
                or set slot (string trim -c = -- $value)
                set -e words[1]
            end
        else
            switch (__safehouse_slot $command $key $place)
                case COMMAND
                    __safehouse_hand_over '' "$token" $words
                    return
                case SUBCOMMAND
                    set key "$command $words[1]"
                case '*'
                    set place (math $place + 1)
            end
        end
        set -e words[1]
    end

    set -l option (string split -m 1 = -- $token)
    if test -n "$slot"
        __safehouse_fill $command $slot '' "$token"
    else if test -z "$dashes"; and string match -q -- '-*=*' $token
        set slot (__safehouse_value $command $option[1] | string trim -c '[=]')
        __safehouse_fill $command "$slot" "$option[1]=" "$option[2]"
    else if test -z "$dashes"; and string match -q -- '-*' $token
        __safehouse_options_of $command
    else
        set slot (__safehouse_slot $command $key $place)
        if test "$slot" = COMMAND
            __safehouse_hand_over "$first" "$token"
        else
            __safehouse_fill $command "$slot" '' "$token"
        end
    end
end

# What a token says, also where a quote is open.
function __safehouse_unquoted --argument-names raw
    string unescape -- $raw
    or string unescape -- $raw'"'
    or string unescape -- $raw"'"
    or echo -- $raw
end

# The options of a command.
function __safehouse_options_of --argument-names command
    string replace -rf -- "^(?:[^:]* )?$command(?: [^:]*)?:([^=\[:]*=?)[^:]*:" '$1\t' $__safehouse_options
end

# What an option takes: nothing, "=VALUE" or "[=VALUE]". Fails for one of another command.
function __safehouse_value --argument-names command option
    set -l name (string escape --style=regex -- $option)
    string replace -rf -- "^(?:[^:]* )?$command(?: [^:]*)?:$name((?:\[?=[^:]*)?):.*" '$1' $__safehouse_options
end

# What stands in a place that no option takes.
function __safehouse_slot --argument-names command key place
    if test "$key" = "$command"; and string match -q -- "$command *" $__safehouse_subcommands
        echo SUBCOMMAND
        return
    end
    set -l places (string replace -rf -- "^$key:" '' $__safehouse_operands | string split ' ')
    if set -q places[$place]
        string replace ... '' -- $places[$place]
    else if set -q places[1]
        string replace -f ... '' -- $places[-1]
    end
end

# What may stand in a slot, behind a part of the token that is done.
function __safehouse_fill --argument-names command slot head typed
    switch $slot
        case PATHS
            __safehouse_files $head(string match -r '^.*:|^' -- $typed) (string replace -r '^.*:' '' -- $typed)
        case PATH TARGET FILE
            __safehouse_files "$head" "$typed"
        case DIR
            __safehouse_files "$head" "$typed" | string match '*/'
        case FEATURES
            __safehouse_list "$head" "$typed" $__safehouse_features
        case AGENTS
            __safehouse_list "$head" "$typed" $__safehouse_agents $__safehouse_runners
        case NAMES
            __safehouse_list "$head" "$typed" (set -nx):
        case NAME
            __safehouse_words "$head" $__safehouse_agents $__safehouse_apps
        case PROFILE
            __safehouse_words "$head" $__safehouse_agents $__safehouse_features $__safehouse_apps $__safehouse_others
        case OPERATION
            __safehouse_words "$head" $__safehouse_questions
            test -n "$typed"
            and __safehouse_words "$head" $__safehouse_operations:
        case SUBCOMMAND
            __safehouse_words "$head" (string replace -rf -- "^$command " '' $__safehouse_subcommands)
        case HELP
            __safehouse_words "$head" $__safehouse_commands
        case N # a number
        case '*|FILE'
            __safehouse_words "$head" (string split '|' -- (string replace '|FILE' '' -- $slot)):
            __safehouse_files "$head" "$typed"
        case '?*'
            __safehouse_words "$head" (string split '|' -- $slot):
    end
end

# Words, each with what it means behind a colon, as fish wants them.
function __safehouse_words --argument-names head
    set -e argv[1]
    printf '%s\n' $head(string replace : \t -- $argv)
end

# Words behind the last comma, but none that is in the list.
function __safehouse_list --argument-names head typed
    set -l words $argv[3..-1]
    set -l done (string match -r '^.*,' -- $typed)
    for name in (string split -n , -- $done)
        set words (string match -v -- "$name:*" $words)
    end
    __safehouse_words "$head$done" $words
end

# Files that begin as a part, by the shell's own means.
function __safehouse_files --argument-names head part
    if string match -qr '^~$|(^|/)\.\.$' -- $part
        echo "$head$part/"
        return
    end
    set -l escaped
    test -n "$part"
    and set escaped (string escape -n -- $part | string replace -r '^\\\\~' '~')
    printf '%s\n' $head(complete -C "'' $escaped" | string replace -r '\t.*' '')
end

# Lets a command complete itself; the token is the command where there is none yet.
function __safehouse_hand_over --argument-names first token
    set -l words $argv[3..-1]
    while string match -qr '^[A-Za-z_]\w*=' -- $words[1]
        set -e words[1]
    end
    if set -q words[1]
        complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
    else if string match -qr '^[A-Za-z_]\w*=' -- $token
        set -l option (string split -m 1 = -- $token)
        __safehouse_files "$option[1]=" "$option[2]"
    else if string match -q '*/*' -- $token
        __safehouse_files '' "$token"
    else
        __safehouse_started "$first" "$token"
    end
end

# What can be started: agents that are there, commands of safehouse as the first word, programs.
function __safehouse_started --argument-names first token
    set -l begun (string match -- "$token*" $__safehouse_programs)
    for each in (command -s (string replace -r ':.*' '' -- $begun) | string replace -r '.*/' '')
        __safehouse_words '' (string match -- "$each:*" $begun)
    end
    test -n "$first"
    and __safehouse_words '' $__safehouse_commands
    if test -n "$token"
        set -l found $PATH/$token*
        string replace -r '^.*/' '' -- $found
    end
end

complete -c safehouse -f -k -a '(__safehouse_complete)'
