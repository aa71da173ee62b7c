# Safehouse for fish, as `safehouse init fish` makes it: typing the name of an agent starts it confined.

set -g __safehouse_program @PROGRAM@
set -g __safehouse_build @BUILD@
set -g __safehouse_names @AGENTS@

# Starts a command confined: [NAME=VALUE ...] COMMAND [ARG ...]
function __safehouse_run
    switch "$SAFEHOUSE_OFF"
        case '' 0 no false
            if not builtin test -x @PROGRAM@
                builtin echo "safehouse: $__safehouse_program is gone, so nothing was started; install it again, or: safehouse off" >&2
                return 127
            end
            # What is evaluated is what `jobs` shows.
            set -l shown (builtin string escape -- @PROGRAM@ $argv[1])
            builtin eval $shown[1] run --shim -- $shown[2] '$argv[2..]'
        case '*'
            builtin test "$SAFEHOUSE_OFF" = told
            or builtin echo "safehouse: SAFEHOUSE_OFF is set: not confined: $argv[1]" >&2
            if builtin string match -q '*=*' -- $argv[1]
                SAFEHOUSE_OFF=told command env $argv
            else
                SAFEHOUSE_OFF=told command $argv
            end
    end
end

# Gives a name its function. fish's aliases are functions: one of that name is led through ours.
function __safehouse_shim --argument-names name
    __safehouse_has_shim $name
    and return
    if builtin functions -q -- $name
        set -l text (__safehouse_alias $name $name)
        if builtin test -z "$text"
            builtin echo "safehouse: $name is a function of yours, which is left alone: it is not confined by its name" >&2
            return
        end
        builtin functions --copy -- $name __safehouse_alias_$name
        builtin functions --erase -- $name
        function $name --inherit-variable text --description "confined by safehouse: $text"
            builtin eval __safehouse_run $text (builtin string escape -- $argv)
        end
    else
        function $name --inherit-variable name --description 'confined by safehouse'
            __safehouse_run $name $argv
        end
    end
end

function __safehouse_has_shim --argument-names name
    builtin functions -q -- $name
    and builtin functions -- $name | builtin string match -q '*__safehouse_run*'
end

# What the alias that a function is stands for, if it is one command and plain words.
function __safehouse_alias --argument-names name function
    set -l described (builtin functions --details --verbose -- $function)[5]
    set -l text (builtin string replace -r -f -- "^alias $name"'[= ]' '' $described)
    or return
    builtin string match -q -r '[;&|<>()]' -- $text
    or builtin echo $text
end

function __safehouse_unshim --argument-names name
    __safehouse_has_shim $name
    or return
    builtin functions --erase -- $name
    if builtin functions -q -- __safehouse_alias_$name
        builtin functions --copy -- __safehouse_alias_$name $name
        builtin functions --erase -- __safehouse_alias_$name
    end
end

# What stands behind a name here, for `safehouse doctor`: no other process can see it.
function __safehouse_state --argument-names name
    if __safehouse_has_shim $name
        builtin functions -q -- __safehouse_alias_$name
        and builtin echo "$name alias "(__safehouse_alias $name __safehouse_alias_$name)
        builtin echo $name shim
    else if builtin functions -q -- $name
        builtin functions -- $name | builtin string match -q '*safehouse*'
        and builtin echo $name function safehouse
        or builtin echo $name function
    end
end

function safehouse
    switch (builtin count $argv):"$argv[1]"
        case 1:off
            set -gx SAFEHOUSE_OFF 1
            for name in $__safehouse_names
                __safehouse_unshim $name
            end
            builtin echo 'safehouse: off in this shell: no agent is confined by its name alone; safehouse on' >&2
        case 1:on
            set -e SAFEHOUSE_OFF
            for name in $__safehouse_names # where it fails from here on, they start nothing
                __safehouse_shim $name
            end
            __safehouse_is_there
            and set -l text ($__safehouse_program init @WORDS@ | builtin string collect)
            or return
            builtin string join \n -- $text | builtin source
            builtin echo "safehouse: on in this shell: $__safehouse_names" >&2
        case '*:doctor'
            __safehouse_is_there
            or return
            set -l state "fish $version $__safehouse_build" (for name in $__safehouse_names; __safehouse_state $name; end)
            SAFEHOUSE_SHELL=(builtin string join \n -- $state | builtin string collect) $__safehouse_program $argv
        case '*'
            __safehouse_is_there
            or return
            $__safehouse_program $argv
    end
end

# Whether safehouse can be started; says so where it cannot.
function __safehouse_is_there
    builtin test -x $__safehouse_program
    and return
    builtin echo "safehouse: $__safehouse_program is gone; install it again" >&2
    return 127
end

for __safehouse_name in $__safehouse_names
    __safehouse_shim $__safehouse_name
end
set -e __safehouse_name
@COMPLETION@
