#!/usr/bin/env python3
"""Shows that every rule of the checkers fires: small trees with one fault each, and clean ones that pass."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = '''
base:
engine: base
wire: base engine(model.h)
cli: base wire
daemon: *
main: daemon cli
base! *
engine! engine.h model.h
wire! *
cli! cli.h
daemon! daemon.h
'''
HEADER = '/* A thing.\n * More. */\n#ifndef %s\n#define %s\n%s\n#endif\n'


def header(guard, body=''):
    return HEADER % (guard, guard, body)


def run(script, root, *args):
    p = subprocess.run([sys.executable, '-B', os.path.join(HERE, script), '--root', root] + list(args),
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.returncode, p.stdout


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as f:
            f.write(text)


class Suite:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, what, script, files, want, args=()):
        """want: a piece of the one finding, or None when the tree must pass."""
        root = tempfile.mkdtemp(prefix='suan-checks-')
        try:
            write_tree(root, dict({'tools/layers.txt': RULES}, **files))
            if script == 'check_purity.py':
                build_archives(root)
            status, out = run(script, root, *[a.replace('ROOT', root) for a in args])
        finally:
            shutil.rmtree(root)
        self.count += 1
        if want is None:
            good = status == 0 and not out
        else:
            good = status == 1 and want in out and out.count('\n') == 1
        if not good:
            self.failed += 1
        print('%s %d - %s: %s' % ('ok' if good else 'not ok', self.count, script, what))
        if not good:
            print('# want %s; got status %d and\n# %s'
                  % ('no finding' if want is None else 'one finding with "%s"' % want, status,
                     out.replace('\n', '\n# ')))

    def told(self, what, good, out):
        self.count += 1
        self.failed += not good
        print('%s %d - check_coverage.py: %s' % ('ok' if good else 'not ok', self.count, what))
        if not good:
            print('# got\n# ' + out.replace('\n', '\n# '))


def build_archives(root):
    """Every src/<layer>/*.c of base and engine into build/src/<layer>/libsuan_<layer>.a."""
    for layer in ('base', 'engine'):
        folder = os.path.join(root, 'src', layer)
        out = os.path.join(root, 'build', 'src', layer)
        os.makedirs(folder, exist_ok=True)
        os.makedirs(out)
        objects = []
        names = sorted(n for n in os.listdir(folder) if n.endswith('.c'))
        if not names:
            write_tree(root, {'src/%s/empty.c' % layer: 'extern int suan_nothing;\n'})
            names = ['empty.c']
        for name in names:
            obj = os.path.join(out, name + '.o')
            subprocess.run(['gcc', '-O1', '-fPIC', '-fno-common', '-w', '-c', os.path.join(folder, name), '-o', obj],
                           check=True)
            objects.append(obj)
        subprocess.run(['ar', 'crs', os.path.join(out, 'libsuan_%s.a' % layer)] + objects, check=True)


def layers(s):
    c = 'check_layers.py'
    s.case('downwards passes', c, {
        'src/base/a.h': '', 'src/engine/model.h': '#include "base/a.h"\n', 'src/engine/own.h': '',
        'src/engine/x.c': '#include <stdio.h>\n#include "engine/own.h"\n#include "base/a.h"\n',
        'src/wire/x.c': '#include "engine/model.h"\n// #include "cli/cli.h"\n/*\n#include "cli/cli.h"\n*/\n',
        'src/daemon/x.c': '#include "engine/engine.h"\n#include "cli/cli.h"\n',
        'src/main.c': '#include "daemon/daemon.h"\n#include "cli/cli.h"\n'}, None)
    s.case('upwards', c, {'src/base/a.c': '\n#include "engine/engine.h"\n'},
           'src/base/a.c:2: found #include "engine/engine.h": layer base may not use engine')
    s.case('sideways', c, {'src/cli/a.c': '#include "daemon/daemon.h"\n'}, 'layer cli may not use daemon')
    s.case('main too', c, {'src/main.c': '#include "base/a.h"\n'}, 'layer main may not use base')
    s.case('only the named header', c, {'src/wire/a.c': '#include "engine/engine.h"\n'},
           'include one of: engine/model.h')
    s.case('not a front door', c, {'src/daemon/a.c': '#include "engine/own.h"\n'},
           'include one of: engine/engine.h engine/model.h')
    s.case('without folder', c, {'src/base/a.c': '#include "b.h"\n'}, 'write "layer/b.h"')
    s.case('unknown layer used', c, {'src/base/a.c': '#include "odd/b.h"\n'}, 'no layer "odd"')
    s.case('unknown folder', c, {'src/odd/a.c': ''}, 'folder src/odd is not in tools/layers.txt')
    s.case('circle of two', c, {'src/base/a.h': '#include "base/b.h"\n', 'src/base/b.h': '#include "base/a.h"\n'},
           'circle of includes: base/a.h -> base/b.h -> base/a.h')
    s.case('circle of one', c, {'src/base/a.h': '#include "base/a.h"\n'}, 'base/a.h -> base/a.h')
    s.case('a diamond is no circle', c, {
        'src/base/a.h': '#include "base/b.h"\n#include "base/c.h"\n', 'src/base/b.h': '#include "base/d.h"\n',
        'src/base/c.h': '#include "base/d.h"\n', 'src/base/d.h': ''}, None)
    s.case('bad table', c, {'tools/layers.txt': 'nonsense\n'}, 'layers.txt:1: found "nonsense"')
    s.case('bad table, unknown layer', c, {'tools/layers.txt': 'base: odd\n'}, 'base uses the unknown layer odd')


