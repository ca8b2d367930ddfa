"""Bad input gets a clear error, loses nothing and leaves nothing half done."""
import json
import os
import shutil
import socket
import subprocess

import pytest
from conftest import NETWORK, SUAN, Server, wait_for

NDJSON = {'Content-Type': 'application/x-ndjson'}


def jobs_in(server):
    return sum(server.http('GET', '/v1/info', status=200)[2]['jobs'].values())


@pytest.mark.parametrize('body,field,words', [
    ({'command': ['true'], 'coers': 2}, 'coers', 'cores'),
    ({'command': ['true'], 'cores': 'two'}, 'cores', 'two'),
    ({'command': ['true'], 'cores': -1}, 'cores', '-1'),
    ({'command': ['true'], 'cores': 99999999999999999999}, 'cores', ''),
    ({'command': ['true'], 'cores': 1.5}, 'cores', ''),
    ({'command': 'true'}, 'command', ''),
    ({'command': []}, 'command', ''),
    ({}, '', 'command'),
    ({'command': ['true'], 'script': '#!/bin/sh\n'}, '', ''),
    ({'script': 'echo no shebang'}, 'script', '#!'),
    ({'command': ['true'], 'memory': '12 parsecs'}, 'memory', 'parsecs'),
    ({'command': ['true'], 'walltime_s': -5}, 'walltime_s', ''),
    ({'command': ['true'], 'walltime_s': 10, 'estimate_s': 20}, 'estimate_s', ''),
    ({'command': ['true'], 'array': '5-1'}, 'array', ''),
    ({'command': ['true'], 'array': '0-99999999'}, 'array', ''),
    ({'command': ['true'], 'begin': 'tomorrow-ish'}, 'begin', ''),
    ({'command': ['true'], 'guarantee': 'twice'}, 'guarantee', 'at-most-once'),
    ({'command': ['true'], 'after': [{'type': 'afterwards', 'job': 1}]}, 'after', 'afterok'),
    ({'command': ['true'], 'site': ['atlantis']}, 'site', 'atlantis'),
    ({'command': ['true'], 'hub': ['nowhere']}, 'hub', 'nowhere'),
    ({'command': ['true'], 'goal': 'cheap'}, 'goal', 'cheapest'),
    ({'command': ['true'], 'budget': 1}, 'budget', 'not'),
    ({'command': ['true'], 'max_delay_s': 60}, 'max_delay_s', 'goal'),
    ({'command': ['true'], 'inputs': [{'url': '/x', 'path': '../up'}]}, 'inputs', ''),
])
def test_wrong_fields(server, body, field, words):
    _, headers, p = server.http('POST', '/v1/jobs', body, status=400)
    assert headers['Content-Type'].startswith('application/problem+json')
    assert p['status'] == 400 and p['type'].startswith('urn:suan:error:')
    assert field in p.get('field', '') and words in p['detail'], p
    assert jobs_in(server) == 0


@pytest.mark.parametrize('raw', [
    b'{"command":["true"]', b'', b'[]', b'null', b'{"command":["\xff\xfe"]}', b'{"command":["a\\u0000b"]}',
    b'{"command":["true"]} trailing', b'\xef\xbb\xbf', b'[' * 100000, b'{"command":["true"],"cores":1,"cores":2}',
])
def test_broken_json(server, raw):
    _, _, p = server.http('POST', '/v1/jobs', raw, {'Content-Type': 'application/json'}, status=400)
    assert p['detail']
    assert jobs_in(server) == 0


def test_larger_than_every_pool(server):
    for body, reason, best in [({'cores': 65}, 'too-many-cores', '4'),
                               ({'memory': '5GiB'}, 'too-much-memory', '4'),
                               ({'gpus': 1}, 'too-many-gpus', '0'),
                               ({'tasks': 9}, 'too-many-tasks', '8'),
                               ({'nodes': 3, 'tasks': 3}, 'too-many-nodes', '2')]:
        _, _, p = server.http('POST', '/v1/jobs', dict(body, command=['true']), status=422)
        assert p['reason'] == reason and best in p['detail'], p
    assert jobs_in(server) == 0
    r = server.cli('submit', '--cores', 65, '--', 'true', code=4)
    assert '4' in r.stderr


