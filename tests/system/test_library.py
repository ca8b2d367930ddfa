"""libsuan as another program meets it: installed, found by pkg-config, with nothing but its headers' functions."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from conftest import SUAN

BUILD = pathlib.Path(SUAN).resolve().parents[1]

PROGRAM = r"""
%s
#include <stdio.h>
#include <string.h>

/* A duration, and a JSON document read and written again. */
int main(void)
{
	const char *text = "{\"cores\": 3}", *name;
	struct suan_arena arena;
	struct suan_err err = {0};
	struct suan_json j;
	struct suan_jsonw w;
	struct suan_buf out;
	int64_t ms = 0, cores = 0;

	if (suan_parse_duration("1h30m", 1000, &ms, &err) != SUAN_OK)
		return 1;
	suan_arena_init(&arena, 0);
	suan_json_init(&j, text, strlen(text), &arena, &err);
	if (!suan_json_object(&j) || !suan_json_member(&j, &name) || !suan_json_i64(&j, 0, 9, &cores))
		return 2;
	suan_buf_init(&out, 0);
	suan_jsonw_init(&w, &out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_i64(&w, name, cores);
	suan_jsonw_i64(&w, "ms", ms);
	suan_jsonw_close(&w, '}');
	printf("%%s\n", suan_buf_str(&out));
	suan_buf_done(&out);
	suan_arena_done(&arena);
	return 0;
}
"""


def run(*args, **kw):
    r = subprocess.run([str(a) for a in args], capture_output=True, text=True, **kw)
    assert r.returncode == 0, (args, r.stdout, r.stderr)
    return r.stdout


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """Folder that the build was installed into, with the prefix below it."""
    root = tmp_path_factory.mktemp('root')
    run('meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', root)
    return root


def option(name):
    found = json.loads(run('meson', 'introspect', '--buildoptions', BUILD))
    return {o['name']: o['value'] for o in found}[name]


def headers(root):
    folder, = root.rglob('include/suan')
    return folder, sorted(folder.rglob('*.h'))


def declared(paths):
    """Names of functions with a prototype: comments, bodies of types and macros taken out first."""
    found = set()
    for path in paths:
        text = re.sub(r'/\*.*?\*/|//[^\n]*', ' ', path.read_text(), flags=re.S)
        text = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', '', text, flags=re.M)
        while re.search(r'\{[^{}]*\}', text):
            text = re.sub(r'\{[^{}]*\}', ' ', text)
        text = re.sub(r'\bstatic\s+inline\b[^;(]*\(', '(', text)  # no symbol of the library
        found |= set(re.findall(r'\b(suan_\w+)\s*\(', text))
    return found


def test_only_the_functions_of_the_headers_are_exported(installed):
    library, = [p for p in installed.rglob('libsuan.so.*') if not p.is_symlink()]
    lines = run('nm', '-D', '--defined-only', library).splitlines()
    exported = {x.split()[-1].split('@')[0] for x in lines}
    exported = {x for x in exported if not x.startswith(('__asan_', '__ubsan_', '__odr_asan'))}
    want = declared(headers(installed)[1])
    assert len(want) > 100
    assert exported == want


def test_a_program_builds_and_runs_with_it(installed, tmp_path):
    pc, = installed.rglob('libsuan.pc')
    env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG_SYSROOT_DIR=str(installed))
    flags = run('pkg-config', '--cflags', '--libs', 'libsuan', env=env).split()
    assert '-lsuan' in flags
    folder, paths = headers(installed)
    includes = '\n'.join('#include "%s"' % p.relative_to(folder) for p in paths)
    (tmp_path / 'p.c').write_text(PROGRAM % includes)
    sanitize = option('b_sanitize')
    extra = ['-fsanitize=' + sanitize] if sanitize != 'none' else []
    run('cc', '-std=c11', '-Wall', '-Wextra', '-Werror', tmp_path / 'p.c', '-o', tmp_path / 'p', *extra, *flags)
    library, = installed.rglob('libsuan.so')
    out = run(tmp_path / 'p', env=dict(os.environ, LD_LIBRARY_PATH=str(library.parent)))
    assert json.loads(out) == {'cores': 3, 'ms': 5400000}


def test_each_header_stands_alone(installed, tmp_path):
    folder, paths = headers(installed)
    for p in paths:
        (tmp_path / 'h.c').write_text('#include "%s"\nint main(void) { return 0; }\n' % p.relative_to(folder))
        run('cc', '-std=c11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-I', folder, tmp_path / 'h.c')
