#!/usr/bin/env python3
"""How much of base, engine and wire their tests reach: check_coverage.py BUILD_DIR [--missed LAYER]

BUILD_DIR was configured with -Db_coverage=true and its tests were run. tools/coverage.txt says how much it has
to be. A branch of an assert counts for nothing: the tests cannot take it. --missed lists what was not reached."""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys

import csource

ASSERT = re.compile(r'(?<![A-Za-z0-9_])(?:static_)?assert\s*\(')


def assert_lines(path):
    """Numbers of the lines that an assert stands on."""
    with open(path, encoding='utf-8') as f:
        text = csource.COMMENT.sub(lambda m: re.sub(r'[^\n]', ' ', m.group(0)), f.read())
    found = set()
    for m in ASSERT.finditer(text):
        end = text.find(';', m.end())
        first = text.count('\n', 0, m.start()) + 1
        found.update(range(first, first + text.count('\n', m.start(), end) + 1))
    return found


def gcov(root, build, layer):
    """Per source file of the layer: {line: count}, {line: [count of each branch]}."""
    data = sorted(glob.glob(os.path.join(build, 'src', layer, '*.p', '*.gcda')))
    lines, branches = collections.defaultdict(dict), collections.defaultdict(dict)
    if not data:
        return lines, branches
    out = subprocess.run(['gcov', '--json-format', '--branch-probabilities', '--stdout'] +
                         [os.path.abspath(d) for d in data],
                         cwd=build, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
    for doc in out.splitlines():
        if not doc.startswith('{'):
            continue
        for source in json.loads(doc)['files']:
            path = os.path.realpath(os.path.join(build, source['file']))
            if os.path.dirname(path) != os.path.join(root, 'src', layer) or not path.endswith('.c'):
                continue
            skip = assert_lines(path)
            for line in source['lines']:
                n = line['line_number']
                lines[path][n] = lines[path].get(n, 0) + line['count']
                if n not in skip and line['branches']:
                    counts = branches[path].setdefault(n, [])
                    counts.extend(b['count'] for b in line['branches'])
    return lines, branches


def gates(root):
    """{layer: (lines, branches)} in per cent."""
    found = {}
    with open(os.path.join(root, 'tools', 'coverage.txt'), encoding='utf-8') as f:
        for text in f:
            words = text.split('#')[0].split()
            if words:
                found[words[0]] = (int(words[1]), int(words[2]))
    return found


def share(reached, all_):
    return 100.0 * reached / all_ if all_ else 0.0


def print_missed(root, lines, branches):
    for path in sorted(lines):
        name = os.path.relpath(path, root)
        with open(path, encoding='utf-8') as f:
            text = f.read().split('\n')
        for n in sorted(lines[path]):
            if not lines[path][n]:
                print('%s:%d: line      %s' % (name, n, text[n - 1].strip()))
            elif 0 in branches[path].get(n, []):
                b = branches[path][n]
                print('%s:%d: %d of %d  %s' % (name, n, b.count(0), len(b), text[n - 1].strip()))


def check(root, build, missed):
    bad = 0
    for layer, (want_lines, want_branches) in sorted(gates(root).items()):
        lines, branches = gcov(root, build, layer)
        all_lines = [c for path in lines.values() for c in path.values()]
        all_branches = [c for path in branches.values() for b in path.values() for c in b]
        have_lines = share(sum(c > 0 for c in all_lines), len(all_lines))
        have_branches = share(sum(c > 0 for c in all_branches), len(all_branches))
        good = have_lines >= want_lines and have_branches >= want_branches
        bad += not good
        print('%-5s %-7s lines %5.1f %% (want %d), branches %5.1f %% (want %d), of %d and %d'
              % ('ok' if good else 'FAIL', 'coverage-' + layer, have_lines, want_lines, have_branches, want_branches,
                 len(all_lines), len(all_branches)))
        if missed == layer:
            print_missed(root, lines, branches)
    return 1 if bad else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('build')
    p.add_argument('--root', default=csource.root_dir())
    p.add_argument('--missed', metavar='LAYER')
    a = p.parse_args()
    return check(os.path.realpath(a.root), os.path.abspath(a.build), a.missed)


if __name__ == '__main__':
    sys.exit(main())