def purity(s):
    c, args = 'check_purity.py', ('ROOT/build',)

    def engine(what, code, want):
        s.case(what, c, {'src/engine/x.c': code}, want, args)

    engine('pure code passes',
           '#include <string.h>\n#include <stdlib.h>\n#include <stdio.h>\n#include <assert.h>\n'
           'static const char *const names[] = {"a", "b"};\n'
           'extern int suan_other(int);\n'
           '/* a double here, 1.5 there, "%f" too */\n'
           'int suan_x(char *b, int i) { assert(i > 0); void *p = malloc(9); free(p);\n'
           'snprintf(b, 9, "%d 100%% full 0x1f", suan_other(i)); return (int)strlen(names[i]) + 0x1e5; }\n', None)
    engine('clock', 'long time(long *);\nlong suan_x(void) { return time(0); }\n', 'found a call of time;')
    engine('file', 'int open(const char *, int);\nint suan_x(void) { return open("a", 0); }\n', 'a call of open;')
    engine('random', 'int rand(void);\nint suan_x(void) { return rand(); }\n', 'a call of rand;')
    s.case('base too', c, {'src/base/x.c': 'int getpid(void);\nint suan_x(void) { return getpid(); }\n'},
           'libsuan_base.a: x.c.o: found a call of getpid;', args)
    engine('global in data', 'int suan_x = 3;\n', 'the mutable global suan_x (.data)')
    engine('global in bss', 'int suan_x;\n', 'the mutable global suan_x (.bss)')
    engine('static counter in a function', 'int suan_x(void) { static int n; return n++; }\n',
           'the mutable global n.')
    engine('thread-local', '__thread int suan_x;\n', 'the mutable global suan_x (.tbss)')
    engine('mutable table of pointers', 'const char *suan_names[] = {"a"};\n', 'the mutable global suan_names (.data.rel')
    engine('double', 'typedef\ndouble suan_d;\n', 'x.c:2: found double')
    engine('float in a macro', '#define SUAN_F float\n', 'x.c:1: found float')
    s.case('float in a header', c, {'src/engine/x.h': 'struct suan_a {\n\tfloat f;\n};\n'}, 'x.h:2: found float', args)
    engine('number with a point', 'const int suan_x = (int)1.5;\n', 'found 1.5')
    engine('number with an exponent', 'const int suan_x = (int)1e3;\n', 'found 1e3')
    engine('format', 'const char suan_x[] = "a %-8.3f b";\n', 'a floating-point format')
    engine('format g', 'const char suan_x[] = "%g";\n', 'a floating-point format')
    engine('math.h', '#include <math.h>\n', 'found #include <math.h>')
    s.case('base may have doubles', c, {'src/base/x.c': 'double suan_x(double a) { return a * 1.5; }\n'}, None, args)
    s.case('no build', c, {}, 'build first', ('ROOT/other',))


