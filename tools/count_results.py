#!/usr/bin/env python3
"""One line per test of a result file: ok, FAIL or skip, then its name.

count_results.py meson TESTLOG.json     a test program is one test
count_results.py junit RESULT.xml       a test case is one test (pytest --junitxml)"""
import json
import sys
import xml.etree.ElementTree

GOOD = ('OK', 'EXPECTEDFAIL')


def meson(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            if not line.strip():
                continue
            t = json.loads(line)
            name, result = t['name'], t['result'].strip()
            if result in GOOD:
                yield 'ok', name
            elif result == 'SKIP':
                yield 'skip', '%s: %s' % (name, skip_reason(t.get('stdout', '')))
            else:
                yield 'FAIL', '%s (%s)' % (name, result.lower())
                complain(name, t.get('stdout', ''))


def complain(name, out):
    """Meson keeps a TAP program's diagnostics to itself; shows the last of them on standard error."""
    told = [x for x in out.splitlines() if x.startswith(('not ok', '#', 'Bail'))][-40:]
    for text in told:
        print('    %s: %s' % (name, text), file=sys.stderr)


def skip_reason(out):
    """The words behind "# SKIP" in TAP."""
    for line in out.splitlines():
        where = line.upper().find('# SKIP')
        if where >= 0:
            return line[where + len('# SKIP'):].strip() or 'no reason given'
    return 'no reason given'


def junit(path):
    for case in xml.etree.ElementTree.parse(path).getroot().iter('testcase'):
        name = '%s::%s' % (case.get('classname', ''), case.get('name', ''))
        if case.find('failure') is not None or case.find('error') is not None:
            yield 'FAIL', name
        elif case.find('skipped') is not None:
            yield 'skip', '%s: %s' % (name, case.find('skipped').get('message', 'no reason given'))
        else:
            yield 'ok', name


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ('meson', 'junit'):
        sys.exit(__doc__)
    for state, name in {'meson': meson, 'junit': junit}[sys.argv[1]](sys.argv[2]):
        print(state, ' '.join(name.split()))


if __name__ == '__main__':
    main()
