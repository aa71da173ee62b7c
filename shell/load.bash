# Its completion, read at the first Tab.
function __safehouse_complete {
    [[ -r @FILE@ ]] || return 0
    \builtin unset -f __safehouse_complete
    # shellcheck source=/dev/null
    \builtin . @FILE@
    __safehouse_complete "$@"
}
\builtin complete -o nospace -F __safehouse_complete safehouse
