"""What must not be in a report: who the person is, and where their files lie."""

from __future__ import annotations

import os
import pwd
import re
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_FOLDERS = re.compile(r"/var/folders/[^/\s]+/[^/\s\"')]+")


class Anonymiser:
    """Takes names out of texts: of directories by what stands for each, and words."""

    def __init__(self, places: Iterable[tuple[str, str]], words: Iterable[tuple[str, str]]) -> None:
        # The longest first: one directory may lie in another.
        self._places = sorted(
            ((place, name) for place, name in places if len(place) > 1),
            key=lambda each: -len(each[0]),
        )
        named: dict[str, str] = {}
        for word, name in words:
            named.setdefault(word.lower(), name)
        self._words = [
            (re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", re.IGNORECASE), name)
            for word, name in sorted(named.items(), key=lambda each: -len(each[0]))
            if len(word) > 1
        ]

    def text(self, text: str) -> str:
        for place, name in self._places:
            text = text.replace(place, name)
        text = _FOLDERS.sub("/var/folders/../...", text)
        for word, name in self._words:
            text = word.sub(name, text)
        return text

    def value(self, value: Any) -> Any:
        """The same for all texts in lists and tables."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(each) for each in value]
        return value


def of_this_machine(home: str, root: str, checkout: str) -> Anonymiser:
    """For this person and machine: the scratch directory is SCRATCH, the checkout CHECKOUT."""
    person = pwd.getpwuid(os.getuid())
    homes = (home, os.path.realpath(home), person.pw_dir, os.path.realpath(person.pw_dir))
    places = [(root, "SCRATCH"), (checkout, "CHECKOUT"), *((each, "~") for each in homes)]
    host = socket.gethostname()
    words = [(person.pw_name, "USER"), (host, "HOST"), (host.partition(".")[0], "HOST")]
    full = person.pw_gecos.partition(",")[0].strip()
    words += [(word, "NAME") for word in (full, *full.split()) if len(word) > 2]
    return Anonymiser(places, words)
