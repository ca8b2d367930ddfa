"""The HTTP interface: pages, streams, metrics, and that every route and status was seen."""
import json
import re
import socket
import threading
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
    server.http('GET', '/v1/jobs?state=DANCING', status=400)
    assert server.http('GET', '/v1/jobs?stat=PENDING', status=400)[2]['field'] == 'stat'


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
              'patchJob': {'priority': 3}, 'createToken': {'user': 'x'}}
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
            url = url.replace('{id}', ident)
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
