"""Data sets and transfers of users: what may be said, who may see and do what, what is refused."""
import json
import os
import subprocess

import pytest
from conftest import SUAN, wait_for


def put(server, name, status=201, **body):
    return server.http('PUT', '/v1/data/' + name, {'source': '/nowhere/' + name, 'site': 'west', **body},
                       status=status)[2]


def names(server, query=''):
    return [d['name'] for d in server.http('GET', '/v1/data' + query, status=200)[2]['data']]


@pytest.fixture
def users(make_server):
    """A server with tokens: (server, {role or name: token})."""
    server = make_server(insecure=False).start()
    tokens = {'admin': (server.data / 'admin.token').read_text()}
    server.token = tokens['admin']
    for user, role in (('ann', 'user'), ('bob', 'user'), ('eve', 'viewer'), ('op', 'operator')):
        made = server.cli('token', 'create', '--user', user, '--role', role, '--json')
        tokens[user] = json.loads(made.stdout)['token']
    return server, tokens


def test_made_listed_and_removed(server):
    sha = 'ab' * 32
    doc = put(server, 'genomes.v1', sha256=sha, bytes='4GiB', sites=['west', 'east'], users='ann', ttl_s='30d')
    assert (doc['name'], doc['sha256'], doc['bytes'], doc['sites'], doc['users']) == (
        'genomes.v1', sha, 4 << 30, ['west', 'east'], ['ann'])
    assert doc['expires'] > doc['made'] and [r['site'] for r in doc['replicas']] == ['west']
    assert doc['replicas'][0]['kept'] and doc['complete'] == 0
    again = {'source': '/nowhere/genomes.v1', 'site': 'west', 'sites': ['west', 'east']}
    status, headers, same = server.http('PUT', '/v1/data/genomes.v1', again)
    assert status == 200 and headers['Suan-Repeated'] == 'true' and same['id'] == doc['id']
    for more, field in (({'sites': ['west']}, 'sites'), ({'source': '/other'}, 'source'), ({'sha256': 'cd' * 32}, 'sha256'),
                        ({'bytes': 5}, 'bytes'), ({'hubs': ['h-west']}, 'hubs')):
        problem = server.http('PUT', '/v1/data/genomes.v1', {**again, **more}, status=409)[2]
        assert problem['field'] == field and 'another name' in problem['detail'], problem
    for name in ('a', 'b', 'genomes.v2'):
        put(server, name)
    assert names(server) == ['genomes.v1', 'a', 'b', 'genomes.v2']
    assert names(server, '?name=gen') == ['genomes.v1', 'genomes.v2']
    page = server.http('GET', '/v1/data?limit=3', status=200)[2]
    assert len(page['data']) == 3 and names(server, '?cursor=' + page['next']) == ['genomes.v2']
    server.http('POST', '/v1/data/a/replicate', {'site': 'east'}, status=200)
    doc = server.http('GET', '/v1/data/a', status=200)[2]
    assert [r['site'] for r in doc['replicas']] == ['east', 'west']
    doc = server.http('POST', '/v1/data/a/evict', {'site': 'east'}, status=200)[2]
    assert [r['site'] for r in doc['replicas']] == ['west']
    doc = server.http('POST', '/v1/data/a/grant', {'users': ['bob'], 'accounts': ['bio']}, status=200)[2]
    assert (doc['users'], doc['accounts']) == (['bob'], ['bio'])
    server.http('POST', '/v1/data/a/verify', b'', status=200)
    metrics = server.http('GET', '/metrics', status=200)[2].decode()
    assert '\nsuan_data_sets 4\n' in metrics and 'suan_data_copies{state="lost"}' in metrics
    server.http('DELETE', '/v1/data/a', status=200)
    assert 'a' not in names(server)
    server.kill()
    server.start()
    assert names(server) == ['genomes.v1', 'b', 'genomes.v2']


def test_what_is_wrong_is_said(server):
    put(server, 'genomes', sites=['west'])
    for name, body, field in [('x', {'source': 'here'}, 'source'), ('x', {'site': 'nowhere'}, 'site'), ('x', {'site': ''}, 'site'),
                              ('x', {'sha256': 'abc'}, 'sha256'), ('x', {'sites': ['nowhere']}, 'sites'),
                              ('x', {'hubs': ['nowhere']}, 'hubs'), ('x', {'ttl': 5}, 'ttl'), ('-x', {}, 'name'),
                              ('x', {'expires': '2020-01-01T00:00:00Z'}, 'expires')]:
        assert put(server, name, 400, **body)['field'] == field, body
    assert names(server) == ['genomes']
    assert put(server, 'x', 422, sites=['east'])['field'] == 'site'
    problem = server.http('GET', '/v1/data/genome', status=404)[2]
    assert problem['field'] == 'name' and 'did you mean genomes?' in problem['detail']
    problem = server.http('POST', '/v1/data/genomes/replicate', {'site': 'east'}, status=422)[2]
    assert problem['field'] == 'site' and 'right are west' in problem['detail']
    assert server.http('POST', '/v1/data/genomes/replicate', {}, status=400)[2]['field'] == 'site'
    assert server.http('POST', '/v1/data/genomes/evict', {'site': 'east'}, status=404)[2]['field'] == 'site'
    assert server.http('POST', '/v1/data/genomes/grant', {}, status=400)[2]['field'] == 'users'
    server.http('DELETE', '/v1/data/none', status=404)
    server.http('GET', '/v1/data?limit=0', status=400)