def test_the_field_at_fault(server):
    job = server.submit('--hold', '--', 'true')
    done = server.submit('--', 'true')
    server.wait(done, code=0)
    key = {'Idempotency-Key': 'k'}
    server.http('POST', '/v1/jobs', {'command': ['true'], 'hold': True}, key, 201)
    asks = [('GET', '/v1/jobs/77', None, 404, 'id'), ('GET', '/v1/jobs/%d_3' % job, None, 404, 'id'),
            ('GET', '/v1/jobs/x/why', None, 400, 'id'), ('POST', '/v1/jobs/77:cancel', b'', 404, 'id'),
            ('POST', '/v1/jobs/%d:hold' % done, b'', 409, 'id'), ('POST', '/v1/jobs/%d:release' % done, b'', 409, 'id'),
            ('PATCH', '/v1/jobs/%d' % job, {'prio': 1}, 400, 'prio'), ('PATCH', '/v1/jobs/%d' % job, {}, 400, 'priority'),
            ('PATCH', '/v1/jobs/%d' % job, {'priority': 'x'}, 400, 'priority'),
            ('POST', '/v1/tokens', {'usr': 'x'}, 400, 'usr'), ('POST', '/v1/tokens', {}, 400, 'user'),
            ('POST', '/v1/tokens', {'user': 'x', 'role': 'king'}, 400, 'role'),
            ('POST', '/v1/tokens', {'user': 'x', 'expires_s': 0}, 400, 'expires_s'),
            ('DELETE', '/v1/tokens/none', None, 404, 'id'), ('GET', '/v1/sites/atlantis', None, 404, 'name'),
            ('POST', '/v1/sites/atlantis:drain', b'', 404, 'name'), ('GET', '/v1/jobs?state=X', None, 400, 'state'),
            ('POST', '/v1/jobs', {'command': ['true'], 'gpus': 1}, 422, 'gpus'),
            ('POST', '/v1/jobs', {'command': ['true'], 'cores': 65}, 422, 'cores'),
            ('POST', '/v1/jobs', {'command': ['true'], 'tasks': 9}, 422, 'tasks'),
            ('POST', '/v1/jobs', {'command': ['true'], 'after': [{'type': 'afterok', 'job': 77}]}, 422, 'after'),
            ('POST', '/v1/jobs', {'command': ['false'], 'hold': True}, 409, 'Idempotency-Key')]
    known = server.http('GET', '/openapi.json', status=200)[2]['components']['schemas']
    for method, path, body, status, field in asks:
        _, _, p = server.http(method, path, body, key if field == 'Idempotency-Key' else {}, status)
        assert p.get('field') == field, (method, path, body, p)
        assert set(p) <= set(known['Problem']['properties']), p
    _, _, why = server.http('GET', '/v1/jobs/%d/why' % job, status=200)
    assert set(why) <= set(known['Why']['properties'])
    for candidate in why['candidates']:
        assert set(candidate) <= set(known['Candidate']['properties'])


def test_deadline_that_cannot_be_kept(server):
    _, _, p = server.http('POST', '/v1/jobs', {'command': ['true'], 'walltime_s': 3600, 'deadline': 'now+10m'},
                          status=422)
    assert p['reason'] == 'deadline'


def test_dependency_on_unknown_or_own_id(server):
    for job in (77, 1):     # 1 would be its own
        _, _, p = server.http('POST', '/v1/jobs', {'command': ['true'], 'after': [{'type': 'afterok', 'job': job}]},
                              status=422)
        assert p['reason'] == 'bad-dependency' and str(job) in p['detail']


def test_half_a_line_in_a_bulk(server):
    lines = ['{"command":["true"],"hold":true}'] * 10000
    lines[6543] = '{"command":["tr'
    _, _, p = server.http('POST', '/v1/jobs:bulk', '\n'.join(lines).encode(), NDJSON, 400)
    assert p['line'] == 6544
    lines[6543] = '{"command":["true"],"cores":65}'
    _, _, p = server.http('POST', '/v1/jobs:bulk', '\n'.join(lines).encode(), NDJSON, 422)
    assert p['line'] == 6544 and p['reason'] == 'too-many-cores'
    assert jobs_in(server) == 0
    _, _, p = server.http('POST', '/v1/jobs:bulk', b'\n\n', NDJSON, 400)
    assert jobs_in(server) == 0