def lines(n, text='\tsuan_y();\n'):
    return text * n


def sizes(s):
    c = 'check_sizes.py'

    def source(what, code, want, path='src/base/x.c'):
        s.case(what, c, {path: code}, want)

    source('100 lines', 'int\nsuan_x(void)\n{\n' + lines(96) + '}\n', None)
    source('101 lines', '\nint\nsuan_x(void)\n{\n' + lines(97) + '}\n', 'src/base/x.c:2: suan_x: 101 lines, limit 100')
    source('tests too', 'int suan_x(void)\n{\n' + lines(98) + '}\n', '101 lines', 'tests/unit/t_x.c')
    source('two functions are two', 'int a(void)\n{\n' + lines(60) + '}\n\nstatic struct b *b(int c)\n{\n'
           + lines(60) + '}\n', None)
    source('a table is no function', 'static const int t[] = {\n' + '\t1,\n' * 200 + '};\nstruct a {\n'
           + '\tint x;\n' * 200 + '};\n', None)
    source('length behind a macro with attributes', '__attribute__((format(printf, 1, 2)))\nint suan_x(int a)\n{\n'
           + lines(98) + '}\n', 'suan_x: 102 lines')
    branches = '\tif (a && (b || c))\n\t\td = a ? b : c;\n'  # 4 each
    source('complexity 25', 'int suan_x(void)\n{\n' + branches * 6 + '}\n', None)
    source('complexity 26', 'int suan_x(void)\n{\n' + branches * 6 + '\twhile (a)\n\t\tb();\n}\n', 'complexity 26, limit 25')
    source('cases count', 'int suan_x(void)\n{\n\tswitch (a) {\n' + '\tcase 1:\n' * 25 + '\tdefault:\n\t\tb();\n\t}\n}\n',
           'complexity 26')
    source('comments and strings do not', 'int suan_x(void)\n{\n' + '\ta("if ? && ||", \'?\'); /* if && */ // if\n' * 30
           + '}\n', None)
    source('loops by macro count', 'int suan_x(void)\n{\n' + '\tjson_array_foreach(a, b, c)\n\t\td();\n' * 25 + '}\n',
           'complexity 26')
    deep4 = '\tif (a)\n\t\tfor (;;) {\n\t\t\twhile (b)\n\t\t\t\tdo {\n%s\t\t\t\t} while (c);\n\t\t}\n'
    source('nesting 4', 'int suan_x(void)\n{\n' + deep4 % '\t\t\t\t\tc();\n' + '}\n', None)
    source('nesting 5', 'int suan_x(void)\n{\n' + deep4 % '\t\t\t\t\tif (d)\n\t\t\t\t\t\tc();\n' + '}\n', 'nesting 5, limit 4')
    source('else if is flat', 'int suan_x(void)\n{\n\tif (a)\n\t\tb();\n' + '\telse if (c)\n\t\td();\n' * 9
           + '\telse\n\t\te();\n\tif (x) {\n\t\ty();\n\t}\n}\n', None)
    source('nesting after a switch', 'int suan_x(void)\n{\n\tswitch (a) {\n\tcase 1: {\n\t\tb();\n\t\tbreak;\n\t}\n\tdefault:\n'
           + '\t\tbreak;\n\t}\n\tif (a)\n\t\tif (b)\n\t\t\tif (c)\n\t\t\t\tif (d)\n\t\t\t\t\te();\nout:\n\treturn;\n}\n', None)
    source('nesting in a loop by macro', 'int suan_x(void)\n{\n\tif (a)\n\t\tif (a)\n\t\t\tif (a)\n\t\t\t\tif (a)\n'
           '\t\t\t\t\tmy_foreach(x, y) {\n\t\t\t\t\t\tc();\n\t\t\t\t\t}\n}\n', 'nesting 5')
    source('5 parameters', 'int suan_x(int a, int (*b)(int, int, int), int c, int d, int e);\nint suan_p(int a, int b, '
           'int c, int d,\n\tint e, ...);\n', None)
    source('6 parameters', 'static int f(int a, int b, int c, int d, int e, int g)\n{\n}\n', 'f: 6 parameters, limit 5')
    source('6 in a prototype', 'int suan_f(int a, int b, int c, int d, int e, int g);\n', 'suan_f: 6 parameters',
           'src/base/x.h')
    source('100 columns', '// ' + 'x' * 97 + '\n', None)
    source('101 columns', '// ' + 'x' * 98 + '\n', 'x.c:1: line: 101 columns, limit 100')
    source('tabs are 8', '\t\t// ' + 'x' * 82 + '\n', '101 columns')
    source('1200 lines', 'int a;\n' * 1200, None)
    source('1201 lines', 'int a;\n' * 1201, 'file: 1201 lines, limit 1200')
    source('#else with a brace of its own', '#ifdef A\nint suan_x(int a)\n{\n#else\nint suan_x(void)\n{\n#endif\n'
           + lines(110) + '}\n', 'suan_x:')


