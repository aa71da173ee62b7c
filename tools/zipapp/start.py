"""Imports Safehouse from dist/safehouse and runs it.

The modules lie one after the other in one entry per Python, and are read one by one when they are
imported: a zip entry each costs a third of the launch more (benchmarks/README.md).
"""

import sys
from _frozen_importlib import ModuleSpec
from marshal import loads


class ByteCode:
    """A finder and loader of modules from a table: name -> (is a package, place, size)."""

    def __init__(self, archive, table, read):
        self.archive = archive
        self.root = archive + "/site-packages/"
        self.table = table
        self.read = read

    def find_spec(self, name, path=None, target=None):
        if name not in self.table:
            return None
        is_package = self.table[name][0]
        spec = ModuleSpec(name, self, origin=self.file(name), is_package=is_package)
        if is_package:
            spec.submodule_search_locations = [self.root + name.replace(".", "/")]
        return spec

    def file(self, name):
        end = "/__init__.py" if self.table[name][0] else ".py"
        return self.root + name.replace(".", "/") + end

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _, place, size = self.table[module.__name__]
        module.__file__ = module.__spec__.origin
        exec(loads(self.read(place, size)), module.__dict__)

    def get_source(self, name):
        return self.get_data(self.file(name)).decode()

    def get_data(self, path):
        from zipimport import zipimporter

        return zipimporter(self.archive).get_data(path)


def run(table, read):
    """Run Safehouse with nothing on the path but this archive and the standard library."""
    if sys.version_info < (3, 9):  # noqa: UP036  # whatever Python there was
        found = "{} is Python {}.{}".format(sys.executable, *sys.version_info)
        sys.stderr.write(f"safehouse: {found}; install Python 3.9 or newer\n")
        sys.exit(125)
    if sys.stdout is None or sys.stderr is None:
        nowhere = open("/dev/null", "w")  # noqa: SIM115  # for as long as we run
        sys.stdout = sys.stdout or nowhere
        sys.stderr = sys.stderr or nowhere
    given = sys.argv[0]
    if not given.startswith("/"):
        from posix import getcwd

        sys.argv[0] = getcwd() + "/" + given
    archive = sys.argv[0]
    own, others = archive + "/site-packages", [entry for entry in sys.path if entry != given]
    if table:
        sys.meta_path.insert(0, ByteCode(archive, table, read))
        # What is looked through for a module of the standard library: the directory of those in C,
        # which are the ones that a launch needs, is short, and the archive has none of them.
        others.sort(key=lambda entry: not entry.endswith("/lib-dynload"))
        sys.path[:] = [*others, own]
    else:
        sys.path[:] = [own, *others]
    from safehouse.cli.main import process

    process()
