"""The command line as a user meets it: JSON, tables on narrow terminals, typing errors, pipes."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import pytest
from conftest import NETWORK, ROOT, SUAN

# Commands without --json, each with its reason.
NO_JSON = {'serve': 'runs until it is stopped; its log has a format of its own, --log-format json'}


def commands():
    text = subprocess.run([SUAN, '--help'], capture_output=True, text=True, check=True).stdout
    return re.findall(r'^  ([a-z]+) ', text, re.M)


def terminal(server, columns, *args, env=None):
    """What the command writes on a terminal of that many columns, as lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    e = dict(os.environ, SUAN_SERVER=server.url, TERM='xterm', **(env or {'NO_COLOR': '1'}))
    p = subprocess.Popen([SUAN] + [str(a) for a in args], stdout=theirs, stderr=theirs,
                         stdin=subprocess.DEVNULL, cwd=server.home, env=e)
    os.close(theirs)
    out = b''
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        out += part
    os.close(ours)
    assert p.wait(60) == 0, out
    return out.decode().replace('\r\n', '\n').split('\n')[:-1]


def width(text):
    """Columns on a terminal: two for East Asian wide characters, none for combining marks."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def test_every_command_has_json():
    names = commands()
    assert {'list', 'logs', 'config', 'serve', 'site'} <= set(names)
    without = {c for c in names
               if '--json' not in subprocess.run([SUAN, c, '--help'], capture_output=True, text=True, check=True).stdout}
    assert without == set(NO_JSON)


def test_json_is_one_document(server, tmp_path):
    trace = tmp_path / 'one.jsonl'
    trace.write_text('{"id": 1, "submit_s": 0, "run_s": 60}\n')
    priced = tmp_path / 'priced.yaml'
    priced.write_text('network: n\nsites: [{name: a, price: 1, pools: [{name: p, nodes: 1, cores: 2, busy_watt: 9}]}]\n')
    job = server.submit('--', 'sh', '-c', 'echo out')
    server.wait(job, code=0)
    held = server.submit('--hold', '--', 'true')
    failed = server.submit('--', 'false')
    server.wait(failed, code=1)
    running = server.submit('--', 'sleep', '60')
    runs = {
        'submit': ('--', 'true'), 'quote': ('--', 'true'), 'list': (), 'show': (job,), 'why': (job,), 'logs': (job,), 'wait': (job,),
        'priority': (held, 7), 'hold': (held,), 'release': (held,), 'cancel': (held,), 'requeue': (failed,),
        'preempt': (running,),
        'sites': (), 'pools': (), 'links': (), 'site': ('show', 'east'), 'account': (), 'qos': (),
        'token': ('list',), 'info': (),
        'signals': (), 'data': (), 'transfers': (),
        'config': ('check', '--network', server.file), 'simulate': ('--cores', 4, '--trace', trace),
    }
    runs.update({'reserve': ('--cores', 1, '--for', '1h', '--name', 'r'), 'reservations': (), 'unreserve': ('r',)})
    runs['plan'] = ('bound', '--network', priced, '--trace', trace)
    runs['replay'] = ('--data', server.data)
    assert set(runs) | set(NO_JSON) == set(commands())
    for name, args in runs.items():
        args = ('--json',) + args if name in ('submit', 'quote') else args + ('--json',)
        assert isinstance(json.loads(server.cli(name, *args).stdout), (dict, list)), name
    assert json.loads(server.cli('site', 'drain', 'west', '--json').stdout)['name'] == 'west'
    assert server.cli('site', 'resume', 'west').stdout == ''
    assert json.loads(server.cli('submit', '--dry-run', '--json', '--', 'true').stdout)['ok'] is True
    made = json.loads(server.cli('token', 'create', '--user', 'u', '--json').stdout)
    assert json.loads(server.cli('token', 'revoke', made['id'], '--json').stdout) == {'revoked': made['id']}
    server.submit('--hold', '--', 'true')
    assert len(json.loads(server.cli('cancel', '--all', '--name', 'true', '--json').stdout)) == 1


def test_a_waited_for_job_is_all_that_json_prints(server):
    doc = json.loads(server.cli('submit', '--wait', '--json', '--', 'echo', 'noise').stdout)
    assert doc['state'] == 'COMPLETED'
    assert json.loads(server.cli('logs', '--json', doc['id']).stdout)['text'] == 'noise\n'


def test_config_check_json(tmp_path):
    f = tmp_path / 'n.yaml'
    f.write_text(NETWORK)
    run = lambda *a: subprocess.run([SUAN, 'config', 'check'] + list(a), capture_output=True, text=True)
    doc = json.loads(run('--json', '--network', str(f), '--data', str(tmp_path / 'd'), '--policy', 'fcfs').stdout)
    assert doc['ok'] is True
    assert doc['settings'] == {'store': 'sqlite', 'data': str(tmp_path / 'd'), 'listen': '127.0.0.1:7070',
                               'policy': 'fcfs', 'insecure_local': False}
    n = doc['network']
    assert (n['name'], n['sites'], n['sites_with_driver'], n['nodes'], n['gpus']) == ('test', 3, 2, 7, 32)
    assert json.loads(run('--json').stdout)['network'] is None
    f.write_text('network: [\n')
    r = run('--json', '--network', str(f))
    assert r.returncode == 2 and r.stdout == '' and 'n.yaml' in r.stderr
    assert '{' not in run('--data', '--json').stdout  # there it is a value


def pieces(text):
    return [json.loads(line) for line in text.splitlines()]


def test_logs_as_json(server, tmp_path):
    (tmp_path / 'bytes').write_bytes('é张\n'.encode() + b'\xff\x00end')
    job = server.submit('--', 'sh', '-c', 'cat bytes; echo err >&2', cwd=tmp_path)
    empty = server.submit('--', 'true')
    server.wait(job, code=0)
    server.wait(empty, code=0)
    one, = pieces(server.cli('logs', '--json', job).stdout)
    size = len((tmp_path / ('suan-%d.out' % job)).read_bytes())
    assert one['id'] == str(job) and one['stream'] == 'stdout' and (one['offset'], one['next']) == (0, size)
    assert one['text'].startswith('é张\n\ufffd\0end')
    part, = pieces(server.cli('logs', '--json', '--offset', 5, job).stdout)
    assert part['offset'] == 5 and part['text'] == one['text'][2:]
    nothing, = pieces(server.cli('logs', '--json', empty).stdout)
    assert (nothing['offset'], nothing['next'], nothing['text']) == (0, 0, '')
    assert server.cli('logs', '--json', 99, code=3).stdout == ''


def test_followed_logs_as_json(server, tmp_path):
    """Pieces come while the job runs; a character that comes in two halves is whole in one of them."""
    job = server.submit('--', 'sh', '-c', r"printf 'one \345\274'; while [ ! -e go ]; do sleep 0.05; done; printf '\240 two'",
                        cwd=tmp_path)
    p = subprocess.Popen([SUAN, 'logs', '--json', '--follow', str(job)], stdout=subprocess.PIPE, text=True,
                         env=dict(os.environ, SUAN_SERVER=server.url))
    first = json.loads(p.stdout.readline())
    assert first['text'] == 'one '
    (tmp_path / 'go').touch()
    rest = pieces(p.stdout.read())
    assert p.wait(60) == 0
    p.stdout.close()
    assert ''.join(x['text'] for x in rest) == '张 two'
    ends = [first['next']] + [x['next'] for x in rest]
    assert [x['offset'] for x in rest] == ends[:-1] and ends[-1] == 11


def test_large_logs_as_json(server, tmp_path):
    (tmp_path / 'big').write_text('张' * 1000000)
    job = server.submit('--', 'cat', 'big', cwd=tmp_path)
    server.wait(job, code=0)
    many = pieces(server.cli('logs', '--json', job).stdout)
    assert len(many) > 1 and ''.join(p['text'] for p in many) == '张' * 1000000
    assert [p['offset'] for p in many] == [0] + [p['next'] for p in many][:-1]


WIDE = """
network: wide
sites:
  - {name: zhangjiakou-north-1, zh: 张家口, hub: beijing-tianjin-hebei, driver: local, lon: 115.3, lat: 40.6, pue: 1.2,
     price: 0.5, carbon: 725, pools: [{name: cpu-of-a-long-name, nodes: 1, cores: 2, memory: 2GiB, busy_watt: 400}]}
  - {name: model, hub: h-west, lon: 106, lat: 26,
     pools: [{name: gpu, nodes: 400, cores: 64, memory: 1TiB, gpu: a-long-name-of-an-accelerator, gpus: 8}]}