def names(s):
    c = 'check_names.py'

    def source(what, code, want, path='src/base/x.c'):
        s.case(what, c, {path: code}, want)

    source('good code passes', '#include <stdio.h>\nstatic int cut(int a)\n{\n\treturn x.printf(a) + p->time(0);\n}\n'
           'int suan_x_do(int a)\n{\n\tsnprintf(a, 3, "printf( exit(");\n\treturn cut(a); /* exit(1) */\n}\n', None)
    source('public function', 'int cut(int a)\n{\n\treturn a;\n}\n', 'x.c:1: found function cut')
    source('in a header', header('SUAN_BASE_X_H', 'int cut(int a);'), 'found function cut', 'src/base/x.h')
    source('static inline in a header', header('SUAN_BASE_X_H', 'static inline int cut(int a) { return a; }'),
           'found function cut', 'src/base/x.h')
    source('main', 'int main(void)\n{\n}\n', None, 'src/main.c')
    source('main elsewhere', 'int main(void)\n{\n}\n', 'found function main')
    source('typedef struct', 'typedef struct suan_a suan_a;\n', 'found typedef struct')
    source('typedef struct with a body', '\ntypedef struct {\n\tint a;\n} b;\n', 'x.c:2: found typedef struct')
    source('typedef of a function', 'typedef struct suan_a *(*suan_fn)(void);\ntypedef int (*suan_b)(int);\n', None)
    source('enum value', header('SUAN_BASE_X_H', 'enum suan_a {\n\tSUAN_A = F(1, 2),\n\tB,\n};'), 'x.h:7: found enum value B',
           'src/base/x.h')
    source('anonymous enum', header('SUAN_BASE_X_H', 'enum { B };'), 'found enum value B', 'src/base/x.h')
    source('enum of its own in a .c', 'enum { B };\n', None)
    source('struct name', header('SUAN_BASE_X_H', 'struct a { int b; };'), 'found struct a', 'src/base/x.h')
    source('good header', header('SUAN_BASE_X_H', 'struct suan_a { int b; };\nenum suan_b { SUAN_B };\n'
           'int suan_a(struct suan_a *a, struct suan_err *err);'), None, 'src/base/x.h')
    source('guard missing', '/* A. */\nint suan_a;\n', 'want #ifndef SUAN_BASE_X_H', 'src/base/x.h')
    source('guard of another name', header('SUAN_X_H'), 'want #ifndef SUAN_BASE_X_H', 'src/base/x.h')
    source('no comment', header('SUAN_BASE_X_H').split('\n', 2)[2], 'opens without a comment', 'src/base/x.h')
    source('no comment in tests', 'int a;\n', 'opens without a comment', 'tests/lib/x.h')
    for name in ('util', 'common', 'misc', 'helper', 'job_mgr', 'string_utils'):
        source('file ' + name, '', 'in the name %s.c' % name, 'src/base/%s.c' % name)
    source('folder', '', 'found "common" in the name common', 'tests/common/x.c')
    source('a word inside a word', '', None, 'src/base/commonly.c')
    for call in ('time(NULL)', 'gettimeofday(&a, 0)', 'clock_gettime(0, &a)'):
        source(call, 'static void a(void)\n{\n\t%s;\n}\n' % call, 'x.c:3: found %s()' % call.split('(')[0])
        source(call + ' in sys', 'static void a(void)\n{\n\t%s;\n}\n' % call, None, 'src/sys/clock.c')
    for call in ('printf("a")', 'fprintf(stderr, "a")', 'exit(1)', 'perror("a")'):
        code = 'static void a(void)\n{\n\t%s;\n}\n' % call
        source(call, code, 'x.c:3: found %s()' % call.split('(')[0])
        source(call + ' in sys', code, 'found %s()' % call.split('(')[0], 'src/sys/x.c')
        for path in ('src/cli/x.c', 'src/daemon/x.c', 'src/main.c', 'src/sys/log.c', 'tests/unit/t_x.c'):
            source('%s in %s' % (call, path), code, None, path)
    for call in ('sprintf(a, "b")', 'strcpy(a, b)', 'strcat(a, b)'):
        source(call, 'static void a(void)\n{\n\t%s;\n}\n' % call, 'found %s()' % call.split('(')[0])
        source(call + ' in tests', 'static void a(void)\n{\n\t%s;\n}\n' % call, 'found %s()' % call.split('(')[0],
               'tests/unit/t_x.c')
    source('err is last', header('SUAN_BASE_X_H', 'int suan_a(struct suan_err *err, int b);'),
           'before other parameters of suan_a', 'src/base/x.h')
    source('err is last in a table', header('SUAN_BASE_X_H', 'struct suan_a {\n\tint (*b)(struct suan_err *err, int b);\n};'),
           'before other parameters;', 'src/base/x.h')
    source('err of its own', header('SUAN_BASE_X_H', 'int suan_fail(struct suan_err *err, int b);\n'
           'int suan_a(const struct suan_err *err, int b);'), None, 'src/base/x.h')
    for word in (' /wo' 'rk/a', '"/fa' 'rm/a', 'fa' 'rm-studio', 'fa' 'rm_x', 'sub' 'agent', 'a/.lib' 'rary/b'):
        source('foreign word ' + word[2:5], '\n%s\n' % word, 'x.md:2: found', 'docs/x.md')
    source('words that are near', 'network/a /home/wo' 'rk/a fa' 'rm https://a.b/wo' 'rk/x library\n', None, 'docs/x.md')


