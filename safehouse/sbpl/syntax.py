"""The only way for text to get into SBPL: as a string, a symbol or a comment."""

from __future__ import annotations

from safehouse.errors import UserError, printable

_SYMBOL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+*/%!?<>=_.:")

# Filters whose argument is a name or a number, not a string; the flags can do without one. From the
# argument types of libsandbox, macOS 10.15 (0xbf00/simbple) and 14.4 (Protonk/SANDBOX_LORE).
_FLAGS = """
%entitlement-boolean notification-payload rootless-boot-device-filter rootless-disk-filter
datavault-disk-filter extension-path-ancestor storage-class-extension user-intent-extension
"""
_SYMBOLS = """
target vnode-type file-mode file-attribute reboot-flags socket-domain socket-type socket-protocol
socket-option-level socket-option-name fsctl-command ioctl-command fcntl-command device-major
device-minor privilege-id uid host-special-port signal-number persona-type syscall-number
syscall-mask machtrap-number kernel-mig-routine mac-syscall-number necp-client-action
memorystatus-control-command mach-derived-port-role task-special-port message-number
iokit-method-number iokit-trap-number iokit-user-client-type iokit-usb-interface-class
iokit-usb-interface-subclass iokit-registry-entry-attribute codesigning-operation
kas-info-selector system-attribute process-attribute semaphore-owner csr
"""
FLAG_FILTERS = frozenset(_FLAGS.split())
SYMBOL_FILTERS = FLAG_FILTERS.union(_SYMBOLS.split())


def quote(text: str) -> str:
    """`text` as a string of SBPL, which Seatbelt takes byte by byte (seatbelt.md 4.2).

    Raises UserError for control characters, whose spelling inside a string is not certain, and for
    what is not UTF-8.
    """
    if not text.isprintable():  # also true of a no-break space and the like, which may pass
        _refuse_unsafe(text)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def symbol(text: str) -> str:
    """`text` unchanged when it can only be read as one name or number; raises ValueError else."""
    body = text[1:] if text[:1] == "#" else text  # #t, #o0755
    if not body or not _SYMBOL.issuperset(body):
        raise ValueError(f"not a name of SBPL: {text!r}")
    return text


def comment(text: str) -> str:
    """A comment that says `text` and cannot be left: control and format characters are escaped."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    return f"; {text}"


def is_control(character: str) -> bool:
    """Whether it is one of the control characters of ASCII or of Latin-1."""
    return character < " " or "\x7f" <= character <= "\x9f"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _refuse_unsafe(text: str) -> None:
    for character in text:
        if is_control(character):
            raise UserError(
                f"cannot be written into a policy, it contains the control character"
                f" U+{ord(character):04X}: {printable(text)}",
                "rename it",
            )
        if "\ud800" <= character <= "\udfff":
            raise UserError(
                f"cannot be written into a policy, it is not UTF-8: {printable(text)}",
                "rename it",
            )
