"""The way in when a Python is given dist/safehouse, or has no byte code there: see header.sh."""

import sys
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads
from zipimport import zipimporter

if not (sys.flags.isolated and sys.flags.no_site):
    from posix import execv

    execv(sys.executable, [sys.executable, "-IS", *sys.argv])

archive = zipimporter(sys.argv[0])
# The magic number names the byte code exactly; the tag is for whoever lists the archive.
name = f"byte-code/{sys.implementation.cache_tag}-{MAGIC_NUMBER[:2].hex()}"
try:
    content = archive.get_data(name)
except OSError:
    content = b""


def read(at, size):
    return content[at : at + size]


start, table = loads(content) if content else (archive.get_data("start.py"), {})
exec(start)
run(table, read)  # noqa: F821  # from start.py
