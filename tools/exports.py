#!/usr/bin/env python3
"""A linker's version script for libsuan: exports.py HEADER… prints one that exports what the headers declare.

Everything else stays inside of the library, so that it may change."""
import sys

sys.dont_write_bytecode = True  # a build leaves nothing in the source tree
import csource  # noqa: E402


def names(paths):
    found = set()
    for path in paths:
        src = csource.Source('', path)
        found.update(f.name for f in src.protos)
    return sorted(found)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print('{\nglobal:')
    for name in names(sys.argv[1:]):
        print('\t%s;' % name)
    print('local:\n\t*;\n};')


if __name__ == '__main__':
    main()
