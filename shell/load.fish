# Its completion, read at the first Tab.
builtin contains -- @PLACE@ $fish_complete_path
or set -g fish_complete_path @PLACE@ $fish_complete_path
