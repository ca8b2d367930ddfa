#!/usr/bin/env python3
"""Sizes that may not be passed, in src/ and tests/. There is no list of exceptions."""
import argparse
import sys

import csource

FILE_LINES = 1200
COLUMNS = 100
TAB = 8
# (method of csource.Function, limit, words)
LIMITS = (
    ('length', 100, '%d lines, limit %d; cut it into functions that have a name of their own'),
    ('complexity', 25, 'complexity %d, limit %d; cut out the decisions that belong together'),
    ('nesting', 4, 'nesting %d, limit %d; return early or cut out the inner part'),
)
PARAMS = 5


def named_params(f):
    """Parameters of a function; '...' and the error text 'struct suan_err *err', which is part of the
    result, are not counted."""
    words = [[t.text for t in p] for p in f.params]
    return sum(1 for w in words if w != ['...'] and w != ['struct', 'suan_err', '*', 'err'])


def check_file(report, src):
    lines = src.text.split('\n')
    count = len(lines) - (lines[-1] == '')
    if count > FILE_LINES:
        report.add(src.path, count, 'file: %d lines, limit %d; cut it by nouns' % (count, FILE_LINES))
    for n, line in enumerate(lines, 1):
        width = len(line.expandtabs(TAB))
        if width > COLUMNS:
            report.add(src.path, n, 'line: %d columns, limit %d (a tab is %d)' % (width, COLUMNS, TAB))
    for f in src.defs:
        for method, limit, words in LIMITS:
            value = getattr(f, method)()
            if value > limit:
                report.add(src.path, f.line, '%s: %s' % (f.name, words % (value, limit)))
    for f in src.defs + src.protos:
        if named_params(f) > PARAMS:
            report.add(src.path, f.line, '%s: %d parameters, limit %d; pass a struct'
                       % (f.name, named_params(f), PARAMS))


def top(sources, n):
    """The largest of each kind, for humans."""
    fns = [(s, f) for s in sources for f in s.defs]
    for title, value in (('longest functions', lambda f: f.length()),
                         ('most complex functions', lambda f: f.complexity()),
                         ('deepest functions', lambda f: f.nesting())):
        print(title)
        for s, f in sorted(fns, key=lambda x: (-value(x[1]), x[0].path, x[1].line))[:n]:
            print('%8d  %s:%d %s' % (value(f), s.path, f.line, f.name))
    print('longest files')
    for s in sorted(sources, key=lambda s: (-s.text.count('\n'), s.path))[:n]:
        print('%8d  %s' % (s.text.count('\n'), s.path))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--root', default=csource.root_dir())
    p.add_argument('--top', type=int, metavar='N', help='print the N largest of each kind and check nothing')
    a = p.parse_args()
    sources = [csource.Source(a.root, f) for f in csource.c_files(a.root, 'src', 'tests')]
    if a.top:
        top(sources, a.top)
        return 0
    report = csource.Report()
    for src in sources:
        check_file(report, src)
    return report.done()


if __name__ == '__main__':
    sys.exit(main())
