"""suan replay: the log of a real service as a simulation, beside what really happened."""
import csv
import json
import shutil
import sqlite3
import subprocess

import pytest
from conftest import SUAN

NETWORK = """
network: small
sites:
  - {name: east, hub: h-east, driver: local, pools: [{name: cpu, nodes: 1, cores: 2, memory: 2GiB}]}
  - {name: west, hub: h-west, driver: local, pools: [{name: cpu, nodes: 2, cores: 2, memory: 4GiB}]}
  - {name: model, hub: h-west, pools: [{name: cpu, nodes: 100, cores: 64}]}
"""


def suan(*args, code=0):
    p = subprocess.run([SUAN, 'replay', *map(str, args)], capture_output=True, text=True, timeout=120)
    assert p.returncode == code, (args, p.returncode, p.stdout, p.stderr)
    return p


def replay(*args):
    p = suan('--json', *args)
    assert p.stderr == ''
    return json.loads(p.stdout)


def rows(path):
    with open(path) as f:
        return {r['job']: r for r in csv.DictReader(f)}


def job(command, **more):
    return dict({'command': ['sh', '-c', command], 'walltime_s': 300}, **more)


def post(s, jobs):
    lines = ''.join(json.dumps(j) + '\n' for j in jobs).encode()
    s.http('POST', '/v1/jobs:bulk', lines, {'Content-Type': 'application/x-ndjson'}, 201)


@pytest.fixture
def used(make_server):
    """A service on six cores that was asked for a few dozen tasks at once: most of them wait. One job is still
    held, one was held, one was cancelled."""
    s = make_server(network=NETWORK).start()
    post(s, [job('sleep 0.1; exit 3', cores=2, array='1-9:2%2')]
         + [job('sleep 0.%d' % (1 + i % 3), cores=1 + i % 2, priority=i % 3) for i in range(24)]
         + [job('sleep 0.1', cores=2, nodes=2, tasks=2), job('true', hold=True), job('true', hold=True),
            job('true', hold=True)])
    post(s, [job('true', after=['afternotok:1'], site=['east'])])
    s.cli('cancel', 27)
    s.cli('release', 28)
    s.cli('wait', '--quiet', *range(1, 29), 30, code=None)
    return s


def test_replay_of_a_running_service(used, tmp_path):
    out = tmp_path / 'out'
    r = replay('--data', used.data, '--out', out)
    log = r['log']
    assert (log['jobs'], log['tasks'], log['carried'], log['held'], log['policy']) == (28, 32, 0, 1, 'suan')
    assert log['left_out'] == {'running': 0, 'waiting': 0, 'held': 1, 'cancelled': 1, 'unknown': 0}
    was, sim = r['as_it_was'], r['policies'][0]
    assert [x['name'] for x in was['sites']] == ['east', 'west']    # model has no driver
    assert was['jobs']['completed'] == sim['jobs']['completed'] == 32
    a, b = rows(out / 'as-it-was' / 'schedule.csv'), rows(out / 'suan' / 'schedule.csv')
    assert a.keys() == b.keys() and '1_9' in a and '26' in a
    assert a['30']['site'] == b['30']['site'] == 'east'
    for x in (a, b):
        last = max(float(x['1_%d' % i]['end']) for i in (1, 3, 5, 7, 9))
        assert float(x['30']['start']) >= last, 'a dependency is kept'
    # How long each ran is taken from the log, to the last digit; and what was asked for at one moment is the same.
    for i, x in a.items():
        assert x['submit'] == b[i]['submit'] and x['cores'] == b[i]['cores']
        assert abs((float(x['end']) - float(x['start'])) - (float(b[i]['end']) - float(b[i]['start']))) < 1e-6
    page = (out / 'report.html').read_text()
    assert 'as it was' in page and 'replay --json --data' in page
    assert used.answers()
    used.submit('--', 'true')


def test_more_nodes_less_waiting(used):
    r = replay('--data', used.data, '--add', 'west/cpu.nodes=+40', '--policy', 'fcfs,easy')
    was = r['as_it_was']
    assert was['wait_s']['mean'] > 0 and was['sites'][1]['cores'] == 4
    assert [p['policy'] for p in r['policies']] == ['fcfs', 'easy']
    for p in r['policies']:
        assert p['sites'][1]['cores'] == 84 and p['wait_s']['mean'] < was['wait_s']['mean']
    less = replay('--data', used.data, '--without', 'west')['policies'][0]
    assert [x['name'] for x in less['sites']] == ['east']
    assert less['jobs']['rejected'] == 1    # two nodes, where there is one
    assert less['wait_s']['mean'] > was['wait_s']['mean']


ACCOUNTS = """
accounts:
  - {name: lab, limits: {runs: 1}}
  - {name: other}
default_account: lab
"""


