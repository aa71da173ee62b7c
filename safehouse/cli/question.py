"""A question to the person at the terminal."""

from __future__ import annotations

import os
import sys


def can_be_asked() -> bool:
    """Whether somebody sees a question, and can answer it."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def is_answered_yes(question: str) -> bool:
    """Whether the answer is yes; anything else, and Ctrl-C, is no."""
    return answer_to(f"{question} [y/N] ") in ("y", "yes")


def answer_to(question: str) -> str:
    """What is answered, in small letters; "" for nothing, and for Ctrl-C."""
    import termios

    try:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)  # what was typed before is no answer to it
        sys.stdout.write(question)
        sys.stdout.flush()
        answer = os.read(sys.stdin.fileno(), 100)
    except KeyboardInterrupt:
        answer = b""
    if not answer.endswith(b"\n"):
        sys.stdout.write("\n")
    return answer.strip().lower().decode("utf-8", "replace")
