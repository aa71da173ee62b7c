# Its completion: compinit finds it in fpath. That may have run before, or be told not to look (-C).
function __safehouse_completion {
    \builtin emulate -L zsh
    \builtin local place=@PLACE@
    if [[ -n $place ]]; then
        fpath=($place ${fpath:#$place})
    fi
    if (( ${+functions[compdef]} )); then
        precmd_functions=(${precmd_functions:#__safehouse_completion})
        if [[ -n $place ]]; then
            \builtin unset 'functions[_safehouse]'
            \builtin autoload -Uz _safehouse
        fi
        compdef _safehouse safehouse __safehouse_run
    elif ! (( ${precmd_functions[(Ie)__safehouse_completion]} )); then
        precmd_functions+=(__safehouse_completion)
    fi
}
__safehouse_completion