def test_request_of_100_mb(server):
    with socket.create_connection(('127.0.0.1', server.port)) as s:
        s.sendall(b'POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 104857600\r\n\r\n')
        try:
            for _ in range(100):
                s.sendall(b'x' * (1 << 20))
        except OSError:
            pass
        s.settimeout(30)
        try:
            first = s.recv(4096)
        except OSError:
            first = b''
    assert first == b'' or b' 413 ' in first.split(b'\r\n')[0] + b' '
    assert server.answers() and jobs_in(server) == 0
    # Asking first gets a clean answer.
    with socket.create_connection(('127.0.0.1', server.port)) as s:
        s.sendall(b'POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 104857600\r\n\r\n')
        s.settimeout(30)
        assert b' 413 ' in s.recv(4096).split(b'\r\n')[0]


def test_client_gone_in_mid_stream(server):
    job = server.submit('--', 'sh', '-c', 'while :; do echo line; sleep 0.01; done')
    wait_for(lambda: server.job(job)['state'] == 'RUNNING', 'it runs')
    for path in ('/v1/events', '/v1/jobs/%d/logs?follow=1' % job):
        for _ in range(10):
            s = socket.create_connection(('127.0.0.1', server.port))
            s.sendall(('GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % path).encode())
            s.recv(100)
            s.close()
    s = socket.create_connection(('127.0.0.1', server.port))
    s.sendall(b'POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"comm')
    s.close()
    server.cli('cancel', job)
    assert server.wait(job)['state'] == 'CANCELLED'
    assert server.answers()


def test_tokens_and_roles(make_server):
    s = make_server(insecure=False).start()
    assert s.http('GET', '/v1/jobs', status=401)[1]['WWW-Authenticate'] == 'Bearer'
    assert s.http('GET', '/healthz', status=200)
    assert s.cli('list', code=4).stderr.count('SUAN_TOKEN') == 1
    secret = s.data / 'admin.token'
    assert secret.stat().st_mode & 0o077 == 0
    admin = secret.read_text().strip()
    s.token = admin
    made = {}
    for role in ('viewer', 'user', 'operator'):
        made[role] = s.cli('token', 'create', '--role', role, '--user', 'u-' + role).stdout.strip()
    other = s.cli('token', 'create', '--user', 'someone').stdout.strip()
    assert s.cli('token', 'create', '--user', 'x', '--role', 'king', code=2).stderr.count('king') == 1
    s.token = made['viewer']
    s.http('GET', '/v1/jobs', status=200)
    s.http('POST', '/v1/jobs', {'command': ['true']}, status=403)
    s.token = made['user']
    _, _, doc = s.http('POST', '/v1/jobs', {'command': ['true'], 'hold': True}, status=201)
    assert doc['user'] == 'u-user'
    s.http('POST', '/v1/sites/west:drain', status=403)
    s.http('GET', '/v1/tokens', status=403)
    s.token = other
    _, _, p = s.http('POST', '/v1/jobs/%d:cancel' % doc['id'], status=403)
    assert 'u-user' in p['detail']
    s.token = made['operator']
    s.http('POST', '/v1/jobs/%d:cancel' % doc['id'], status=200)
    s.token = admin
    tokens = json.loads(s.cli('token', 'list', '--json').stdout)['tokens']
    assert made['user'] not in json.dumps(tokens)
    mine = next(t['id'] for t in tokens if t['user'] == 'u-user')
    s.cli('token', 'revoke', mine)
    s.cli('token', 'revoke', 'nonsense', code=3)
    s.token = made['user']
    s.http('GET', '/v1/jobs', status=401)
    s.token = made['viewer']
    s.kill()
    s.start()
    s.http('GET', '/v1/jobs', status=200)


def head_only(server, method, path, headers):
    """Status and problem that come though not a byte of the body was sent."""
    with socket.create_connection(('127.0.0.1', server.port)) as s:
        s.settimeout(60)
        lines = ['%s %s HTTP/1.1' % (method, path), 'Host: 127.0.0.1'] + ['%s: %s' % h for h in headers.items()]
        s.sendall('\r\n'.join(lines + ['', '']).encode())
        answer = b''
        while part := s.recv(65536):
            answer += part
    head, _, body = answer.partition(b'\r\n\r\n')
    return int(head.split(b' ')[1]), json.loads(body), head.decode()


def test_refused_before_the_body(make_server):
    s = make_server(insecure=False).start()
    big = {'Content-Length': 5000000, 'Content-Type': 'application/yaml'}
    status, p, head = head_only(s, 'POST', '/v1/jobs', big)
    assert status == 401 and p['field'] == 'Authorization' and 'WWW-Authenticate: Bearer' in head
    assert head_only(s, 'POST', '/v1/jobs', dict(big, Authorization='Bearer suan_wrong'))[0] == 401
    s.token = (s.data / 'admin.token').read_text().strip()
    viewer = s.cli('token', 'create', '--role', 'viewer', '--user', 'v').stdout.strip()
    mine = dict(big, Authorization='bearer ' + s.token)
    assert head_only(s, 'POST', '/v1/jobs', dict(mine, Authorization='Bearer ' + viewer))[0] == 403
    assert head_only(s, 'POST', '/v1/nothing', mine)[0] == 404
    status, _, head = head_only(s, 'PUT', '/v1/jobs', mine)
    assert status == 405 and 'Allow: GET, POST\r\n' in head
    assert head_only(s, 'POST', '/v1/jobs?dry=1', mine)[1]['field'] == 'dry'
    for path, kind in [('/v1/jobs', 'application/x-www-form-urlencoded'), ('/v1/jobs:check', 'text/plain'),
                       ('/v1/jobs:bulk', 'application/json'), ('/v1/tokens', 'text/yaml'),
                       ('/v1/jobs', 'application/jsonp')]:
        status, p, _ = head_only(s, 'POST', path, dict(mine, **{'Content-Type': kind}))
        assert status == 415 and p['field'] == 'Content-Type' and kind in p['detail'], p
    # A parser that is slow gets little; so do routes that need little.
    status, p, _ = head_only(s, 'POST', '/v1/jobs', mine)
    assert status == 413 and '256 KiB' in p['detail']
    for method, path in [('PATCH', '/v1/jobs/1'), ('POST', '/v1/tokens'), ('POST', '/v1/jobs/1:cancel')]:
        status, p, _ = head_only(s, method, path, dict(mine, **{'Content-Type': 'application/json'}))
        assert status == 413 and '64 KiB' in p['detail'], (path, p)
    s.http('POST', '/v1/jobs', {'command': ['true'], 'hold': True}, {'Content-Type': 'Application/JSON; charset=utf-8'},
           201)


def test_yaml_nested_too_deep(server):
    for body, line in [(b'[' * 200000, 1), (b'command:\n' + b'  [' * 50000, 2), (b'a: 1\nb:\n' + b'{x: ' * 40000, 3),
                       (b'- ' * 100000, 1)]:
        _, _, p = server.http('POST', '/v1/jobs', body, {'Content-Type': 'application/yaml'}, 400)
        assert 'nested deeper than 32' in p['detail'] and 'line %d' % line in p['detail'], p


def test_names_without_control_characters(make_server):
    s = make_server(insecure=False).start()
    s.token = (s.data / 'admin.token').read_text().strip()
    for name in ('', 'x' * 128, 'a\nb', 'a\x1b[2J', 'a\x7f'):
        assert s.http('POST', '/v1/tokens', {'user': name}, status=400)[2]['field'] == 'user'
    s.http('POST', '/v1/tokens', {'user': '王'}, status=201)


def test_insecure_is_for_this_machine_only(server):
    server.http('GET', '/v1/jobs', headers={'Host': 'evil.example'}, status=403)
    server.http('GET', '/v1/jobs', headers={'Host': '127.evil.example:7070'}, status=403)
    server.http('POST', '/v1/jobs', {'command': ['true']}, {'Origin': 'http://evil.example'}, 403)
    r = subprocess.run([SUAN, 'serve', '--data', '/tmp/x', '--listen', '0.0.0.0:0', '--insecure-local'],
                       capture_output=True, text=True, timeout=30)
    assert r.returncode == 2 and 'loopback' in r.stderr


    r = subprocess.run([SUAN, 'serve', '--data', '/tmp/x', '--listen', '127.evil.example:0', '--insecure-local'],
                       capture_output=True, text=True, timeout=30)
    assert r.returncode == 2 and 'loopback' in r.stderr


def test_memory_without_a_folder(make_server, tmp_path):
    here = tmp_path / 'here'
    here.mkdir()
    s = make_server()
    without = [a for a in s.command() if a not in ('--data', str(s.data))] + ['--store', 'memory']
    for extra, remove, words in [([], '--insecure-local', 'token'), ([], '', 'site east'), (['--store', 'sqlite'], '', 'state')]:
        command = [a for a in without if a != remove] + extra
        r = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=here)
        assert r.returncode == 2 and '--data DIR is needed' in r.stderr and words in r.stderr, r.stderr
    s.file.write_text(NETWORK.replace('driver: local, ', ''))
    s.command = lambda: ['env', '-C', str(here)] + without
    s.start()
    s.http('GET', '/v1/jobs', status=200)
    assert s.stop() == 0
    assert list(here.iterdir()) == [] and not s.data.exists()


def test_port_in_use(server, make_server, tmp_path):
    other = make_server(data=tmp_path / 'other')
    other.port = server.port
    r = subprocess.run(other.command(), capture_output=True, text=True, timeout=60)
    assert r.returncode == 1 and str(server.port) in r.stderr and 'in use' in r.stderr


@pytest.mark.parametrize('text,words', [
    ('network: n\nsites:\n  - {name: a, hub: h, pools: [{name: p, nodes: 1, cores: 1}]}\n'
     '  - {name: a, hub: h, pools: [{name: p, nodes: 1, cores: 1}]}\n', ('"a" is there already', '4')),
    ('network: n\nsites:\n  - {name: a, hub: h, pools: [{name: p, nodes: -1, cores: 1}]}\n', ('nodes', '-1')),
    ('network: n\nsites:\n  - {name: a, hub: h, pols: []}\n', ('pols', 'pools', '3')),
    ('network: n\nsites: &s\n  - {name: a, hub: h, pools: *s}\n', ('alias cycle', '3')),
    ('network: n\nsites:\n  - {name: a, hub: h, pools: [{name: p, nodes: 1, cores: 1}]}\n'
     'links:\n  - {from: a, to: a, gbit: 1, ms: 1}\n', ('another place than "a"', '5')),
    ('network: n\nsites:\n  - {name: a, hub: h, pools: [{name: p, nodes: 99999999999999999999, cores: 1}]}\n',
     ('nodes', '99999999999999999999', '3')),
    ('network: n\nsites:\n  - {name: a, hub: h, pools: [{name: p, nodes: two, cores: 1}]}\n', ('nodes', 'two', '3')),
    ('network: n\ncities: [{name: c}]\nsites:\n  - {name: a, hub: h, pools: [{name: p, nodes: 1, cores: 1}]}\n'
     'links:\n  - {from: a, to: b, gbit: 1, ms: 1}\n', ('b',)),
    ('network: [\n', ('closing', '2')),
    ('network: n\nsites:\n  - {name: "\udcff", hub: h}\n', ('expected UTF-8', '3')),
    ('', ('expected a map',)),
])
def test_wrong_network_files(tmp_path, text, words):
    f = tmp_path / 'net.yaml'
    f.write_bytes(text.encode('utf-8', 'surrogateescape'))
    r = subprocess.run([SUAN, 'config', 'check', '--network', str(f)], capture_output=True, text=True, timeout=30)
    assert r.returncode in (1, 2), (r.stdout, r.stderr)
    assert 'net.yaml' in r.stderr
    for w in words:
        assert w in r.stderr, r.stderr


def test_config_check(tmp_path):
    f = tmp_path / 'net.yaml'
    f.write_text(NETWORK)
    c = tmp_path / 'suan.yaml'
    c.write_text('data: %s\nnetwork: %s\nlisten: 127.0.0.1:0\npolicy:\n  kind: conservative\n' % (tmp_path, f))
    r = subprocess.run([SUAN, 'config', 'check', '--config', str(c)], capture_output=True, text=True, timeout=30)
    assert r.returncode == 0 and '3 sites' in r.stdout and 'conservative' in r.stdout
    c.write_text('dta: x\n')
    r = subprocess.run([SUAN, 'config', 'check', '--config', str(c)], capture_output=True, text=True, timeout=30)
    assert r.returncode == 2 and 'dta' in r.stderr and 'data' in r.stderr


def test_script_without_shebang_and_unknown_option(server, tmp_path):
    f = tmp_path / 'bad.sh'
    f.write_text('echo hi\n')
    assert '#!' in server.cli('submit', f, code=2).stderr
    f.write_text('#!/bin/sh\n#SBATCH --frobnicate=3\ntrue\n')
    r = server.cli('submit', f, code=2)
    assert 'frobnicate' in r.stderr and '2' in r.stderr
    assert '--memory' in server.cli('submit', '--memry', '1G', '--', 'true', code=2).stderr
    assert '/no/such/file' in server.cli('submit', '/no/such/file', code=3).stderr
    assert '"abc"' in server.cli('show', 'abc', code=2).stderr
    assert 'did you mean list' in server.cli('lst', code=2).stderr
    assert jobs_in(server) == 0


def test_other_bytes_than_utf8(server, tmp_path):
    """Nothing is changed on the way in: what JSON cannot say is refused, with its place."""
    f = tmp_path / 'job.sh'
    for text, line in [(b'#!/bin/sh\n#SUAN --name a\xff\n:\n', 2), (b'#!/bin/sh\n:\necho \xc0\xaf\n', 3)]:
        f.write_bytes(text)
        r = server.cli('submit', f, code=2)
        assert 'job.sh: line %d: expected UTF-8' % line in r.stderr, r.stderr
    f = tmp_path / 'job.yaml'
    f.write_bytes(b'command: [true]\nname: "\xff"\n')
    assert 'job.yaml: line 2: expected UTF-8' in server.cli('submit', f, code=2).stderr
    odd = os.fsdecode(b'a\xff')
    for args, field in [(['--name', odd, '--', 'true'], 'name'), (['--', 'cat', odd], 'command'),
                        (['--dir', '/' + odd, '--', 'true'], 'dir'), (['--env', 'A=' + odd, '--', 'true'], 'env'),
                        (['--site', odd, '--', 'true'], 'site'), (['--outputs', 'x=/' + odd, '--', 'true'], 'outputs')]:
        r = server.cli('submit', *args, code=2)
        assert field in r.stderr and 'expected UTF-8' in r.stderr, r.stderr
    r = server.cli('submit', '--export', 'ALL', '--', 'true', code=2, env={'ODD': odd})
    assert 'ODD' in r.stderr, r.stderr
    good = b'{"command":["true"],"hold":true}\n'
    bad = b'{"command":["true"],"name":"\xed\xa0\x80"}\n'
    _, _, p = server.http('POST', '/v1/jobs:bulk', good * 70 + bad + good, NDJSON, 400)
    assert p['line'] == 71 and 'UTF-8' in p['detail'], p
    _, _, p = server.http('POST', '/v1/jobs', b'command: ["\xff"]\n', {'Content-Type': 'application/yaml'}, 400)
    assert 'UTF-8' in p['detail'], p
    assert jobs_in(server) == 0


def test_server_down(tmp_path):
    r = subprocess.run([SUAN, 'list', '--server', 'http://127.0.0.1:1'], capture_output=True, text=True, timeout=60)
    assert r.returncode == 5 and 'suan serve' in r.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason='mounting a small file system needs root')
def test_disk_full(tmp_path):
    """Submissions are refused, the service lives, and goes on when there is room again."""
    small = tmp_path / 'small'
    small.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', str(small)]).returncode != 0:
        pytest.skip('no permission to mount')
    try:
        s = Server(tmp_path, data=small / 'data').start()
        before = s.submit('--hold', '--', 'true')
        ballast = os.open(small / 'ballast', os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(ballast, b'x' * 4096)
        except OSError:
            os.close(ballast)
        big = {'command': ['true'], 'hold': True, 'env': {'X': 'y' * 200000}}
        refused = 0
        for _ in range(20):
            status, _, p = s.http('POST', '/v1/jobs', big)
            refused += status == 507
        assert refused > 0
        assert s.job(before)['state'] == 'PENDING'
        status, _, _ = s.http('GET', '/readyz')
        assert status == 503
        os.unlink(small / 'ballast')
        after = wait_for(lambda: s.cli('submit', '--hold', '--', 'true', code=None).stdout.strip(), 'it works again')
        s.kill()
        s.start()
        assert s.job(before)['state'] == s.job(after)['state'] == 'PENDING'
        assert s.stop() == 0
    finally:
        subprocess.run(['umount', '-l', str(small)])   # the shepherds linger for a moment