def test_limits_of_that_time_and_others(make_server, tmp_path):
    config = tmp_path / 'suan.yaml'
    config.write_text(ACCOUNTS)
    s = make_server(network=NETWORK, args=['--config', config]).start()
    post(s, [job('sleep 0.2') for _ in range(6)])
    s.cli('wait', '--quiet', *range(1, 7))
    r = replay('--data', s.data)
    was, sim = r['as_it_was'], r['policies'][0]
    # One at a time on six cores: that is the limit, then and now.
    for x in (was, sim):
        assert x['wait_s']['max'] >= 5 * 0.2 and x['accounts'][0]['jobs'] == 6, x['accounts']
    assert [a['name'] for a in sim['accounts']] == ['lab', 'other'] and r['log']['accounts_changes'] == 0
    assert 'ACCOUNT' in suan('--data', s.data).stdout
    other = tmp_path / 'other.yaml'
    other.write_text('accounts: [{name: lab}]\ndefault_account: lab\n')
    free = replay('--data', s.data, '--accounts', other)['policies'][0]
    assert free['wait_s']['max'] < 0.2 and free['jobs']['rejected'] == 0
    other.write_text('accounts: [{name: lab, limit: 3}]\n')
    assert 'other.yaml' in suan('--data', s.data, '--accounts', other, code=2).stderr


def test_text(used):
    text = suan('--data', used.data, '--estimates', 'perfect').stdout
    assert 'as it was' in text and '32 tasks of 28 jobs' in text
    assert '1 tasks were cancelled before they started: left out' in text
    assert '1 tasks were still held when the log ends: left out' in text


def test_copy_after_a_crash_and_another_network(used, tmp_path):
    running = replay('--data', used.data)
    used.kill()
    shutil.copytree(used.data, tmp_path / 'copy', ignore=shutil.ignore_patterns('sites'))
    crashed = replay('--data', tmp_path / 'copy')
    assert crashed['as_it_was']['schedule_hash'] == running['as_it_was']['schedule_hash']
    assert crashed['policies'][0]['schedule_hash'] == running['policies'][0]['schedule_hash']
    other = tmp_path / 'other.yaml'
    other.write_text('network: big\nsites: [{name: east, hub: h-east, pools: [{name: all, nodes: 9, cores: 64}]}]')
    p = replay('--data', tmp_path / 'copy', '--network', other)['policies'][0]
    assert p['wait_s']['max'] < running['as_it_was']['wait_s']['max']
    assert [x['name'] for x in p['sites']] == ['east']
    assert used.start().stop() == 0    # replay left nothing in its way


def test_window(used):
    log = replay('--data', used.data)['log']
    p = suan('--data', used.data, '--from', log['until'], code=2)
    assert 'nothing that was asked for in this time' in p.stderr or 'is not after' in p.stderr
    assert replay('--data', used.data, '--from', 'now-1d', '--until', 'now')['log']['tasks'] == 32


def test_wrong_input(used, tmp_path):
    for args, text, code in ((['--data', tmp_path / 'nothing'], 'no service keeps its log', 3),
                             ([], 'of which service?', 2),
                             (['--data', used.data, '--policy', 'esy'], 'did you mean easy?', 2),
                             (['--data', used.data, '--add', 'wst/cpu.nodes=+1'], 'did you mean west?', 2),
                             (['--data', used.data, '--add', 'west/cpus.nodes=+1'], 'did you mean cpu?', 2),
                             (['--data', used.data, '--add', 'model/cpu.nodes=+1'], 'no site "model" that takes jobs', 2),
                             (['--data', used.data, '--without', 'est'], 'did you mean east?', 2),
                             (['--data', used.data, '--from', 'yesterday'], '--from', 2),
                             (['--data', used.data, '--from', 'now', '--until', 'now-1h'], 'not after --from', 2),
                             (['--data', used.data, '--network', tmp_path / 'no.yaml'], 'no.yaml', 3),
                             (['--data', used.data, '--accounts', tmp_path / 'no.yaml'], 'no.yaml', 3),
                             (['--data', used.data, '--estimates', 'good'], 'want user, perfect or predicted', 2),
                             ([used.data], 'the folder is --data DIR', 2)):
        p = suan(*args, code=code)
        assert text in p.stderr and p.stdout == '', (args, p.stderr)
    assert not (tmp_path / 'nothing').exists()


def test_damaged_folder(used, tmp_path):
    assert used.stop() == 0
    copy = tmp_path / 'copy'
    shutil.copytree(used.data, copy, ignore=shutil.ignore_patterns('sites'))
    with sqlite3.connect(copy / 'suan.db') as db:
        db.execute('UPDATE log SET hash = hash + 1 WHERE first_seq = (SELECT max(first_seq) FROM log)')
    db.close()
    p = suan('--data', copy, code=2)
    assert 'is damaged: the batch of record' in p.stderr and p.stdout == ''
    (copy / 'suan.db').write_bytes(b'no database' * 1000)
    assert 'suan.db' in suan('--data', copy, code=2).stderr
