#!/usr/bin/env python3
"""Names, headers and calls that the house rules ask for or forbid."""
import argparse
import os
import re
import sys

import csource

EMPTY_WORDS = {'util', 'utils', 'common', 'misc', 'helper', 'helpers', 'mgr'}
CLOCKS = {'time', 'gettimeofday', 'clock_gettime', 'clock', 'timespec_get'}
OUTPUT = {'printf', 'vprintf', 'fprintf', 'vfprintf', 'puts', 'putchar', 'perror', 'exit'}
UNBOUNDED = {'sprintf', 'vsprintf', 'strcpy', 'strcat', 'gets', 'stpcpy'}
MAY_PRINT = {'cli', 'daemon', 'main'}
# Names of one developer's machine, in pieces so that this file does not hold them.
FOREIGN = re.compile('|'.join((
    r'(^|[^A-Za-z0-9_.-])/(' + 'wo' 'rk|' + 'fa' 'rm)/',
    'fa' 'rm-' + '(studio|bench)', 'fa' 'rm_', 'sub' 'agent', r'\.lib' 'rary')))


def check_functions(report, src):
    for f in src.defs + src.protos:
        hidden = f.static and not src.path.endswith('.h')
        if hidden or f.name.startswith('suan_') or (src.path == 'src/main.c' and f.name == 'main'):
            continue
        report.add(src.path, f.line, 'found function %s, which other files see; name it suan_<module>_%s '
                   'or make it static' % (f.name, f.name))


def check_types(report, src):
    t = src.tokens
    for i, tok in enumerate(t[:-2]):
        if tok.text == 'typedef' and t[i + 1].text in ('struct', 'union'):
            end = i
            while end < len(t) and t[end].text not in ('{', '(', ';'):
                end += 1
            if end < len(t) and t[end].text != '(':
                report.add(src.path, tok.line, 'found typedef %s; write "struct suan_x" where it is used'
                           % t[i + 1].text)
        if not src.path.endswith('.h') or tok.text not in ('enum', 'struct', 'union'):
            continue
        name = t[i + 1].text if t[i + 1].kind == 'id' else ''
        brace = i + 2 if name else i + 1
        if brace >= len(t) or t[brace].text != '{':
            continue
        if name and not name.startswith('suan_'):
            report.add(src.path, tok.line, 'found %s %s in a header; name it %s suan_%s'
                       % (tok.text, name, tok.text, name))
        if tok.text == 'enum':
            check_enum(report, src, t[brace + 1:csource.skip_group(t, brace) - 1])


def check_enum(report, src, body):
    for value in csource.split_params(body):
        if value and not value[0].text.startswith('SUAN_'):
            report.add(src.path, value[0].line, 'found enum value %s in a header; name it SUAN_%s'
                       % (value[0].text, value[0].text))


def check_err_last(report, src):
    """struct suan_err * is the last parameter, but for the functions of suan_err itself."""
    t = src.tokens
    for i in range(len(t) - 4):
        if [x.text for x in t[i:i + 3]] != ['struct', 'suan_err', '*'] or (i and t[i - 1].text == 'const'):
            continue
        after = i + 4 if t[i + 3].kind == 'id' else i + 3
        if t[after].text != ',':
            continue
        depth, k = 1, i
        while k > 0 and depth:
            k -= 1
            depth += (t[k].text == ')') - (t[k].text == '(')
        if depth:
            continue  # not inside brackets
        name = t[k - 1].text if k else ''
        if name.startswith(('suan_fail', 'suan_err_')):
            continue
        report.add(src.path, t[i].line, 'found struct suan_err * before other parameters%s; it is the last one'
                   % (' of ' + name if name != ')' else ''))


def check_header(report, src):
    if not src.text.startswith('/*'):
        report.add(src.path, 1, 'header opens without a comment; say in two or three lines what the module is')
    if not src.path.startswith('src/'):
        return
    want = 'SUAN_' + re.sub(r'[^A-Za-z0-9]', '_', src.path[len('src/'):]).upper()
    found = [d for _, d in csource.directives(src.plain)]
    if len(found) < 3 or not re.match(r'#\s*ifndef\s+%s$' % want, found[0]) or \
            not re.match(r'#\s*define\s+%s$' % want, found[1]) or not re.match(r'#\s*endif', found[-1]):
        report.add(src.path, 1, 'header guard missing or of another name; want #ifndef %s, #define %s … #endif'
                   % (want, want))


def check_calls(report, src):
    for t in src.calls(UNBOUNDED):
        report.add(src.path, t.line, 'found %s(); use snprintf, memcpy or a suan_buf' % t.text)
    layer = src.layer()
    if not layer:
        return
    if layer != 'sys':
        for t in src.calls(CLOCKS):
            report.add(src.path, t.line, 'found %s(); only sys reads the clock, others are given "now"' % t.text)
    if layer not in MAY_PRINT and src.path != 'src/sys/log.c':
        for t in src.calls(OUTPUT):
            report.add(src.path, t.line, 'found %s(); libraries neither print nor exit: return an error with a '
                       'text' % t.text)


def check_paths(report, files):
    for path in files:
        if path.split('/')[0] not in ('src', 'tests', 'tools', 'bench'):
            continue
        for part in path.split('/'):
            words = set(re.split(r'[^a-z]+', os.path.splitext(part)[0].lower()))
            for word in sorted(words & EMPTY_WORDS):
                report.add(path, 0, 'found "%s" in the name %s; say what is inside' % (word, part))


def check_foreign(report, root, files):
    for path in files:
        with open(os.path.join(root, path), 'rb') as f:
            data = f.read()
        if b'\0' in data[:8000]:
            continue
        for n, line in enumerate(data.decode('utf-8', 'replace').split('\n'), 1):
            m = FOREIGN.search(line)
            if m:
                report.add(path, n, 'found "%s", a name of one machine; take it out' % m.group(0).strip())


def check(root):
    report = csource.Report()
    files = csource.repository_files(root)
    check_paths(report, files)
    check_foreign(report, root, files)
    for path in csource.c_files(root, 'src', 'tests'):
        src = csource.Source(root, path)
        check_calls(report, src)
        if path.endswith('.h'):
            check_header(report, src)
        if path.startswith('src/'):
            check_functions(report, src)
            check_types(report, src)
            if path.endswith('.h'):
                check_err_last(report, src)
    return report.done()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--root', default=csource.root_dir())
    return check(p.parse_args().root)


if __name__ == '__main__':
    sys.exit(main())
