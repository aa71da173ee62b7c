"""The words of a policy: who said it (Origin), as written (Grant), resolved (Rule)."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Union

    Action = Literal["allow", "deny"]

ALLOW: Action = "allow"
DENY: Action = "deny"


class Tier:
    """Where a rule comes from. A later tier wins over an earlier one."""

    (
        BASE, PROFILE, WORKDIR, REPOSITORY, USER, DIRECTORY, ENVIRONMENT, COMMAND_LINE, APPENDED,
        PROTECTED,
    ) = range(10)  # fmt: skip
    NAMES = (
        "base", "profile", "working directory", "repository", "user", "directory",
        "environment", "command line", "appended", "protected",
    )  # fmt: skip


class Origin(Value):
    """Who said so (`source`: a profile's name, `file:line` or an option), in which tier, and why."""

    tier: int
    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source} ({Tier.NAMES[self.tier]}): {self.reason}"


class Filter(Value):
    """Which targets a rule is for, in SBPL's terms.

    `kind` is the filter's name in SBPL (`literal`, `subpath`, `prefix`, `regex`, `global-name`,
    `target`, `remote`, ...); `value` its argument. The combinations `require-all`, `require-any`
    and `require-not` hold their parts in `parts` and leave `value` empty.
    """

    kind: str
    value: str = ""
    parts: tuple[Filter, ...] = ()


PATH_KINDS = ("literal", "subpath", "prefix", "regex")


class Grant(Value):
    """A right, or its refusal, to something as it was written (`~/.gitconfig`), before any lookup.

    `operations` are SBPL's names. `filter` is None for an operation without a target. `create` is
    what the backend makes where a granted path is missing and must exist to be granted:
    "" nothing, "directory", "subdirectory" (where the one above it is there), or "file:" and its
    content. `existing_only` marks a refusal that protects something which, while it does not exist,
    is harmless. Without `follow` a link at the path is granted as a link: what it leads to is not.
    `message` is put into the log record of a denial.
    """

    action: Action
    operations: tuple[str, ...]
    filter: Filter | None
    origin: Origin
    create: str = ""
    existing_only: bool = False
    follow: bool = True
    message: str = ""


class Rule(Value):
    """One resolved rule: `action` for each of `operations` on what `filter` names (None: on all).

    Paths are what the kernel will see: absolute, without links. `message` is put into the log
    record of a denial.
    """

    action: Action
    operations: tuple[str, ...]
    filter: Filter | None
    origin: Origin
    create: str = ""
    existing_only: bool = False
    message: str = ""


class Opaque(Value):
    """A form in somebody's `.sb` file that is passed on as `text`, but not understood."""

    text: str
    origin: Origin


if TYPE_CHECKING:
    AnyRule = Union[Rule, Opaque]
    AnyGrant = Union[Grant, Opaque]
