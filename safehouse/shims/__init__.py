"""Typing an agent's name starts it confined: by functions of the shell, or by files on PATH."""