def test_who_may_see_and_do_what(users):
    server, tokens = users

    def as_(who):
        server.token = tokens[who]
        return server

    put(as_('ann'), 'mine')
    put(as_('ann'), 'shared', users=['eve'])
    put(as_('ann'), 'public', users=['*'])
    put(as_('ann'), 'lab', accounts=['bio'])
    assert names(as_('ann')) == names(as_('op')) == ['mine', 'shared', 'public', 'lab']
    assert names(as_('bob')) == ['public'] and names(as_('eve')) == ['shared', 'public']
    assert names(as_('bob'), '?account=bio') == ['public', 'lab']
    assert {t['data'] for t in as_('bob').http('GET', '/v1/transfers', status=200)[2]['transfers']} <= {'public'}
    as_('bob').http('GET', '/v1/data/mine', status=404)
    as_('bob').http('DELETE', '/v1/data/mine', status=404)
    assert 'only its owner' in as_('bob').http('DELETE', '/v1/data/public', status=403)[2]['detail']
    as_('bob').http('POST', '/v1/data/public/grant', {'users': ['bob']}, status=403)
    put(as_('eve'), 'hers', 403)
    assert put(as_('bob'), 'mine', 409)['field'] == 'name'
    as_('ann').http('POST', '/v1/data/mine/grant', {'users': ['bob']}, status=200)
    as_('bob').http('GET', '/v1/data/mine', status=200)
    as_('op').http('DELETE', '/v1/data/mine', status=200)


def test_the_command_line(server):
    """From a source to its end, by commands only; copies themselves are not waited for."""
    folder = server.home / 'genomes'
    folder.mkdir()
    sha = 'ab' * 32
    doc = json.loads(server.cli('data', 'put', 'g1', './genomes', '--site', 'west', '--sha256', sha, '--bytes', '2GiB',
                                '--residency', 'west,hub:h-east', '--expires', '30d', '--grant', 'user:ann', '--grant',
                                'account:bio', '--account', 'org', '--json').stdout)
    assert doc['source'] == str(folder) and doc['bytes'] == 2 << 30 and doc['sha256'] == sha
    assert (doc['sites'], doc['hubs'], doc['users'], doc['accounts']) == (['west'], ['h-east'], ['ann'], ['bio'])
    assert doc['account'] == 'org' and doc['expires']
    assert server.cli('data', 'put', 'url', 'https://example.org/x', '-s', 'west', '--expires', 'now+1d').stdout == ''
    rows = server.cli('data', 'ls', '--no-header', '--format', 'name,bytes,owner').stdout.split('\n')
    assert rows[0].split()[:3] == ['g1', '2', 'GiB'] and rows[1].split()[:2] == ['url', '-'], rows
    assert server.cli('data', 'ls', 'url', '--no-header', '--format', 'name').stdout.split() == ['url']
    doc = json.loads(server.cli('data', 'replicate', 'g1', 'east', '--json').stdout)
    assert [r['site'] for r in doc['replicas']] == ['east', 'west']
    moved = json.loads(server.cli('transfers', '--json').stdout)['transfers']
    assert {(t['data'], t['to']) for t in moved} <= {('g1', 'west'), ('g1', 'east'), ('url', 'west')}
    assert server.cli('transfers').stdout.split()[:2] == ['ID', 'DATA']
    server.cli('data', 'evict', 'g1', 'east')
    server.cli('data', 'grant', 'g1', 'everybody')
    shown = server.cli('data', 'show', 'g1').stdout
    assert 'ann, *' in shown and sha in shown and 'west' in shown.split('\n\n')[1]
    server.cli('data', 'verify', 'g1')
    server.cli('data', 'rm', 'g1')
    assert [d['name'] for d in json.loads(server.cli('data', '--json').stdout)['data']] == ['url']


def test_wrong_command_lines(server):
    server.cli('data', 'put', 'genomes', '/', '--site', 'west', '--residency', 'site:west')
    for args, code, text in [
            (('show', 'genome'), 3, 'did you mean genomes?'), (('ls', 'nothing'), 3, 'no data set'),
            (('put', 'x', 'none', '--site', 'west'), 3, str(server.home / 'none')), (('put', 'x', '/etc'), 2, '--site'),
            (('put', 'x'), 2, 'put NAME SOURCE'), (('replicate', 'genomes'), 2, 'replicate NAME SITE'),
            (('replicate', 'genomes', 'east'), 4, 'right are west'), (('replicate', 'genomes', 'noplace'), 2, 'no site'),
            (('put', 'genomes', '/etc', '--site', 'west'), 4, 'another source'),
            (('grant', 'genomes', 'ann'), 2, 'want user:NAME'), (('grant', 'genomes'), 2, 'whom?'),
            (('put', 'x', '/etc', '-s', 'west', '--expires', 'soon'), 2, 'expires'), (('copy', 'genomes'), 2, 'want put, ls'),
            (('evict', 'genomes', 'east'), 3, 'no copy'), (('rm',), 2, 'rm NAME'), (('ls', '--format', 'x'), 2, 'no column')]:
        r = server.cli('data', *args, code=code)
        assert text in r.stderr and not r.stdout, (args, r.stderr)


def test_waiting_ends_when_there_is_nothing_to_wait_for(server):
    """What is removed meanwhile, or lost, does not let a command wait for ever."""
    env = dict(os.environ, SUAN_SERVER=server.url)
    args = [SUAN, 'data', 'put', 'x', 'https://example.invalid/x', '--site', 'west', '--wait']
    p = subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: 'x' in names(server), 'it is made')
    server.cli('data', 'rm', 'x')
    out, err = p.communicate(timeout=60)
    assert p.returncode in (1, 3) and not out and 'x' in err, (p.returncode, err)
