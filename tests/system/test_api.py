"""The HTTP interface: pages, streams, metrics, and that every route and status was seen."""
import itertools
import json
import re
import socket
import threading
import time
import urllib.parse
import urllib.request

from conftest import wait_for


def test_pages_stay_right_while_jobs_are_added(server):
    lines = ''.join('{"command":["true"],"hold":true,"name":"a%d"}\n' % i for i in range(2500)).encode()
    server.http('POST', '/v1/jobs:bulk', lines, {'Content-Type': 'application/x-ndjson'}, 201)
    seen, cursor = [], ''
    while True:
        _, _, page = server.http('GET', '/v1/jobs?limit=300' + cursor, status=200)
        seen += [j['id'] for j in page['jobs']]
        if len(seen) < 1000:
            server.http('POST', '/v1/jobs', {'command': ['true'], 'hold': True}, status=201)
        if page['next'] is None:
            break
        cursor = '&cursor=' + page['next']
    assert seen == list(range(2500, 0, -1))
    _, _, page = server.http('GET', '/v1/jobs?name=a249&state=PENDING', status=200)
    names = [j['name'] for j in page['jobs']]
    assert names == ['a%d' % i for i in range(2499, 2489, -1)] + ['a249']
    server.http('GET', '/v1/jobs?limit=x', status=400)
    array = server.submit('--array', '0-699', '--hold', '--', 'true')
    seen, cursor = [], ''
    while cursor is not None:
        _, _, page = server.http('GET', '/v1/jobs/%d/tasks?limit=300%s' % (array, cursor), status=200)
        seen += [t['index'] for t in page['tasks']]
        cursor = page['next'] and '&cursor=' + page['next']
    assert seen == list(range(700))
    _, _, page = server.http('GET', '/v1/jobs/%d/tasks?state=RUNNING' % array, status=200)
    assert page == {'tasks': [], 'next': None}
    server.http('GET', '/v1/jobs?state=DANCING', status=400)
    assert server.http('GET', '/v1/jobs?stat=PENDING', status=400)[2]['field'] == 'stat'


def test_numbers_in_queries(server):
    job = server.submit('--hold', '--', 'true')
    tasks, logs = '/v1/jobs/%d/tasks?' % job, '/v1/jobs/%d/logs?' % job
    for path, name, wrong in [('/v1/jobs?', 'limit', (0, -1, 1001, '', '1e2', '0x10', ' 1', 2**64)),
                              ('/v1/jobs?', 'cursor', (-1, 2**63, 'x')),
                              (tasks, 'limit', (0, -1, 1001, 'x')), (tasks, 'cursor', (-1, 2**32, 'x')),
                              (logs, 'limit', (0, -1, 2**24 + 1, 2**64)), (logs, 'offset', (-1, 2**60 + 1, 2**63 - 1, 'x')),
                              (logs, 'follow', ('yes', '')), (logs, 'stream', ('stdin', '')),
                              ('/v1/events?', 'job', (0, -1, 'x')), ('/v1/events?', 'after', (-1, 'x'))]:
        for value in wrong:
            url = '%s%s=%s' % (path, name, urllib.parse.quote(str(value)))
            _, headers, p = server.http('GET', url, status=400)
            assert headers['Content-Type'] == 'application/problem+json' and p['field'] == name, (url, p)
    server.http('GET', '/v1/jobs?limit=1', status=200)
    server.http('GET', '/v1/jobs?limit=1000', status=200)


def read_events(server, path, headers, count):
    req = urllib.request.Request(server.url + path, headers=headers)
    got, event = [], {}
    with urllib.request.urlopen(req, timeout=60) as r:
        for raw in r:
            line = raw.decode().rstrip('\n')
            if line.startswith('id: '):
                event['id'] = line[4:]
            elif line.startswith('event: '):
                event['event'] = line[7:]
            elif line.startswith('data: '):
                event['data'] = json.loads(line[6:])
            elif not line and event.get('data') is not None:
                if event['event'] == 'change':
                    got.append(event)
                event = {}
                if len(got) == count:
                    return got
    return got


