"""Reservations on a real server: nodes are kept, their jobs start when they begin, others wait."""
import json
import time

import pytest
from conftest import wait_for

ALL = {'nodes': 2, 'site': 'west', 'pool': 'cpu'}


def ms(text):
    """RFC 3339 with milliseconds, as seconds since the epoch."""
    whole, part = text.rstrip('Z').split('.')
    return time.mktime(time.strptime(whole + ' UTC', '%Y-%m-%dT%H:%M:%S %Z')) - time.timezone + int(part) / 1000


def reserve(server, *args, **kw):
    return json.loads(server.cli('reserve', '--json', *args, **kw).stdout)


def test_a_reservation_keeps_others_out_and_runs_its_own(server):
    r = reserve(server, '--nodes', 2, '--site', 'west', '--from', 'now+2s', '--for', '5s', '--name', 'lab')
    assert (r['state'], r['nodes'], r['parts']) == ('WAITING', 2, [{'site': 'west', 'pool': 'cpu', 'nodes': '0-1'}])
    own = server.submit('--reservation', 'lab', '--walltime', '4s', '--tasks', 2, '--cores', 4, '--', 'true')
    other = server.submit('--site', 'west', '--walltime', '60s', '--', 'true')
    short = server.submit('--site', 'west', '--walltime', '1s', '--', 'true')
    assert server.job(own)['reason'] == 'reservation'
    assert server.job(other)['reason'] == 'reserved'
    assert server.wait(short)['state'] == 'COMPLETED'
    assert server.job(other)['state'] == 'PENDING'
    done = server.wait(own)
    assert done['state'] == 'COMPLETED' and done['reservation'] == str(r['id'])
    assert 0 <= ms(done['start']) - ms(r['from']) < 2
    assert ms(server.wait(other)['start']) >= ms(r['to'])
    assert json.loads(server.cli('reservations', '--json').stdout) == {'reservations': []}


def test_a_reservation_survives_a_crash(server):
    server.cli('reserve', '--nodes', 2, '--site', 'west', '--for', '1h', '--name', 'lab', '--user', 'ann,bob')
    before = json.loads(server.cli('reservations', '--json').stdout)
    server.kill()
    server.start()
    assert json.loads(server.cli('reservations', '--json').stdout) == before
    waits = server.submit('--site', 'west', '--', 'true')
    assert server.job(waits)['state'] == 'PENDING'
    assert server.wait(server.submit('--reservation', 'lab', '--walltime', '60s', '--', 'true'))['state'] == 'COMPLETED'
    server.cli('unreserve', 'lab')
    assert server.wait(waits)['state'] == 'COMPLETED'
    assert server.cli('unreserve', 'lab', code=3).stderr == 'suan unreserve: name: no reservation "lab"\n'


def test_what_cannot_be_had_says_when_it_could(server):
    first = reserve(server, '--nodes', 2, '--site', 'west', '--for', '1h')
    r = server.cli('reserve', '--nodes', 1, '--site', 'west', '--from', 'now+10m', '--for', '10m', code=4)
    assert 'possible from ' + first['to'] in r.stderr
    assert server.cli('reserve', '--nodes', 1, '--site', 'west', '--from', 'now+61m', '--for', '10m',
                      '--dry-run').stdout.startswith('can be reserved: 1 nodes at west/cpu from ')
    assert len(json.loads(server.cli('reservations', '--json').stdout)['reservations']) == 1
    assert 'wants 3 nodes, the largest pool has 2' in server.cli('reserve', '--nodes', 3, '--site', 'west', '--for', '1h',
                                                               code=4).stderr


def test_a_guaranteed_start(server):
    busy = [server.submit('--walltime', '1s', '--site', 'east', '--', 'true') for _ in range(20)]
    job = server.submit('--guaranteed-start', 'now+2s', '--walltime', '30s', '--site', 'east', '--', 'true')
    r = json.loads(server.cli('reservations', '--json').stdout)['reservations'][0]
    assert (r['single'], r['job'], r['site']) == (True, job, 'east')
    done = server.wait(job)
    assert 0 <= ms(done['start']) - ms(r['from']) < 2
    wait_for(lambda: not json.loads(server.cli('reservations', '--json').stdout)['reservations'], 'it ends with its job')
    for b in busy:
        assert server.wait(b)['state'] == 'COMPLETED'
    assert 'needs a --walltime' in server.cli('submit', '--guaranteed-start', 'now', '--', 'true', code=2).stderr


