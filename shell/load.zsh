# Its completion: compinit finds it in fpath. That may have run before, or be told not to look (-C).
function __safehouse_completion {
    \builtin emulate -L zsh
    \builtin local place=@PLACE@
    if [[ -n $place ]]; then
        fpath=($place ${fpath:#$place})
    fi
    \builtin local waited=${precmd_functions[(Ie)__safehouse_completion]}
    precmd_functions=(${precmd_functions:#__safehouse_completion})
    if (( ${+functions[compdef]} )); then
        if [[ -n $place ]]; then
            \builtin unset 'functions[_safehouse]'
            \builtin autoload -Uz _safehouse
        fi
        compdef _safehouse safehouse __safehouse_run
    elif ! (( waited )); then # once more at the first prompt, and at no other
        precmd_functions+=(__safehouse_completion)
    fi
}
__safehouse_completion