def test_events_and_resume(server):
    job = server.submit('--', 'true')
    server.wait(job, code=0)
    got = read_events(server, '/v1/events?job=%d&after=0' % job, {}, 4)
    states = [e['data']['state'] for e in got if e['event'] == 'change']
    assert states[0] == 'PENDING' and states[-1] == 'COMPLETED'
    rest = read_events(server, '/v1/events?job=%d' % job, {'Last-Event-ID': got[1]['id']}, len(got) - 2)
    assert [e['id'] for e in rest] == [e['id'] for e in got[2:]]
    box = []
    t = threading.Thread(target=lambda: box.extend(read_events(server, '/v1/events', {}, 2)))
    t.start()
    wait_for(lambda: server.submit('--', 'true') and len(box) >= 2, 'live events')
    t.join()
    assert {e['event'] for e in box} == {'change'}


class Stream:
    """A GET over a raw socket; reads only when asked to."""

    def __init__(self, server, path, headers=''):
        self.socket = socket.create_connection(('127.0.0.1', server.port))
        self.socket.settimeout(60)
        self.socket.sendall(('GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n' % (path, headers)).encode())
        self.file = self.socket.makefile('rb')
        assert b' 200 ' in self.file.readline()
        while self.file.readline() != b'\r\n':
            pass
        self.whole = False

    def chunks(self):
        while size := self.file.readline():
            n = int(size, 16)
            if n == 0:
                self.whole = True
                return
            data = self.file.read(n)
            yield data
            if len(data) < n or self.file.read(2) != b'\r\n':
                return

    def events(self):
        """(type, id) of each event."""
        text = b''
        for chunk in self.chunks():
            text += chunk
            *blocks, text = text.split(b'\n\n')
            for block in blocks:
                fields = dict(line.split(b': ', 1) for line in block.split(b'\n'))
                if b'event' in fields:
                    yield fields[b'event'].decode(), int(fields[b'id'])

    def close(self):
        self.file.close()
        self.socket.close()


def first_events(server, last, count):
    s = Stream(server, '/v1/events', 'Last-Event-ID: %s\r\n' % last)
    events = s.events()
    got = [next(events) for _ in range(count)]
    s.close()
    return got


def test_resuming_where_nobody_knows(server):
    server.wait(server.submit('--', 'true'), code=0)
    old = int(read_events(server, '/v1/events?after=0', {}, 2)[-1]['id'])
    server.kill()
    server.start()
    # Nothing has happened in this life: the client must be told at once all the same.
    [(kind, at)] = first_events(server, old, 1)
    assert kind == 'reset' and at >= old
    for unknown in (at + 1000000, 'nonsense', '-1', '18446744073709551615'):
        assert first_events(server, unknown, 1) == [('reset', at)]
    server.submit('--hold', '--', 'true')
    assert [kind for kind, _ in first_events(server, old, 2)] == ['reset', 'change']
    [(kind, newest)] = first_events(server, at, 1)
    assert kind == 'change' and newest > at
    assert first_events(server, newest + 1, 1) == [('reset', newest)]


def test_far_behind_with_events(server):
    count = 60000
    lines = b'{"command":["true"],"hold":true}\n' * count
    server.http('POST', '/v1/jobs:bulk', lines, {'Content-Type': 'application/x-ndjson'}, 201)
    s = Stream(server, '/v1/events?after=0')
    changes = [at for kind, at in itertools.islice(s.events(), count + 1) if kind == 'change']
    assert len(changes) == count and changes == sorted(set(changes))
    s.close()


