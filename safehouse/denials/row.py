"""Some denials together, and what to do about them: a line for a person."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["path", "feature", "link", "option", "closed", "nothing", "noise"]


class Row(Value):
    """Some denials together, and what to do about them.

    The kind says what: "path" and "feature" can be kept, by `keep`, "link" by a profile of the command;
    "option" is for once; "closed" should stay closed, but a `feature` may open it by name; "nothing" and
    "noise" are told with a `note`. `does` are the things that were tried, `target` what they were about
    (`tree`: and what lies below it, `count` times and with `targets` different ones), `program` who was
    the first, `rule` and `reason` by what it is denied. `first` is what has to be there, `make` it
    ("file", "directory"). `opens` says what else is opened, `gives_up` what a feature costs; `harmless`
    that it may be kept without a question.
    """

    kind: Kind
    does: tuple[str, ...]
    target: str
    tree: bool = False
    targets: int = 1
    count: int = 1
    program: str = ""
    rule: str = ""
    reason: str = ""
    once: str = ""
    keep: str = ""
    first: str = ""
    make: str = ""
    note: str = ""
    feature: str = ""
    gives_up: str = ""
    opens: str = ""
    writes: bool = False
    harmless: bool = False
    lost: bool = False
