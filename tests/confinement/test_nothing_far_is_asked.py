"""What a confined program names does not have the recorder ask anybody: no automount, no server."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.confinement import user
from tests.confinement.automount import automount

pytestmark = [
    pytest.mark.confinement,
    user.linux_only("a Mac tells its log, and there is none here"),
]


@pytest.fixture
def far():
    try:
        with automount() as (place, names):
            # Not in this process group, which is the automounter's.
            subprocess.run(["stat", f"{place}/itself"], capture_output=True, start_new_session=True)
            if names != ["itself"]:
                pytest.skip("an automount is not heard of here")
            names.clear()
            yield place, names
    except OSError as error:
        pytest.skip(f"nobody may mount an automount here: {error}")


SPELLINGS = {
    "in full": "stat('{0}/name/x')",
    "with dots": "stat('/usr/..{0}/name/x')",
    "with slashes": "stat('/{0}//name//x')",
    "by a link": "os.symlink('{0}/name', 'l'); stat('l/x')",
    "by a link, the last": "os.symlink('{0}/name', 'l'); stat('l')",
    "by a link above": "os.symlink('{0}', 'l'); stat('l/name')",
    "to be made": "attempt(os.mkdir, '{0}/name')",
    "in what was a directory": (
        "os.mkdir('d'); stat('d/x'); stat('d/y'); os.rename('d', 'e'); os.symlink('{0}', 'd'); stat('d/name')"
    ),
    "in what was a directory, further down": (
        "os.makedirs('d/name'); stat('d/name/x'); os.rename('d', 'e'); os.symlink('{0}', 'd'); "
        "stat('d/name/y')"
    ),
    "left as a link": "stat(home + '/tool/x'); os.symlink('{0}/name', home + '/l')",
}


@pytest.mark.parametrize("body", SPELLINGS.values(), ids=SPELLINGS)
def test_a_name_in_an_automount_is_not_looked_for(scene, far, body):
    place, names = far
    script = f"""
def attempt(call, *words):
    try:
        call(*words)
    except OSError as error:
        print(error)
def stat(path):
    for call in (os.stat, os.lstat, os.listdir, open):
        attempt(call, path)
{body.format(place)}
"""
    scene.confined("run", "--denials", "--network=none", "--", *scene.program(script))
    assert names == []
    shown = json.loads(scene.confined("denials", "--json").stdout)
    assert names == []
    assert not shown["flaw"]
    rows = [row for row in shown["rows"] if row["target"].startswith(place)]
    assert all("not looked at" in row["note"] and not row["harmless"] for row in rows)
    assert rows or "{0}', 'd')" in body or "home + " in body


def test_a_race_with_a_link_does_not_get_there(scene, far):
    place, names = far
    script = f"""
import threading
os.mkdir('d'); os.symlink({place!r}, 'l')
def swap():
    for _ in range(3000):
        libc.renameat2(-100, b'd', -100, b'l', 2)
thread = threading.Thread(target=swap)
thread.start()
while thread.is_alive():
    try: os.stat('d/name')
    except OSError: pass
"""
    scene.confined("run", "--denials", "--network=none", "--", *scene.program(script))
    assert names == []
