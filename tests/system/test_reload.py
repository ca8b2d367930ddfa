"""SIGHUP: the file of settings is read again while the service runs."""
import json
import signal

from conftest import wait_for

BEGIN = """
policy: {kind: easy}
qos:
  - {name: normal}
default_qos: normal
"""
LATER = """
policy: {kind: conservative, max_walltime: 1h}
grace_ms: 3s
max_connections: 17
accounts:
  - {name: lab, shares: 3, limits: {runs: 1}}
qos:
  - {name: normal}
  - {name: quick, priority: 5}
default_account: lab
default_qos: quick
"""


def hang_up(server, what, count=1):
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: server.log.read_text().count(what) >= count, 'the log says ' + what)
    return server.log.read_text()


def policy(server):
    return json.loads(server.cli('info', '--json').stdout)['policy']


def classes(server):
    return [q['name'] for q in json.loads(server.cli('qos', '--json').stdout)['qos']]


def test_policy_and_accounts_change_while_it_runs(make_server, tmp_path):
    file = tmp_path / 'suan.yaml'
    file.write_text(BEGIN)
    server = make_server(args=['--config', file]).start()
    job = server.submit('--', 'sleep', '600')
    wait_for(lambda: server.job(job)['state'] == 'RUNNING', 'it runs')
    hang_up(server, 'policy and accounts are as before')

    file.write_text(LATER)
    hang_up(server, 'the policy changed as in the file')
    text = hang_up(server, 'policy and accounts are as before', 2)
    assert 'the accounts changed as in the file' in text
    for key in ('grace_ms', 'max_connections'):
        assert key + ' takes effect at the next start' in text
    assert 'listen takes effect' not in text and 'data takes effect' not in text
    assert policy(server) == 'conservative' and classes(server) == ['normal', 'quick']
    assert server.job(job)['state'] == 'RUNNING'
    # the limits of policy and account count from now on
    assert '01:00:00' in server.cli('submit', '--walltime', '2h', '--', 'true', code=4).stderr
    for _ in range(2):
        server.submit('--', 'sleep', '600')
    wait_for(lambda: [j['state'] for j in json.loads(server.cli('list', '--json').stdout)['jobs']][:2] ==
             ['PENDING', 'RUNNING'], 'one of two runs')

    # wrong in one place: nothing of it counts
    file.write_text(BEGIN + 'accounts:\n  - {name: a, parent: nobody}\n')
    text = hang_up(server, 'not read again, all stays as it was')
    assert 'suan.yaml: accounts "a": its parent is not an account' in text
    file.write_text('policy: {kind: easy}\nkeep: 3\n')
    text = hang_up(server, 'not read again, all stays as it was', 2)
    assert 'suan.yaml' in text.splitlines()[-1] and 'keep_finished' in text
    file.unlink()
    hang_up(server, 'not read again, all stays as it was', 3)
    assert policy(server) == 'conservative' and classes(server) == ['normal', 'quick']

    # it was durable
    file.write_text(LATER)
    server.kill()
    server.start()
    assert policy(server) == 'conservative' and classes(server) == ['normal', 'quick']
    server.cli('cancel', '--all')


def test_options_win_and_no_file_is_said(make_server, tmp_path):
    file = tmp_path / 'suan.yaml'
    file.write_text(BEGIN)
    server = make_server(args=['--config', file, '--policy', 'sjf']).start()
    file.write_text(LATER)
    hang_up(server, 'the policy changed as in the file')  # its limits
    assert policy(server) == 'sjf'
    assert server.stop() == 0
    server = make_server().start()
    hang_up(server, 'the service was started without --config')
    assert server.cli('info').returncode == 0
