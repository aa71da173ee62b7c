"""An attack is a program that is run twice: unconfined it must succeed, else it would show nothing."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess

from tests.confinement.scene import BEGUN, SECRET, Scene

Before = Callable[[Scene], "dict[str, object] | None"]
Harmed = Callable[[Scene, CompletedProcess], bool]


def nothing_before(scene: Scene) -> None:
    """No preparation."""


def leaks(scene: Scene, done: CompletedProcess) -> bool:
    return SECRET in done.stdout + done.stderr


def withstands(
    scenes: Callable[[], Scene],
    body: str,
    before: Before = nothing_before,
    options: tuple[str, ...] = (),
    harmed: Harmed = leaks,
) -> None:
    """Asserts that a program does harm unconfined, and none confined.

    `before` prepares a scene and may give the program more variables. In `options`, `{project}` and
    the like are filled in.
    """
    scene = scenes()
    free = scene.attempt(body, False, **(before(scene) or {}))
    assert harmed(scene, free), f"unconfined it must succeed: {free.stdout} {free.stderr}"
    scene = scenes()
    values = before(scene) or {}
    places = {"home": scene.home, "project": scene.project}
    words = tuple(option.format(**places) for option in options)
    done = scene.attempt(body, True, words, **values)
    assert BEGUN in done.stdout, f"it was not even tried: {done.stderr}"
    assert not harmed(scene, done), f"{done.stdout} {done.stderr}"


def withstands_change(
    scenes: Callable[[], Scene],
    body: str,
    before: Before = nothing_before,
    options: tuple[str, ...] = (),
) -> None:
    """Asserts that a program changes what it may not unconfined, and does not confined."""
    seen: dict[Scene, dict[str, object]] = {}

    def prepare(scene: Scene) -> dict[str, object] | None:
        values = before(scene)
        seen[scene] = scene.untouchable()
        return values

    def changed(scene: Scene, done: CompletedProcess) -> bool:
        return scene.untouchable() != seen[scene]

    withstands(scenes, body, prepare, options, changed)
