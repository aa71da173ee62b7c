"""Frozen values: what dataclasses give, without importing them (20 ms of every launch)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from typing_extensions import dataclass_transform

    V = TypeVar("V", bound="Value")

    def made(cls: type[V], fields: tuple[Any, ...]) -> V:
        """A value from all of its fields, in order and unchecked: for the thousands of a launch."""

    @dataclass_transform(frozen_default=True, eq_default=True)
    class Value:
        """A record whose fields are its annotations, in order; a class attribute is a default.

        Two values are equal when their types and fields are. A field cannot be set. Raises
        TypeError for a missing, unknown or repeated field.
        """

        _names: tuple[str, ...] = ()

else:
    from _operator import itemgetter

    made = tuple.__new__

    class Value(tuple):
        # A tuple: made by one call into C, which counts with a thousand of them in every launch.
        __slots__ = ()
        _names = ()
        _defaults = ()

        def __init_subclass__(cls):
            cls._names = tuple(n for n in cls.__dict__.get("__annotations__", {}) if n[0] != "_")
            cls._defaults = tuple(cls.__dict__[n] for n in cls._names if n in cls.__dict__)
            for place, name in enumerate(cls._names):
                setattr(cls, name, property(itemgetter(place)))

        def __new__(cls, *args, **named):
            missing = len(cls._names) - len(args)
            if named:
                return cls._from_names(args, named)
            if missing:
                if not 0 < missing <= len(cls._defaults):
                    raise TypeError(f"{cls.__name__}{cls._names} got {args}")
                args += cls._defaults[-missing:]
            return tuple.__new__(cls, args)

        @classmethod
        def _from_names(cls, args, named):
            required = len(cls._names) - len(cls._defaults)
            values = dict(zip(cls._names[required:], cls._defaults))
            given = dict(zip(cls._names, args))
            values.update(given)
            values.update(named)
            if given.keys() & named or set(values) != set(cls._names):
                raise TypeError(f"{cls.__name__}{cls._names} got {args} {named}")
            return tuple.__new__(cls, [values[name] for name in cls._names])

        def __eq__(self, other):
            return type(self) is type(other) and tuple.__eq__(self, other)

        def __ne__(self, other):
            return not self == other

        __hash__ = tuple.__hash__

        def __repr__(self):
            fields = ", ".join(f"{n}={getattr(self, n)!r}" for n in self._names)
            return f"{type(self).__name__}({fields})"


def replace(value: V, **changes: Any) -> V:
    """A copy of `value` with some fields changed."""
    fields = {name: getattr(value, name) for name in value._names}
    fields.update(changes)
    return type(value)(**fields)


def fields(value: Value) -> tuple[Any, ...]:
    """What a value consists of, as marshal takes it."""
    return tuple(value)  # type: ignore[arg-type]