# Half of its branches are taken; the one that an assert could take does not count.
MEASURED = '''#include <assert.h>
/* assert(1) in a comment is none. */
static int half(int a)
{
	assert(a > 0);
	assert(a < 5 &&
	       a != 3);
	if (a > 1)
		return 2;
	return 1;
}
int main(void)
{
	return half(1) - 1;
}
'''


def coverage(s):
    root = tempfile.mkdtemp(prefix='suan-checks-')
    try:
        write_tree(root, {'src/base/x.c': MEASURED})
        os.makedirs(os.path.join(root, 'build/src/base/x.p'))
        build = os.path.join(root, 'build')
        subprocess.run(['gcc', '--coverage', '-O0', '../src/base/x.c', '-o', 'src/base/x.p/x'], cwd=build, check=True)
        subprocess.run([os.path.join(build, 'src/base/x.p/x')], cwd=build, check=True)
        for gate, status, want in (('base 87 50 # a ratchet', 0, 'ok    coverage-base'), ('base 90 50', 1, 'FAIL'),
                                   ('base 80 51', 1, 'branches  50.0 % (want 51), of 8 and 2'), ('wire 1 1', 1, 'FAIL')):
            write_tree(root, {'tools/coverage.txt': gate})
            got, out = run('check_coverage.py', root, build)
            s.told('gate ' + gate, got == status and want in out, out)
        write_tree(root, {'tools/coverage.txt': 'base 1 1'})
        out = run('check_coverage.py', root, build, '--missed', 'base')[1].splitlines()[1:]
        s.told('what was missed', out == ['src/base/x.c:8: 1 of 2  if (a > 1)', 'src/base/x.c:9: line      return 2;'],
               '\n'.join(out))
    finally:
        shutil.rmtree(root)


def main():
    s = Suite()
    for part in (layers, purity, sizes, names, coverage):
        part(s)
    print('1..%d' % s.count)
    return 1 if s.failed else 0


if __name__ == '__main__':
    sys.exit(main())
