"""The week of the national network, examples/east-west/week.py, small: a day of it under every policy."""
import csv
import json
import subprocess
import sys

from conftest import ROOT, SUAN

EXAMPLE = ROOT / 'examples' / 'east-west'
POLICIES = ('easy@home', 'easy@cheapest', 'easy@emptiest', 'suan')


def run(*args):
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, (p.returncode, p.stdout, p.stderr)
    return p.stdout


def week(out, *options):
    run(sys.executable, EXAMPLE / 'week.py', '--days', 1, '--scale', 0.03, '--out', out, *options)


def test_every_policy_ran_and_kept_the_rules(tmp_path):
    """A row each; near is near, and a copy against disasters is in another hub. What a policy cannot place so is refused."""
    week(tmp_path)
    got = json.loads(run(SUAN, 'simulate', '--network', tmp_path / 'network.yaml', '--trace',
                         tmp_path / 'jobs-at-once.jsonl', '--data', tmp_path / 'data.csv', '--policy', ','.join(POLICIES),
                         '--json', '--out', tmp_path / 'result'))['policies']
    assert [p['policy'] for p in got] == list(POLICIES)
    jobs = [json.loads(line) for line in (tmp_path / 'jobs.jsonl').read_text().splitlines()]
    assert {j['user'].split('@')[0] for j in jobs} == {
        'realtime', 'interactive', 'rendering', 'offline', 'archive', 'disaster', 'training'}
    for p in got:
        assert p['jobs']['completed'] + p['jobs']['rejected'] == len(jobs), p['policy']
        assert p['cost_yuan'] > 0 and p['carbon_kg']['location'] > 0 and p['moved_bytes'] > 0, p['policy']
    table = run(sys.executable, EXAMPLE / 'week_report.py', tmp_path, '--check', '--plots', tmp_path / 'plot',
                *['%s=%s' % (p, tmp_path / 'result' / p) for p in POLICIES])
    assert table.splitlines()[0] == '| | %s |' % ' | '.join(POLICIES)
    assert all('<svg' in (tmp_path / ('plot-%s.svg' % k)).read_text() for k in ('where', 'policies'))


def test_the_check_finds_what_ran_too_far(tmp_path):
    week(tmp_path)
    jobs = [json.loads(line) for line in (tmp_path / 'jobs.jsonl').read_text().splitlines()]
    near = next(j for j in jobs if j['user'].startswith('realtime') and j['near'] != 'xian')
    copy = next(j for j in jobs if j['user'].startswith('disaster'))
    with open(tmp_path / 'schedule.csv', 'w', newline='', encoding='utf-8') as f:
        w = csv.writer(f)
        w.writerow('job site pool submit start end cores cost carbon'.split())
        w.writerow([near['id'], 'zhongwei', 'cpu', 0, 0, 10, 64, 1, 1])
        w.writerow([copy['id'], copy['site'], 'cpu', 0, 0, 10, 64, 1, 1])
    p = subprocess.run([sys.executable, EXAMPLE / 'week_report.py', tmp_path, '--check', 'x=%s' % tmp_path],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 1 and 'from ' + near['near'] in p.stderr and 'in the hub ' + copy['not_hub'] in p.stderr, p.stderr


def test_the_same_options_write_the_same(tmp_path):
    for name, options in (('a', ()), ('b', ()), ('c', ('--seed', 2))):
        week(tmp_path / name, *options)

    def text(name, file):
        return (tmp_path / name / file).read_text()
    for file in ('jobs.jsonl', 'network.yaml', 'data.csv', 'signals/zhongwei-carbon.csv'):
        assert text('a', file) == text('b', file)
    assert text('a', 'jobs.jsonl') != text('c', 'jobs.jsonl')
