#!/usr/bin/env python3
"""base and engine call only pure parts of libc and hold no mutable globals; engine has no floating point.

Reads BUILD_DIR/src/{base,engine}/libsuan_*.a with nm and objdump."""
import argparse
import os
import re
import subprocess
import sys

import csource

LAYERS = ('base', 'engine')

# What depends on nothing but its arguments and the heap.
ALLOWED = set('''
    memcpy memmove memset memcmp memchr memrchr memmem bcmp mempcpy explicit_bzero
    strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strchrnul strrchr strstr
    strspn strcspn strpbrk strdup strndup
    strtol strtoll strtoul strtoull strtoimax strtoumax __errno_location
    __isoc23_strtol __isoc23_strtoll __isoc23_strtoul __isoc23_strtoull
    __isoc23_strtoimax __isoc23_strtoumax
    snprintf vsnprintf
    malloc calloc realloc reallocarray aligned_alloc free qsort bsearch
    abort __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
    __memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk
    __udivti3 __umodti3 __divti3 __modti3 __multi3 __muloti4 __udivmodti4 __ashlti3 __lshrti3
    __popcountdi2
'''.split())
RUNTIME = re.compile(r'^(__asan_|__ubsan_|__sanitizer_|__lsan_|__tsan_|__sancov_|__gcov_|__llvm_|__odr_asan'
                     r'|\.LASAN|__interceptor_|__start___sanc|__stop___sanc)')
MUTABLE = re.compile(r'^(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)')
FLOAT_WORDS = {'float', 'double', '_Float32', '_Float64', '_Float128', '__float128', '_Complex'}
FLOAT_NUMBER = re.compile(r'^(?!0[xX])(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?[fFlL]?$')
FLOAT_FORMAT = re.compile(r'%[-+ #0\']*(\*|\d+)?(\.(\*|\d+)?)?[lL]?[fFeEgGaA]')


def run(*argv):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode:
        sys.exit('%s: %s' % (' '.join(argv), p.stderr.strip()))
    return p.stdout.splitlines()


def check_symbols(report, archive):
    member = '?'
    for line in run('nm', '-u', archive):
        if line.endswith(':'):
            member = line[:-1]
            continue
        m = re.match(r'\s+[Uwv]\s+(\S+)', line)
        if not m:
            continue
        name = m.group(1).split('@')[0]
        if name not in ALLOWED and not name.startswith('suan_') and not RUNTIME.match(name):
            report.add(archive, 0, '%s: found a call of %s; this layer is pure: take what it returns as '
                       'an argument or move the call to sys' % (member, name))


def check_globals(report, archive):
    member = '?'
    row = re.compile(r'^[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$')
    for line in run('objdump', '-t', archive):
        if ':     file format' in line:
            member = line.split(':')[0]
            continue
        m = row.match(line)
        if not m:
            continue
        flags, section, size, name = m.groups()
        if not MUTABLE.match(section) or RUNTIME.match(name):
            continue
        if 'd' not in flags and int(size, 16):  # 'd': a section's own symbol
            report.add(archive, 0, '%s: found the mutable global %s (%s); put it into a struct that the '
                       'caller owns, or make it const' % (member, name, section))


def check_float(report, root):
    for path in csource.c_files(root, 'src'):
        if not path.startswith('src/engine/'):
            continue
        text = csource.blank_comments(csource.Source(root, path).text)
        for line, directive in csource.directives(text):
            if re.match(r'#\s*include\s*<(math|float|complex|tgmath|fenv)\.h>', directive):
                report.add(path, line, 'found %s; the engine counts in integers' % directive)
        for t in csource.tokens(text):
            if t.text in FLOAT_WORDS or (t.kind == 'num' and FLOAT_NUMBER.match(t.text)):
                report.add(path, t.line, 'found %s; the engine counts in integers (micro-yuan, joule, '
                           'milligram, ms)' % t.text)
            elif t.kind == 'str' and FLOAT_FORMAT.search(t.text.replace('%%', '')):
                report.add(path, t.line, 'found a floating-point format in %s; the engine prints integers'
                           % t.text)


def check(root, build):
    report = csource.Report()
    for layer in LAYERS:
        archive = os.path.join(build, 'src', layer, 'libsuan_%s.a' % layer)
        if not os.path.exists(archive):
            sys.exit('%s: not there; build first: meson setup %s && ninja -C %s' % (archive, build, build))
        check_symbols(report, archive)
        check_globals(report, archive)
    check_float(report, root)
    return report.done()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('build', metavar='BUILD_DIR')
    p.add_argument('--root', default=csource.root_dir())
    a = p.parse_args()
    return check(a.root, a.build)


if __name__ == '__main__':
    sys.exit(main())
