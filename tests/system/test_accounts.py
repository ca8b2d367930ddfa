"""Accounts, classes and limits at a running service."""
import json

from conftest import Server, wait_for

ACCOUNTS = """
accounts:
  - {name: org, shares: 3, limits: {cores: 2}}
  - {name: org/ai, parent: org, user_limits: {pending: 2}}
  - {name: edu}
qos:
  - {name: normal}
  - {name: high, priority: 1000, max_walltime: 1h, limits: {runs: 1}}
default_account: edu
default_qos: normal
"""


def account(server, name):
    return json.loads(server.cli('account', name, '--json').stdout)['accounts'][0]


def serve(tmp_path, text):
    config = tmp_path / 'suan.yaml'
    config.write_text(text)
    server = Server(tmp_path, args=('--config', str(config)))
    server.start()
    return server


def test_limits_and_reasons(tmp_path):
    server = serve(tmp_path, ACCOUNTS)
    try:
        first = server.submit('-A', 'org', '-c', 2, '--', 'sleep', '60')
        second = server.submit('-A', 'org/ai', '--', 'true')
        other = server.submit('--', 'true')
        server.wait(other, code=0)
        assert server.job(other)['account'] == 'edu'
        doc = server.job(second)
        assert doc['state'] == 'PENDING' and doc['reason'] == 'quota'
        assert doc['reason_text'] == 'account org: 2 of at most 2 cores in use, wants 1'
        assert doc['quota'] == {'account': 'org', 'limit': 'cores', 'used': 2, 'wants': 1, 'most': 2}
        assert '2 of at most 2 cores' in server.cli('why', second).stdout
        assert '2 of at most 2 cores' in server.cli('list').stdout
        org = account(server, 'org')
        assert org['running']['cores'] == 2 and org['pending'] == 1 and org['limits'] == {'cores': 2}
        assert abs(org['share'] - 0.75) < 1e-6
        text = server.cli('account', '-u').stdout
        assert '2/2' in text and '  org/ai' in text
        assert server.cli('account', 'none', code=3).stdout == ''
        server.cli('cancel', first)
        server.wait(second, code=0)
        wait_for(lambda: account(server, 'org')['usage']['core_hours'] > 0, 'usage of org')
    finally:
        server.stop()


def test_refusals(tmp_path):
    server = serve(tmp_path, ACCOUNTS)
    try:
        bad = server.cli('submit', '-A', 'nobody', '--', 'true', code=2)
        assert 'right is one of org, org/ai, edu' in bad.stderr
        bad = server.cli('submit', '--qos', 'best', '--', 'true', code=2)
        assert 'right is one of normal, high' in bad.stderr
        assert '01:00:00' in server.cli('submit', '--qos', 'high', '-t', '2h', '--', 'true', code=4).stderr
        assert 'one start takes 3' in server.cli('submit', '-A', 'org', '-c', 3, '--', 'true', code=4).stderr
        for _ in range(2):
            server.submit('-A', 'org/ai', '--hold', '--', 'true')
        assert 'the limit is 2' in server.cli('submit', '-A', 'org/ai', '--', 'true', code=4).stderr
    finally:
        server.stop()


def test_defined_anew_and_kept(tmp_path):
    server = serve(tmp_path, 'log_level: info\n')
    try:
        assert json.loads(server.cli('account', '--json').stdout)['accounts'] == []
        server.submit('-A', 'any', '--', 'true')
        status, _, doc = server.http('PUT', '/v1/accounts', {'accounts': [{'name': 'a'}, {'name': 'b', 'parent': 'c'}]})
        assert status == 400 and 'parent' in doc['detail']
        status, _, doc = server.http('PUT', '/v1/accounts', {
            'accounts': [{'name': 'a', 'shares': 2}], 'qos': [{'name': 'q', 'priority': 7}]})
        assert status == 200 and doc['accounts'][0]['name'] == 'a'
        qos = json.loads(server.cli('qos', '--json').stdout)['qos']
        assert [q['priority'] for q in qos] == [7]
        assert 'PRIORITY' in server.cli('qos').stdout
        assert 'PRIORITY' not in server.cli('qos', '--no-header').stdout
        server.stop()
        server.start()
        assert account(server, 'a')['shares'] == 2
        job = server.submit('-A', 'a', '--qos', 'q', '--', 'true')
        server.wait(job, code=0)
    finally:
        server.stop()