def test_who_may(make_server):
    s = make_server(insecure=False)
    s.start()
    admin = (s.data / 'admin.token').read_text().strip()
    tokens = {}
    s.token = admin
    for user, role in (('ann', 'user'), ('bob', 'user'), ('op', 'operator')):
        tokens[user] = s.http('POST', '/v1/tokens', {'user': user, 'role': role}, status=201)[2]['token']

    def call(user, method, path, body=None, status=None, **headers):
        s.token = tokens[user]
        return s.http(method, path, body, headers, status)[2]

    ask = dict(ALL, duration_s=600, name='lab', nodes=1)
    r = call('ann', 'POST', '/v1/reservations', ask, 201, **{'Idempotency-Key': 'k'})
    assert call('ann', 'POST', '/v1/reservations', ask, 200, **{'Idempotency-Key': 'k'})['id'] == r['id']
    assert call('ann', 'POST', '/v1/reservations', ask, 409)['field'] == 'name'
    job = {'command': ['true'], 'walltime_s': 60, 'reservation': 'lab'}
    assert call('bob', 'POST', '/v1/jobs', job, 422)['reason'] == 'reservation-user'
    call('ann', 'POST', '/v1/jobs', job, 201)
    assert call('bob', 'DELETE', '/v1/reservations/lab', status=403)['field'] == 'name'
    assert call('ann', 'DELETE', '/v1/reservations/lab?to=x', status=400)['field'] == 'to'
    assert call('ann', 'DELETE', '/v1/reservations/lab?to=now%2B5m', status=200)['to'] < r['to']
    assert call('bob', 'POST', '/v1/reservations', {'site': 'west', 'maintenance': True, 'duration_s': 60},
                403)['field'] == 'maintenance'
    m = call('op', 'POST', '/v1/reservations', {'site': 'west', 'maintenance': True, 'from': 'now+2h', 'duration_s': '1h'}, 201)
    assert (m['kind'], m['nodes']) == ('maintenance', 2)
    assert call('op', 'POST', '/v1/reservations:check', {'nodes': 1, 'site': 'west', 'from': 'now+2h', 'duration_s': 60},
                422)['reason'] == 'reserved'
    assert [x['id'] for x in call('bob', 'GET', '/v1/reservations?user=op', status=200)['reservations']] == [m['id']]
    assert call('bob', 'GET', '/v1/reservations/%d' % m['id'], status=200)['owner'] == 'op'
    call('op', 'DELETE', '/v1/reservations/lab', status=200)
    call('op', 'GET', '/v1/reservations/lab', status=404)


@pytest.mark.parametrize('body, field', [
    ({'nodes': 1}, 'to'),
    ({'nodes': 1, 'duration_s': 1, 'to': 'now+1h'}, 'to'),
    ({'duration_s': 60}, 'nodes'),
    ({'nodes': 1, 'tasks': 1, 'duration_s': 60}, 'nodes'),
    ({'nodes': 1, 'duration_s': 'soon'}, 'duration_s'),
    ({'nodes': 1, 'duration_s': 60, 'from': 'soon'}, 'from'),
    ({'nodes': 1, 'duration_s': 60, 'site': 'nowhere'}, 'site'),
    ({'nodes': 1, 'duration_s': 60, 'site': 'west', 'pool': 'x'}, 'pool'),
    ({'node_list': '0-9', 'duration_s': 60, 'site': 'west', 'pool': 'cpu'}, 'node_list'),
    ({'node_list': 'x', 'duration_s': 60}, 'node_list'),
    ({'tasks': 1, 'memory': 'much', 'duration_s': 60}, 'memory'),
    ({'nodes': 1, 'duration_s': 60, 'users': [1]}, 'users/0'),
    ({'nodes': 1, 'duration_s': 60, 'name': '12'}, 'name'),
    ({'nodes': 1, 'duration_s': 60, 'colour': 'red'}, 'colour'),
    ({'nodes': 1, 'duration_s': 60, 'maintenance': True}, 'site'),
])
def test_bad_wishes_name_the_field(server, body, field):
    assert server.http('POST', '/v1/reservations', body, status=400)[2]['field'] == field
