"""A file of variables, as `--env=FILE` takes it: what bash would make of it, but nothing is run."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.facts import decoded, encoded
from safehouse.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from safehouse.host import Host
    from safehouse.sources.settings import Item

_MOST = 1 << 20
_DEEPEST = 20

_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_BETWEEN = frozenset(("", " ", "\t", "\n", ";"))
_OPERATORS = frozenset("&|<>()")
# Of $'...'; numbers are read apart.
_ESCAPES = dict(zip("abeEfnrtv\\'\"?", "\a\b\x1b\x1b\f\n\r\t\v\\'\"?"))
_CODES = {"x": 2, "u": 4, "U": 8}  # how many digits at most
# These are made anew each time, cannot be set, or are no plain variables: bash(1), Shell Variables.
_OF_THE_SHELL = frozenset(
    """
    _ BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_COMPAT
    BASH_LINENO BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO BASH_XTRACEFD DIRSTACK
    EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD IFS LINENO PIPESTATUS PPID RANDOM SECONDS
    SHELLOPTS SRANDOM UID
    """.split()
)
# What a shell has even if nobody has set it, each another value.
_MADE_BY_THE_SHELL = frozenset(
    """
    BASH BASH_VERSION COLUMNS COMP_WORDBREAKS HISTFILE HISTFILESIZE HISTSIZE HOME HOSTNAME HOSTTYPE
    LINES MACHTYPE MAILCHECK OLDPWD OPTARG OPTERR OPTIND OSTYPE PATH PS1 PS2 PS4 PWD SHELL SHLVL TERM
    """.split()
)
# Whatever else is refused is not repeated: it may be a piece of a secret.
_COMMANDS = (
    ". alias cd declare echo eval exec if local printf readonly set source typeset unset".split()
)


def variables(item: Item, host: Host, given: Mapping[str, str]) -> dict[str, str]:
    """The variables that a file sets, with `$NAME` filled in from it and from `given`.

    Raises UserError, with the line, for whatever a shell would run, and for all of its language that
    is more than assignments.
    """
    shown = f"{item.place}={printable(item.text)}"
    data = read_file(host.named(item.text, item.place).real, _MOST, shown)
    if b"\0" in data:
        line = data.partition(b"\0")[0].count(b"\n") + 1
        raise UserError(f"{shown}:{line}: a NUL byte", "give a text file of NAME=VALUE lines")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{shown}:{line}: not UTF-8", "give a text file in UTF-8") from None
    reader = _Reader(text.replace("\r\n", "\n"), shown, given)
    reader.read()
    return reader.values


class _Reader:
    """Goes through the text once, as bash's own parser does."""

    def __init__(self, text: str, shown: str, given: Mapping[str, str]) -> None:
        self.values: dict[str, str] = {}
        self._text = text
        self._shown = shown
        self._known = dict(given)
        self._at = 0
        self._name = ""  # the variable whose value is read
        self._size = 0
        self._depth = 0

    def read(self) -> None:
        """Reads all statements."""
        while self._skip(" \t\n"):
            if self._peek() == ";":
                self._refuse("nothing before ;")
            self._statement()
            if self._peek() == ";":
                self._at += 1

    def _statement(self) -> None:
        """Assignments, or `export` or `set -a` with what belongs to it, up to its end."""
        exported: list[tuple[str, str]] = []
        first, exports = True, False
        while not self._ends():
            begin = self._at
            name = self._identifier()
            after = self._peek()
            if name and after == "=":
                self._at += 1
                value = self._value(name, exports)
                if exports:  # bash expands all words of a command before it runs it
                    exported.append((name, value))
                else:
                    self.values[name] = self._known[name] = value
            elif first and name == "export" and after in _BETWEEN:
                exports = True
                if self._ends():
                    self._refuse("export without a name", "export NAME, or export NAME=VALUE")
            elif first and name == "set" and after in _BETWEEN:
                self._set(begin)
                return
            elif not (exports and name and after in _BETWEEN):
                self._refuse_word(begin, name, after)
            self._name, first = "", False
        self.values.update(exported)
        self._known.update(exported)

    def _ends(self) -> bool:
        """Whether no further word of this statement follows."""
        if self._skip(" \t") == "#":
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        return self._peek() in ("", "\n", ";")

    def _set(self, begin: int) -> None:
        """`set -a` exports what follows, which is so here anyway."""
        words = ""
        while not self._ends():
            words += " "
            while self._peek() not in _BETWEEN:
                words += self._peek()
                self._at += 1
        if words not in (" -a", " +a", " -o allexport", " +o allexport"):
            self._refuse("the command set is not run", "take it out: only set -a is", begin)

    def _refuse_word(self, begin: int, name: str, after: str) -> NoReturn:
        if name and after == "[":
            self._refuse("an array", "only NAME=VALUE is understood", begin)
        if name and after == "+":
            self._refuse("not NAME=VALUE", "for += write NAME=${NAME}VALUE", begin)
        end = self._at
        while self._text[end : end + 1] not in _BETWEEN:
            end += 1
        word = self._text[begin:end]
        if word in _COMMANDS:
            self._refuse(f"the command {word} is not run", "only NAME=VALUE is understood", begin)
        if after in _OPERATORS and after:
            self._refuse(f"{after} of the shell", "a value with it goes into quotes", begin)
        hint = "put a value with blanks into quotes; # begins a comment"
        self._refuse("not NAME=VALUE: a shell would run it as a command", hint, begin)

    def _value(self, name: str, exports: bool) -> str:
        """What is assigned to a name; the position is behind the `=`."""
        if name in _OF_THE_SHELL:
            hint = f"set it before the command: {name}=VALUE COMMAND"
            self._refuse(f"{name} is the shell's own and cannot be set in a file", hint)
        self._name = name
        if self._peek() == "(":
            self._refuse_value("an array", "only NAME=VALUE is understood")
        found = []
        home = True  # whether ~ would be expanded here
        while self._peek() not in _BETWEEN:
            char = self._peek()
            # bash makes several words of {a,b} behind `export`
            if char in _OPERATORS or (exports and char == "{"):
                self._refuse_value(char, "put it into quotes")
            found.append(self._tilde() if home and char == "~" else self._piece(char))
            home = char == ":"
        return decoded(encoded("".join(found)))  # $'\xc3\xa9' is one character

    def _piece(self, char: str) -> str:
        """The next character outside of quotes, or all that it begins."""
        if char == "'":
            begin = self._at + 1
            self._at = self._text.find("'", begin) + 1
            if not self._at:
                self._refuse_open("'", begin)
            return self._text[begin : self._at - 1]
        if char == '"':
            return self._double()
        if char == "$":
            return self._dollar(False)
        if char == "`":
            self._refuse_command()
        if char == "\\":
            self._at += 1
            char = self._text[self._at : self._at + 1]
            if not char:
                self._refuse_value("a \\ at the end", "put it into single quotes")
        self._at += 1
        return char

    def _tilde(self) -> str:
        self._at += 1
        after = self._peek()
        if after in ("'", '"', "\\"):
            return "~"
        if after not in _BETWEEN and after not in "/:":
            self._refuse_value("~ before a name", "only ~ and ~/ are understood; else quote it")
        return self._valued("HOME")

    def _double(self) -> str:
        begin = self._at
        self._at += 1
        found = []
        while self._peek() != '"':
            char = self._peek()
            if not char:
                self._refuse_open('"', begin)
            found.append(self._inside(char, '$`"\\'))
        self._at += 1
        return "".join(found)

    def _inside(self, char: str, escapable: str) -> str:
        """The next character inside of double quotes, or all that it begins."""
        if char == "$":
            return self._dollar(True)
        if char == "`":
            self._refuse_command()
        following = self._text[self._at + 1 : self._at + 2]
        if char == "\\" and following and following in escapable:
            self._at += 1
            char = following
        self._at += 1
        return char

    def _dollar(self, quoted: bool) -> str:
        self._at += 1
        char = self._peek()
        if char == "{":
            return self._braced(quoted)
        if char in _LETTERS:
            return self._valued(self._identifier())
        if char == "[" or self._text.startswith("((", self._at):
            self._refuse_value("arithmetic", "write the number")
        if char == "(":
            self._refuse_command()
        if char == "'" and not quoted:
            return self._ansi()
        if char == '"' and not quoted:
            self._refuse_value('$"', 'leave out the $ before the "')
        if char and (char in _DIGITS or char in "@*#?-$!"):
            self._refuse_value("a $ with a digit or a sign", "for a $ itself write \\$")
        return "$"

    def _braced(self, quoted: bool) -> str:
        """`${NAME}`, or with what stands for it: `-`, `:-`, or is added to it: `+`, `:+`."""
        begin = self._at - 1
        self._at += 1
        name = self._identifier()
        what = self._peek()
        if what == ":":
            self._at += 1
            what += self._peek()
        if not name or what not in ("}", "-", ":-", "+", ":+", ""):
            hint = "only ${NAME}, ${NAME:-DEFAULT} and ${NAME:+VALUE} are understood"
            self._refuse_value("${...} of this kind", hint, begin)
        if not what:
            self._refuse_open("${", begin)
        self._at += 1
        if what == "}":
            return self._valued(name)
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse_value("${...} too deep", "write it plainly")
        word = self._substitute(quoted, begin)
        self._depth -= 1
        value = self._valued(name)
        is_set = bool(value) if what[0] == ":" else name in self._known
        if what[-1] == "+":
            return word if is_set else ""
        return value if is_set else word

    def _substitute(self, quoted: bool, begin: int) -> str:
        """The word in `${NAME:-word}`, with its `}`."""
        found = []
        before = ""
        while self._peek() != "}":
            char = self._peek()
            if not char:
                self._refuse_open("${", begin)
            if quoted:
                if char in "'\"":
                    self._refuse_value("quotes in ${...} in quotes", "leave the inner ones out")
                found.append(self._inside(char, '$`"\\}'))
                continue
            if char == "~" and before in ("", ":", "="):
                self._refuse_value("~ in ${...}", "write $HOME for it")
            if char == "(" and before in ("<", ">"):
                self._refuse_command()
            found.append(self._piece(char))
            before = char
        self._at += 1
        return "".join(found)

    def _ansi(self) -> str:
        """`$'...'`; bytes that it names are surrogates until the value is whole."""
        begin = self._at
        self._at += 1
        found: list[str] = []
        while True:
            char = self._text[self._at : self._at + 1]
            self._at += 1
            if not char:
                self._refuse_open("$'", begin)
            if char == "'":
                return "".join(found)
            found.append(self._escape() if char == "\\" else char)

    def _escape(self) -> str:
        """What a `\\` in `$'...'` begins; the position is behind it."""
        kind = self._text[self._at : self._at + 1]
        if kind in _ESCAPES:
            self._at += 1
            return _ESCAPES[kind]
        if kind and kind in "01234567":
            return self._code(3, "01234567", 8, False)
        if kind in _CODES:
            self._at += 1
            return self._code(_CODES[kind], _HEX, 16, kind != "x")
        if kind == "c":
            letter = self._text[self._at + 1 : self._at + 2]
            if letter not in _LETTERS or letter == "_":
                self._refuse_escape()
            self._at += 2
            return chr(ord(letter) & 0x1F)
        return "\\"

    def _code(self, most: int, digits: frozenset[str] | str, base: int, is_letter: bool) -> str:
        """A character by its number: a letter of Unicode, or a byte."""
        end = self._at
        while (
            end - self._at < most and self._text[end : end + 1] in digits and end < len(self._text)
        ):
            end += 1
        if end == self._at:
            self._refuse_escape()
        code = int(self._text[self._at : end], base)
        self._at = end
        if not is_letter:
            code &= 0xFF
        if not code or code > 0x10FFFF or 0xD800 <= code < 0xE000:
            self._refuse_escape()
        return chr(code) if is_letter or code < 0x80 else chr(0xDC00 + code)

    def _valued(self, name: str) -> str:
        """The value of a variable, "" of one that nobody has set."""
        if name in _OF_THE_SHELL or (name in _MADE_BY_THE_SHELL and name not in self._known):
            self._refuse_value(f"the shell's own ${name}", "write what it is to be")
        value = self._known.get(name, "")
        self._size += len(value)
        if self._size > 4 * _MOST:
            self._refuse_value("too much", "shorten it")
        return value

    def _peek(self) -> str:
        """The next character, "" at the end; a line that ends in `\\` goes on in the next."""
        while self._text.startswith("\\\n", self._at):
            self._at += 2
        return self._text[self._at : self._at + 1]

    def _skip(self, chars: str) -> str:
        """The first character that is none of these; comments are none, either, where lines are."""
        while char := self._peek():
            if char == "#" and "\n" in chars:
                self._ends()
            elif char in chars:
                self._at += 1
            else:
                break
        return char

    def _identifier(self) -> str:
        """The name of a variable that stands here, "" if none does."""
        name = ""
        while self._peek() in _LETTERS or (name and self._peek() in _DIGITS):
            name += self._peek()
            self._at += 1
        return name

    def _refuse(self, what: str, hint: str = "write NAME=VALUE", at: int = -1) -> NoReturn:
        """Says the line and what it is; no value, which may be secret."""
        line = self._text.count("\n", 0, self._at if at < 0 else at) + 1
        raise UserError(f"{self._shown}:{line}: {what}", hint)

    def _refuse_value(self, what: str, hint: str, at: int = -1) -> NoReturn:
        self._refuse(f"{what} in the value of {self._name}", hint, at)

    def _refuse_command(self) -> NoReturn:
        self._refuse_value("a command, which is not run,", "put it into single quotes to keep it")

    def _refuse_escape(self) -> NoReturn:
        self._refuse_value("a \\ that makes no character", "for a \\ in $'...' write \\\\")

    def _refuse_open(self, what: str, at: int) -> NoReturn:
        self._refuse_value(f"{what} that is never closed", "close it", at)