def test_slow_reader_gets_all_of_a_log(server):
    count = 24000000
    job = server.submit('--', 'sh', '-c', 'yes 0123456 | head -c %d' % count)
    wait_for(lambda: server.job(job)['state'] != 'PENDING', 'it starts')
    s = Stream(server, '/v1/jobs/%d/logs?follow=1' % job)
    server.wait(job, code=0)    # meanwhile nothing is read
    got = b''.join(s.chunks())
    assert s.whole and len(got) == count and got == b'0123456\n' * (count // 8)
    s.close()


def test_followed_log_ends_openly_with_the_service(server):
    job = server.submit('--', 'sh', '-c', 'echo begun; exec sleep 1000')
    s = Stream(server, '/v1/jobs/%d/logs?follow=1' % job)
    chunks = s.chunks()
    assert next(chunks) == b'begun\n'
    assert server.stop() == 0
    assert list(chunks) == [] and not s.whole
    s.close()
    server.start()
    server.cli('cancel', job)
    server.wait(job)


def test_streams_end_with_their_token(make_server):
    s = make_server(insecure=False).start()
    s.token = (s.data / 'admin.token').read_text().strip()
    job = s.submit('--', 'sh', '-c', 'echo begun; exec sleep 1000')
    viewer = s.cli('token', 'create', '--role', 'viewer', '--user', 'v').stdout.strip()
    mine, admins = 'Authorization: Bearer %s\r\n' % viewer, 'Authorization: Bearer %s\r\n' % s.token
    log, other = Stream(s, '/v1/jobs/%d/logs?follow=1' % job, mine), Stream(s, '/v1/events', admins)
    chunks, events = log.chunks(), Stream(s, '/v1/events', mine)
    assert next(chunks) == b'begun\n'
    ident = next(t['id'] for t in s.http('GET', '/v1/tokens', status=200)[2]['tokens'] if t['user'] == 'v')
    s.http('DELETE', '/v1/tokens/' + ident, status=200)
    assert list(chunks) == [] and not log.whole
    assert all(kind == 'change' for kind, _ in events.events()) and events.whole
    s.submit('--hold', '--', 'true')
    assert 'change' in [kind for kind, _ in itertools.islice(other.events(), 1)]
    for stream in (log, events, other):
        stream.close()
    s.cli('cancel', job)
    s.wait(job)
    assert s.stop() == 0, s.log.read_text()


def test_start_while_the_service_stops(server, tmp_path):
    """A half request holds the stop for seconds; meanwhile a job with files to bring becomes due."""
    (tmp_path / 'in').write_text('x')
    half = socket.create_connection(('127.0.0.1', server.port))
    half.sendall(b'POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"comm')
    at = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 2))
    _, _, job = server.http('POST', '/v1/jobs', {'command': ['cat', 'in'], 'begin': at, 'walltime_s': 60,
                                                 'inputs': [{'url': str(tmp_path / 'in'), 'path': 'in'}]}, status=201)
    assert server.stop() == 0, server.log.read_text()
    half.close()
    server.start()
    server.wait(job['id'], code=0)


def test_submissions_while_the_service_stops(server):
    """Whatever was acknowledged is there afterwards."""
    for _ in range(3):
        acked, stopped = [], threading.Event()

        def submit():
            while not stopped.is_set():
                try:
                    status, _, doc = server.http('POST', '/v1/jobs', {'command': ['true'], 'hold': True})
                except OSError:
                    return
                if status == 201:
                    acked.append(doc['id'])
        threads = [threading.Thread(target=submit) for _ in range(8)]
        for t in threads:
            t.start()
        wait_for(lambda: len(acked) > 20, 'submissions')
        assert server.stop() == 0, server.log.read_text()
        stopped.set()
        for t in threads:
            t.join()
        server.start()
        for ident in acked:
            server.http('GET', '/v1/jobs/%d' % ident, status=200)


def test_logs_offsets_and_follow(server):
    job = server.submit('--', 'sh', '-c', 'printf 0123456789; printf oops >&2')
    server.wait(job, code=0)
    _, h, body = server.http('GET', '/v1/jobs/%d/logs?offset=2&limit=3' % job, status=200)
    assert body == b'234' and h['Suan-Next-Offset'] == '5'
    _, _, body = server.http('GET', '/v1/jobs/%d/logs?follow=1' % job, status=200)
    assert body.startswith(b'0123456789')
    array = server.submit('--array', '0-1', '--', 'true')
    server.http('GET', '/v1/jobs/%d/logs' % array, status=400)
    server.http('GET', '/v1/jobs/%d_9/logs' % array, status=404)


