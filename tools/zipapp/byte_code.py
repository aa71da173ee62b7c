"""Compiles a tree for the Python that runs this: byte_code.py SITE_PACKAGES START OUTPUT_FOLDER.

Writes one file, named as `__main__.py` looks for it: a head, which is marshal of (code of START,
table for start.ByteCode), and the modules' codes behind it. Prints its name and the head's size.
The same input gives the same bytes: run it with PYTHONHASHSEED=0, once per process. Marshal marks
an object as shared by its reference count, so nothing else may be imported or kept alive here.
"""

import marshal
import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER

FUTURE = b"\nfrom __future__ import annotations\n"
CO_FUTURE_ANNOTATIONS = 0x1000000  # code.h, 3.9 to 3.13


def compiled(path, name):
    """The code of a file. The import of __future__, which costs 0.2 ms, is said by a flag instead."""
    with open(path, "rb") as file:
        text = file.read()
    flags = 0
    if FUTURE in text:
        text, flags = text.replace(FUTURE, b"\n", 1), CO_FUTURE_ANNOTATIONS
    return compile(text, name, "exec", flags, dont_inherit=True, optimize=2)


def modules(root):
    """(name, file, is a package) of each module below `root`, in order."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in sorted(files):
            if not file.endswith(".py"):
                continue
            relative = os.path.relpath(os.path.join(folder, file), root)
            parts = relative[: -len(".py")].split(os.sep)
            is_package = parts[-1] == "__init__"
            yield ".".join(parts[:-1] if is_package else parts), relative, is_package


def main(root, start, output):
    start = compiled(start, "start.py")
    codes = [
        (name, file, is_package, marshal.dumps(compiled(os.path.join(root, file), file)))
        for name, file, is_package in modules(root)
    ]
    # An int takes the same room whatever it is: a head with wrong places has the right size.
    place = len(head(start, codes, 0))
    name = f"{sys.implementation.cache_tag}-{MAGIC_NUMBER[:2].hex()}"
    with open(os.path.join(output, name), "wb") as file:
        file.write(head(start, codes, place))
        for code in codes:
            file.write(code[-1])
    print(name, place)


def head(start, codes, place):
    table = {}
    for name, _, is_package, code in codes:
        table[name] = (is_package, place, len(code))
        place += len(code)
    # Version 2 of the format knows no references: nothing here depends on reference counts.
    return marshal.dumps((start, table), 2)


main(*sys.argv[1:])