links:
  - {from: zhangjiakou-north-1, to: model, gbit: 100, ms: 14.4, price_gib: 0.02}
"""


@pytest.mark.parametrize('columns', [20, 40, 80, 120])
def test_tables_fit_the_terminal(make_server, columns):
    s = make_server(network=WIDE).start()
    for name in ('short', 'a-job-with-a-name-that-is-longer-than-any-column-should-be', '东数西算工程长三角枢纽节点作业',
                 'e\u0301' * 40):
        s.submit('--hold', '--name', name, '--account', 'a' * 30, '--', 'true')
    array = s.submit('--hold', '--array', '1-9:2,20-30,41,43,45,47%3', '--', 'true')
    s.cli('data', 'put', 'a-data-set-' + 'n' * 60, 'https://example.org/x', '--site', 'model', '--bytes', '123TiB')
    for args in (('list',), ('pools',), ('sites',), ('links',), ('token', 'list'), ('list', '--no-header'), ('data',),
                 ('transfers',),
                 ('list', '--format', 'id,job,name,user,account,state,site,pool,submit,start,end,elapsed,info')):
        lines = terminal(s, columns, *args)
        assert max(map(width, lines)) <= columns, (args, lines)
        assert not [x for x in lines if x != x.rstrip()], 'spaces at the end'
        piped = s.cli(*args).stdout.splitlines()
        assert len(lines) == len(piped), args  # nothing wraps, nothing is missing
    for args in (('why', array), ('submit', '--dry-run', '--', 'true')):
        lines = [x for x in terminal(s, columns, *args)[2:] if not x.startswith('what would')]  # a sentence
        assert max(map(width, lines)) <= columns, (args, lines)


def columns_of(lines):
    """Start and end of each title, in columns of the terminal."""
    return {m.group(0): (m.start(), m.end()) for m in re.finditer(r'\S+(?: \S+)*', lines[0])}


def test_what_gives_way_at_80_columns(make_server):
    s = make_server(network=WIDE).start()
    s.submit('--hold', '--name', '东数西算工程长三角枢纽节点作业', '--', 'true')
    s.submit('--hold', '--name', 'short', '--', 'true')
    lines = terminal(s, 80, 'list')
    assert 'NAME' in lines[0] and 'STATE' in lines[0] and 'INFO' in lines[0] and 'PENDING' in lines[1]
    piped = s.cli('list').stdout
    assert '东数西算工程长三角枢纽节点作业' in piped and 'START' in piped and '…' not in piped
    full = terminal(s, 300, 'list')
    assert full == piped.splitlines()
    narrow = terminal(s, 40, 'list')
    assert 'USER' not in narrow[0] and 'STATE' in narrow[0] and '…' in narrow[1]
    sites = terminal(s, 80, 'sites')
    assert 'zhangjiakou…' in sites[1], 'of a name that somebody types, twelve columns stay'
    assert {'SITE', 'HUB', 'STATE', 'CORES', 'RUNNING'} <= set(columns_of(sites)) and 'DRIVER' not in sites[0]


def test_reasons_are_told_in_full(make_server):
    """suan why on a terminal: what is too long for the line goes on below."""
    s = make_server(network=WIDE).start()
    job = s.submit('--hold', '--cores', 2, '--', 'true')
    piped = s.cli('why', job, '--format', 'site,reason').stdout
    lines = terminal(s, 44, 'why', job, '--format', 'site,reason')
    assert len(lines) > len(piped.splitlines()) and max(map(width, lines[2:])) <= 44
    assert '…' not in ''.join(lines[2:]).replace('zhangjiakou…', '')
    shown = re.sub(r'\s+', '', ''.join(lines[2:])).replace('zhangjiakou…', 'zhangjiakou-north-1')
    assert shown == re.sub(r'\s+', '', ''.join(piped.splitlines()[2:]))


def test_show_keeps_the_lines_of_a_script(server, tmp_path):
    script = tmp_path / 'two.sh'
    script.write_text('#!/bin/sh\nif true; then\n\techo a\x1b[31m\nfi\n')
    out = server.cli('show', server.submit('--hold', str(script))).stdout.splitlines()
    at = next(i for i, x in enumerate(out) if x.startswith('  script '))
    assert [x[19:] for x in out[at:at + 4]] == ['#!/bin/sh', 'if true; then', '        echo a?[31m', 'fi']
    assert all(x[:19].strip() == '' for x in out[at + 1:at + 4])
    assert not [x for x in out if '\x1b' in x]


def test_columns_stand_below_each_other(make_server):
    """State begins, and numbers end, in one column, whatever stands before them."""
    s = make_server(network=WIDE).start()
    for name in ('plain', '东数西算', 'e\u0301e\u0301'):
        s.submit('--hold', '--name', name, '--cores', 1, '--', 'true')
    for lines in (terminal(s, 80, 'list', '--format', 'name,state,cores'),
                  s.cli('list', '--format', 'name,state,cores').stdout.splitlines()):
        assert {width(x[:x.index('PENDING')]) for x in lines[1:]} == {width(lines[0][:lines[0].index('STATE')])}
        assert {width(x) for x in lines} == {width(lines[0])}
    pools = s.cli('pools', '--format', 'name,nodes,gpu,node_gpus,cores').stdout.splitlines()
    assert len({width(x) for x in pools}) == 1


def test_colours(server):
    server.submit('--hold', '--', 'true')
    assert '\033[33mPENDING\033[0m' in terminal(server, 80, 'list', env={'NO_COLOR': ''})[1]
    assert '\033' not in terminal(server, 80, 'list')[1]
    assert '\033' not in server.cli('list', env={'NO_COLOR': ''}).stdout


def test_names_do_not_steer_the_terminal(server):
    """C1 controls and marks that turn the direction are no text either."""
    server.submit('--hold', '--name', 'a\u009b31mb\u202ec', '--', 'true')
    for out in (server.cli('list').stdout, server.cli('show', 1).stdout):
        assert 'a?31mb?c' in out and '\u009b' not in out and '\u202e' not in out


@pytest.mark.parametrize('args,hint', [
    (('lst',), 'did you mean list?'),
    (('sevre',), 'did you mean serve?'),
    (('help', 'sumbit'), 'did you mean submit?'),
    (('zzzzzz',), 'no such command "zzzzzz"; suan --help'),
    (('list', '--ofrmat', 'id'), 'did you mean --format?'),
    (('list', '--zzz'), 'no option --zzz\n'),
    (('list', '--json=1'), '--json takes no value'),
    (('list', '--limit'), '--limit needs a value'),
    (('submit', '--'), 'no command behind --'),
    (('submit',), 'standard input is empty'),
    (('token', 'crate'), 'found "crate"'),
    (('priority', 1, 99999999999999999999), 'expected a whole number'),
    (('site', 'shw', 'east'), 'there are show, drain, resume'),
    (('show', 'x'), 'no job id'),
    (('config', 'chek'), 'suan config check'),
])
def test_typing_errors(args, hint):
    """They are found before the server is asked: there is none."""
    r = subprocess.run([SUAN] + [str(a) for a in args], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                       env=dict(os.environ, SUAN_SERVER='http://127.0.0.1:1'))
    assert r.returncode == 2 and hint in r.stderr and r.stdout == '', r


def test_names_are_names_in_paths(server):
    job = server.submit('--hold', '--', 'true')
    for args in (('site', 'show', 'no such/site'), ('site', 'show', '..'), ('site', 'drain', '../jobs/%d' % job),
                 ('token', 'revoke', '../jobs/%d' % job), ('token', 'revoke', '.')):
        assert re.search('no (site|token|such path)', server.cli(*args, code=3).stderr), args
    assert server.job(job)['state'] == 'PENDING'


def test_formats(server):
    for args in (('list',), ('sites',), ('pools',), ('links',), ('token', 'list'), ('why', 1)):
        names = server.cli(*args, '--format', 'help').stdout.strip()
        assert re.fullmatch('[a-z0-9_]+(,[a-z0-9_]+)+', names), args
    server.submit('--hold', '--', 'true')
    assert 'no column "nonsense"' in server.cli('why', 1, '--format', 'nonsense', code=2).stderr


def test_without_a_token(make_server):
    s = make_server(insecure=False).start()
    r = s.cli('list', code=4)
    assert 'SUAN_TOKEN' in r.stderr and r.stdout == ''
    assert s.cli('list', '--token', 'wrong', code=4).stdout == ''
    s.token = (s.data / 'admin.token').read_text().strip()
    assert s.cli('list', '--no-header').stdout == ''


def test_a_reader_that_goes_away(server):
    server.http('POST', '/v1/jobs:bulk', b'{"command":["true"],"hold":true}\n' * 3000,
                {'Content-Type': 'application/x-ndjson'}, 201)
    p = subprocess.Popen([SUAN, 'list', '--all'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=dict(os.environ, SUAN_SERVER=server.url))
    assert p.stdout.readline().split()[0] == 'JOB'
    p.stdout.close()
    assert p.stderr.read() == '' and p.wait(60) != 0
    p.stderr.close()


def test_watching(server):
    """The table comes again after a change."""
    p = subprocess.Popen([SUAN, 'list', '--watch', '--no-header', '--format', 'id,state'], stdout=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, text=True, env=dict(os.environ, SUAN_SERVER=server.url))
    job = server.submit('--hold', '--', 'true')
    assert p.stdout.readline().split() == [str(job), 'PENDING']
    server.cli('cancel', job)
    states = iter(lambda: p.stdout.readline().split()[1], 'CANCELLED')
    assert set(states) <= {'PENDING'}
    p.terminate()
    p.wait(30)
    p.stdout.close()


def test_man_pages_name_the_columns():
    """Every column of a table is in the man page of its command."""
    for name in ('list', 'sites', 'pools', 'links', 'why', 'token'):
        args = {'token': ['token', 'list'], 'why': ['why', '1']}.get(name, [name])
        names = subprocess.run([SUAN] + args + ['--format', 'help'], capture_output=True, text=True, check=True).stdout
        page = (ROOT / 'docs/man' / ('suan-%s.1' % name)).read_text().replace('\\-', '-')
        for column in names.strip().split(','):
            assert re.search(r'\b%s\b' % column, page), (name, column)