def test_metrics_in_both_forms(server):
    server.wait(server.submit('--', 'true'), code=0)
    _, h, text = server.http('GET', '/metrics', status=200)
    assert h['Content-Type'].startswith('text/plain; version=0.0.4')
    text = text.decode()
    assert 'suan_jobs{state="COMPLETED"} 1' in text
    families = re.findall(r'^# TYPE (\S+) ', text, re.M)
    assert len(families) == len(set(families))
    _, h, om = server.http('GET', '/metrics', headers={'Accept': 'application/openmetrics-text'}, status=200)
    assert h['Content-Type'].startswith('application/openmetrics-text') and om.endswith(b'# EOF\n')


def test_every_route_is_documented_and_answers(server):
    """Walks the OpenAPI document: each operation is called and answers with a status it names."""
    _, _, api = server.http('GET', '/openapi.json', status=200)
    assert api['openapi'].startswith('3.1')
    held = server.submit('--hold', '--', 'true')
    done = server.submit('--', 'true')
    server.wait(done, code=0)
    bodies = {'submitJob': {'command': ['true'], 'hold': True}, 'checkJob': {'command': ['true']},
              'quoteJob': {'command': ['true']},
              'patchJob': {'priority': 3}, 'createToken': {'user': 'x'},
              'setAccounts': {}, 'reserve': {'nodes': 1, 'duration_s': 60, 'name': 'west'},
              'checkReservation': {'nodes': 1, 'duration_s': 60},
              'putData': {'source': '/etc/hostname', 'site': 'west'}, 'replicateData': {'site': 'east'},
              'evictData': {'site': 'east'}, 'grantData': {'users': ['*']},
              'tellSignal': {'site': 'west', 'kind': 'price', 'values': [{'time': 'now', 'value': 1}]}}
    called = set()
    for path, ops in api['paths'].items():
        for method, op in ops.items():
            name = op['operationId']
            url = path.replace('{name}', 'west')
            ident = str(held)
            if name in ('jobLogs', 'requeueJob', 'whyJob'):
                ident = str(done)
            if name in ('cancelJob', 'holdJob', 'releaseJob'):
                ident = str(server.submit('--hold', '--', 'true'))
            if name == 'revokeToken':
                ident = 'nothing'
            if name == 'removeData':
                url = '/v1/data/gone'
                server.http('PUT', url, bodies['putData'], status=201)
            url = url.replace('{id}', ident) + ('?kind=price' if name == 'getSignal' else '')
            called.add(name)
            if name == 'events':
                assert read_events(server, '/v1/events?after=0', {}, 1)
                continue
            body = bodies.get(name)
            headers = {}
            if name == 'submitBulk':
                body, headers = b'{"command":["true"],"hold":true}\n', {'Content-Type': 'application/x-ndjson'}
            if body is None and method.upper() in ('POST', 'PATCH'):
                body = b''
            status, _, _ = server.http(method.upper(), url, body, headers)
            assert str(status) in op['responses'], (name, status)
            assert status < 300 or name == 'revokeToken', (name, status)
    _, _, metrics = server.http('GET', '/metrics', status=200)
    counted = set(re.findall(r'operation="(\w+)"', metrics.decode()))
    assert called <= counted | {'metrics'}
    for name in ('Job', 'JobShort', 'Problem'):
        assert name in api['components']['schemas']
    server.http('GET', '/v1/nothing', status=404)
    server.http('DELETE', '/v1/jobs', status=405)


def test_head_and_unknown_job(server):
    with socket.create_connection(('127.0.0.1', server.port)) as s:
        s.sendall(b'HEAD /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
        answer = b''
        while part := s.recv(4096):
            answer += part
    assert answer.startswith(b'HTTP/1.1 200') and answer.endswith(b'\r\n\r\n')
    server.http('GET', '/v1/jobs/123456', status=404)
    server.http('GET', '/v1/jobs/abc', status=400)
    server.http('GET', '/v1/jobs/1_2_3', status=400)
