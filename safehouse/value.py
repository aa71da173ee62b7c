"""Frozen values: what dataclasses give, without importing them (20 ms of every launch)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from typing_extensions import dataclass_transform

    V = TypeVar("V", bound="Value")
else:

    def dataclass_transform(**_options):
        return lambda decorated: decorated


@dataclass_transform(frozen_default=True, eq_default=True)
class Value:
    """A record whose fields are its annotations, in order; a class attribute is a default.

    Two values are equal when their types and fields are. A field cannot be set after construction.
    Raises TypeError for a missing, unknown or repeated field.
    """

    _fields: tuple[str, ...] = ()
    _required: int = 0

    def __init_subclass__(cls) -> None:
        own = tuple(name for name in cls.__dict__.get("__annotations__", {}) if name[0] != "_")
        cls._fields = cls._fields + own
        cls._required = sum(not hasattr(cls, name) for name in cls._fields)

    if not TYPE_CHECKING:

        def __init__(self, *args, **named):
            values = self.__dict__
            values.update(zip(self._fields, args))
            if named:
                for name in named:
                    if name in values or name not in self._fields:
                        raise TypeError(f"{type(self).__name__} has no free field {name!r}")
                values.update(named)
            if len(args) > len(self._fields) or (
                len(values) < len(self._fields) and self._missing()
            ):
                raise TypeError(f"{type(self).__name__}{self._fields} got {args} {named}")

    def _missing(self) -> bool:
        return any(
            name not in self.__dict__ and not hasattr(type(self), name) for name in self._fields
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def _key(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({fields})"


def replace(value: V, **changes: Any) -> V:
    """A copy of `value` with some fields changed."""
    fields = {name: getattr(value, name) for name in value._fields}
    fields.update(changes)
    return type(value)(**fields)
