"""suan simulate as a user calls it: figures, files, options, bad input, Ctrl-C."""
import csv
import gzip
import json
import os
import pathlib
import pty
import re
import signal
import subprocess

import pytest
from conftest import ROOT, SUAN, wait_for

DATA = pathlib.Path(os.environ.get('SUAN_SHARED_DATA', ROOT.parent / 'shared' / 'data'))
needs_data = pytest.mark.skipif(not (DATA / 'norm').is_dir(), reason='no shared data')
LOGS = {'kth_sp2': 100, 'hpc2n_head': 240, 'lublin256': 256}

# 4 cores: 1 takes all of them until 100; 2 and 3 start at its end.
THREE = '; MaxProcs: 4\n' + ''.join('%d %d -1 %d %d -1 -1 %d %d -1 1 1 1 -1 -1 -1 -1 -1\n' % (i, s, r, p, p, e) for i, s, r, p, e in (
    (1, 5, 100, 4, 100), (2, 15, 20, 2, 50), (3, 25, 5, 2, 5)))


# For long simulations, of which the sanitizers have seen the like in shorter ones.
OPTIMISED = ROOT / 'build' / 'src' / 'suan'


def suan(*args, text=None, code=0, command='simulate', program=SUAN):
    p = subprocess.run([program, command, *map(str, args)], input=text, capture_output=True, text=True, timeout=300)
    assert p.returncode == code, (p.returncode, p.stdout, p.stderr)
    return p


def result(*args, text=None, program=SUAN):
    p = suan('--json', *args, text=text, program=program)
    assert p.stderr == '', p.stderr
    return json.loads(p.stdout)


@pytest.fixture
def three(tmp_path):
    path = tmp_path / 'three.swf'
    path.write_text(THREE)
    return path


def test_plan_steps_bound_the_search(tmp_path):
    """Two sites of 8 cores: all 8 for 20 h, 5 for 20 h, all 8 for 3 h. With steps the last does not wait for 20 h."""
    network, trace = tmp_path / 'two.yaml', tmp_path / 'three.jsonl'
    network.write_text('network: two\nsites:\n' + ''.join(
        '  - {name: %s, pools: [{name: cpu, nodes: 1, cores: 8}]}\n' % s for s in 'ab'))
    trace.write_text(''.join(json.dumps({'id': i, 'submit_s': 0, 'run_s': run, 'tasks': 1, 'cores': cores}) + '\n'
                             for i, cores, run in ((1, 8, 72000), (2, 5, 72000), (3, 8, 10800))))
    waits = {}
    for steps in (None, 0, 899, 900):
        option = [] if steps is None else ['--plan-steps', steps]
        waits[steps] = result('--network', network, '--trace', trace, *option)['wait_s']['max']
    assert waits == {None: 10800, 0: 72000, 899: 72000, 900: 10800}
    found = suan('--cores', 8, '--trace', trace, '--plan-steps', -1, code=2).stderr
    assert '--plan-steps: found "-1", want' in found


def test_the_table_says_why_jobs_are_rejected(three):
    """As many rows as reasons, and none when nothing is."""
    lines = [x.split() for x in suan('--cores', 3, '--trace', three, '--policy', 'suan,easy').stdout.splitlines()]
    at = lines.index(['rejected', '1', '1'])
    assert lines[at + 1] == ['too-many-tasks', '1', '1'] and lines[at + 2][0] == 'makespan'
    assert 'too-many-tasks' not in suan('--cores', 4, '--trace', three).stdout


def test_figures(three):
    assert result('--cores', 4, '--trace', three)['policy'] == 'suan'
    r = result('--cores', 4, '--trace', three, '--policy', 'easy')
    assert r['policy'] == 'easy'
    assert r['jobs'] == {'total': 3, 'completed': 3, 'rejected': 0, 'failed': 0, 'unfinished': 0}
    assert r['makespan_s'] == 120 and r['utilization'] == 0.9375
    # waits 0, 90, 80; slowdowns 1, 110/20, 85/10; responses 100, 110, 85 weighted by 400, 40, 10
    assert r['wait_s'] == {'mean': 56.666667, 'p50': 80, 'p90': 90, 'p99': 90, 'max': 90}
    assert r['bounded_slowdown'] == {'mean': 5, 'p50': 5.5, 'p90': 8.5, 'p99': 8.5, 'max': 8.5}
    assert r['awrt_s'] == 100.555556
    assert r['deadlines'] == {'met': 0, 'missed': 0}
    assert r['energy_kwh'] is None and r['carbon_kg'] == {'location': None, 'market': None}
    assert r['cost_yuan'] is None and r['moved_bytes'] == 0
    assert [s['name'] for s in r['sites']] == ['machine'] and r['sites'][0]['awrt_s'] == r['awrt_s']
    f = result('--cores', 4, '--trace', three, '--policy', 'easy', '--plan-depth', 9)['forecast']
    # 2 and 3 start when planned; knowing nothing that is p90, and half the wait is p50
    assert f['jobs'] == 2 and f['at_once'] == 1 and f['worst_class'] is None
    assert f['started_by'] == {'p50': 0, 'p90': 1, 'p99': 1}
    assert f['started_by_with_at_once'] == {'p50': 0.333333, 'p90': 1, 'p99': 1}
    assert f['plan_loss_s'] == {'p50': 0, 'p90': 0, 'p99': 0} and f['loss_s']['p90'] == 0 < f['loss_s']['p50']
    assert [(c['kind'], c['from_s'], c['below_s'], c['jobs']) for c in f['classes']] == [('wide', 63, 127, 2)]
    assert r['perf']['wall_s'] > 0 and r['perf']['jobs_per_s'] > 0 and r['perf']['peak_rss_bytes'] > 1000000
    assert r['perf']['read_s'] + r['perf']['simulate_s'] <= r['perf']['wall_s']


def test_schedule_file(three, tmp_path):
    out = tmp_path / 'new' / 'dir'
    suan('--cores', 4, '--trace', three, '--out', out)
    assert (out / 'schedule.csv').read_text() == (
        'job,site,pool,submit,start,end,cores,cost,carbon\n'
        '1,machine,cores,0,0,100,4,,\n2,machine,cores,10,100,120,2,,\n3,machine,cores,20,100,105,2,,\n')
    assert sorted(p.name for p in out.iterdir()) == ['report.html', 'schedule.csv']
    page = (out / 'report.html').read_text()
    assert page.startswith('<!') and 'three.swf' in page and 'suan' in page and "--out" in page


def test_all_ways_in(three, tmp_path):
    want = result('--cores', 4, '--trace', three)['schedule_hash']
    packed = tmp_path / 'three.swf.gz'
    packed.write_bytes(gzip.compress(THREE.encode()))
    lines = tmp_path / 'three.jsonl'
    lines.write_text(''.join('{"id":%d,"submit_s":%d,"run_s":%d,"estimate_s":%d,"tasks":%d}\n' % x for x in (
        (1, 5, 100, 100, 4), (2, 15, 20, 50, 2), (3, 25, 5, 5, 2))))
    assert result('--cores', 4, '--trace', packed)['schedule_hash'] == want
    assert result('--cores', 4, '--trace', lines)['schedule_hash'] == want
    assert result('--cores', 4, '--trace', '-', text=THREE)['schedule_hash'] == want
    assert result('--cores', 4, '--trace', '-', text=lines.read_text())['schedule_hash'] == want


SITES = """network: two
sites:
  - {name: a, price: %s, carbon: %s, pue: 1.5, pools: [{name: p, nodes: 1, cores: 4, idle_watt: 100, busy_watt: 400}]}
"""


def near(x):
    """Sums are rounded once, to the sixth decimal."""
    return pytest.approx(x, abs=1.01e-6)


def test_price_and_carbon_by_the_hour(three, tmp_path):
    """Three jobs: 4 cores for 100 s, then 2 for 20 s and 2 for 5 s. The price doubles at 60 s of the first."""
    (tmp_path / 'p.csv').write_text('time,value\n0,1\n65,2\n')
    (tmp_path / 'c.csv').write_text('Datetime (UTC),Carbon Intensity gCO₂eq/kWh (direct)\n'
                                    '2023-01-01 00:00:00,100\n2023-01-01 01:00:00,700\n')
    net = tmp_path / 'n.yaml'
    net.write_text(SITES % ('p.csv', 'c.csv'))
    r = result('--network', net, '--trace', three, '--policy', 'easy')
    # busy: 100 W a core; idle 25 W. core · s: 400 + 40 + 10 busy, 30 idle, all idle after the price rose
    assert r['energy_kwh'] == near(1.5 * (450 * 100 + 30 * 25) / 3600e3)
    assert r['cost_yuan'] == near(1.5 * ((240 + 2 * 210) * 100 + 2 * 30 * 25) / 3600e3)
    assert r['carbon_kg']['location'] == near(r['energy_kwh'] * 0.1)
    assert r['signals'] == {'series': 2, 'begin': '2023-01-01T00:00:05.000Z', 'covered': 1}
    suan('--network', net, '--trace', three, '--policy', 'easy', '--out', tmp_path / 'o')
    with open(tmp_path / 'o' / 'schedule.csv', encoding='utf-8') as f:
        costs = [float(x['cost']) for x in csv.DictReader(f)]
    assert costs == [near(1.5 * x * 100 / 3600e3) for x in (240 + 2 * 160, 2 * 40, 2 * 10)]
    # one place, and no job may wait longer than it did: of the jobs alone, nothing can be saved in time but before 65 s
    b = result('--network', net, '--trace', three, '--policy', 'easy', '--bound')['bound']
    assert b['jobs']['cost_yuan'] == near(1.5 * (240 + 2 * 210) * 100 / 3600e3)
    assert b['carbon_kg'] == b['times_only']['carbon_kg'] == near(1.5 * 450 * 100 / 3600e3 * 0.1)
    assert b['cost_yuan'] <= b['times_only']['cost_yuan'] <= b['jobs']['cost_yuan'] and b['captured'] is None
    text = suan('--network', net, '--trace', three, '--policy', 'easy', '--bound').stdout
    assert re.search(r'at the best of both +0\.\d\d +0\.\d{3}$', text, re.M)
    # the plans behind the bounds
    plan = ('--network', net, '--trace', three)
    p = json.loads(suan('bound', *plan, '--json', command='plan').stdout)
    assert p['policy'] == 'easy' and p['bound'] == b
    assert p['cheapest']['cost_yuan'] == pytest.approx(b['cost_yuan'], abs=6e-4)
    assert p['greenest']['pools'][0]['core_h'] == pytest.approx(450 / 3600, abs=6e-4)
    text = suan('bound', *plan, '--out', tmp_path / 'p', command='plan').stdout
    assert re.search(r'^at the best of both +0\.\d\d ', text, re.M) and '\nGreenest, ' in text
    assert max(map(len, text.splitlines())) <= 80
    with open(tmp_path / 'p' / 'cheapest.csv', encoding='utf-8') as f:
        assert sum(float(x['core_h']) for x in csv.DictReader(f)) == pytest.approx(450 / 3600, abs=6e-4)
    # an hour later, and beyond the end
    r = result('--network', net, '--trace', three, '--policy', 'easy', '--start', '2023-01-01T01:00:00Z')
    assert r['carbon_kg']['location'] == near(r['energy_kwh'] * 0.7)
    p = suan('--network', net, '--trace', three, '--start', '2023-01-01T01:59:00Z')
    assert 'the price and carbon series cover 45.8 % of the time' in p.stderr


def test_signals(tmp_path):
    (tmp_path / 'p.csv').write_text('time,value\n0,1\n10,3\n10,2\n40,5\n50,1\n')
    net = tmp_path / 'n.yaml'
    net.write_text(SITES % ('p.csv', 500))

    def signals(*args, code=0):
        p = subprocess.run([SUAN, 'signals', '--network', net, *args], capture_output=True, text=True, timeout=60)
        assert p.returncode == code, (p.stdout, p.stderr)
        return p

    row, = json.loads(signals('--json').stdout)['signals']
    assert row == {
        'site': 'a', 'kind': 'price', 'form': 'time,value', 'from': 0, 'until': 60, 'step_s': 10, 'values': 4, 'min': 1,
        'mean': 2.166667, 'max': 5, 'unit': 'yuan/kWh', 'gaps': 1, 'first_gap': 20, 'missing_s': 20, 'duplicates': 1,
        'estimated': 0, 'unordered': True, 'marginal': False, 'currency': 'CNY', 'file': 'p.csv'}
    assert signals('--format', 'site,mean,gaps', '--no-header').stdout.split() == ['a', '2.16667', '1']
    (tmp_path / 'p.csv').write_text('time,value\n0,cheap\n')
    p = signals(code=2)
    assert p.stderr == 'suan signals: site a: %s/p.csv:2: value: found "cheap", want a number\n' % tmp_path
    trace = tmp_path / 'one.jsonl'
    trace.write_text('{"id": 1, "submit_s": 0, "run_s": 60}\n')
    assert 'p.csv:2: value' in suan('--network', net, '--trace', trace, code=2).stderr
    (tmp_path / 'p.csv').unlink()
    assert 'site a: ' in signals(code=3).stderr
    net.write_text(SITES % (1, 2))
    assert 'no site of' in signals().stderr
    net.write_text(SITES % ('{file: p.csv, rate: 2}', 2))
    assert 'rate' in signals(code=2).stderr


def test_several_policies(three, tmp_path):
    r = result('--cores', 4, '--trace', three, '--policy', 'easy,fcfs,conservative', '--out', tmp_path / 'o')
    assert [p['policy'] for p in r['policies']] == ['easy', 'fcfs', 'conservative']
    alone = result('--cores', 4, '--trace', three, '--policy', 'fcfs')
    for both in (alone, r['policies'][1]):
        del both['perf']
    assert r['policies'][1] == alone
    assert sorted(p.name for p in (tmp_path / 'o').iterdir()) == ['conservative', 'easy', 'fcfs', 'report.html']
    assert (tmp_path / 'o' / 'fcfs' / 'schedule.csv').exists()
    table = suan('--cores', 4, '--trace', three, '--policy', 'easy,fcfs').stdout
    assert table.startswith('policy') and 'bounded slowdown' in table
    assert len({len(line) for line in table.splitlines()}) == 1, 'columns stand below each other'


def starts(path):
    with open(path, newline='') as f:
        return [(row['submit'], row['start']) for row in csv.DictReader(f)]


def test_load_shake_window(three, tmp_path):
    def submits(*args):
        suan('--cores', 4, '--trace', three, '--out', tmp_path, *args)
        return [float(s) for s, _ in starts(tmp_path / 'schedule.csv')]
    assert submits('--load', '2') == [0, 5, 10]
    assert submits('--load', '0.5') == [0, 20, 40]
    assert submits('--from', '15') == [0, 10]
    assert submits('--until', '25') == [0, 10]
    assert submits('--jobs', '1') == [0]
    assert submits('--repeat', '2') == [0, 10, 20, 21, 31, 41]
    one, again, two, other = (submits('--shake', *a) for a in (['1'], ['1'], ['2'], ['1', '--seed', '9']))
    assert one == again and one != two and one != other
    for s in (one, two, other):
        assert all(5 <= b - a <= 15 for a, b in zip(s, s[1:])), s


def test_estimates(tmp_path):
    # 10 cores. 1 says 100 and ends at 40; 3 goes ahead of 2 only if that is not known.
    jobs = ((1, 0, 40, 6, 100), (2, 1, 10, 10, 10), (3, 2, 90, 4, 90))
    text = ''.join('%d %d -1 %d %d -1 -1 -1 %d -1 1 1 1 -1 -1 -1 -1 -1\n' % j for j in jobs)
    for kind, want in (('user', ['0', '92', '2']), ('perfect', ['0', '40', '50']), ('predicted', ['0', '92', '2'])):
        suan('--policy', 'easy', '--cores', 10, '--trace', '-', '--estimates', kind, '--out', tmp_path, text=text)
        assert [s for _, s in starts(tmp_path / 'schedule.csv')] == want


NETWORK = """
network: n
sites:
  - {name: a, hub: h, lon: 1, lat: 1, pue: 1.5, price: 0.5, carbon: 600,
     pools: [{name: p, nodes: 2, cores: 4, memory: 8GiB, idle_watt: 100, busy_watt: 500, price_hour: 2}]}
  - {name: b, hub: h, lon: 2, lat: 2, driver: local, pue: 2.0, price: 0.5, carbon: 600,
     pools: [{name: q, nodes: 1, cores: 8, memory: 8GiB, idle_watt: 80, busy_watt: 400, price_hour: 9}]}
"""


def test_goals_move_jobs_in_time_and_space(tmp_path):
    day = 'time,value\n' + ''.join('%d,%d\n' % (h * 3600, v) for h, v in enumerate([500, 500, 100, 500, 300, 300]))
    (tmp_path / 'a.csv').write_text(day)
    (tmp_path / 'b.csv').write_text('time,value\n0,400\n3600,400\n7200,400\n10800,50\n14400,400\n')
    net, trace = tmp_path / 'n.yaml', tmp_path / 't.jsonl'
    net.write_text('network: n\nsites:\n' + ''.join(
        '  - {name: %s, price: 1, carbon: %s.csv, pools: [{name: p, nodes: 1, cores: 2, busy_watt: 2000}]}\n' % (x, x) for x in 'ab'))
    # 1 may wait until the second hour, 2 until the third, 3 not at all, 4 has a goal of its own
    trace.write_text(''.join('{"id":%d,"submit_s":0,"run_s":3600,"cores":2%s}\n' % x for x in (
        (1, ',"max_delay_s":7200'), (2, ''), (3, ',"goal":"cheapest","max_delay_s":1'))))
    args = ('--network', net, '--trace', trace, '--goal', 'greenest', '--max-delay', '30m:1h,3h', '--out', tmp_path / 'o')
    r = result(*args, '--bound')
    with open(tmp_path / 'o' / 'schedule.csv', encoding='utf-8') as f:
        rows = {x['job']: (x['site'], float(x['start'])) for x in csv.DictReader(f)}
    # its hours are those of the series
    assert (rows['1'], rows['2'], rows['3'][1]) == (('a', 7200), ('b', 10800), 0)
    b = r['bound']
    assert r['delays'] == {'jobs': 3, 'late': 0} and 0.85 < b['captured'] <= 1
    assert b['fastest']['carbon_kg'] > b['jobs']['carbon_kg'] >= b['carbon_kg']
    assert b['captured'] == b['captured_of']['carbon'] and b['captured_of']['cost'] is None  # the price never changes
    text = suan(*args, '--bound').stdout
    assert re.search(r'captured of what can be saved +- +%.1f %%$' % (100 * b['captured']), text, re.M)
    assert re.search(r'by the best times alone +- +%.1f %%$' % (100 * b['times_only_of']['carbon']), text, re.M)
    plan = json.loads(suan('bound', '--network', net, '--trace', trace, '--max-delay', '30m:1h,3h', '--json',
                           command='plan').stdout)
    assert plan['bound']['jobs'] == b['fastest'] and plan['bound']['carbon_kg'] == b['carbon_kg']
    for bad, want in ((('--goal', 'green'), 'want fastest, cheapest, greenest or balanced'), (('--max-delay', '6h'), 'for what?'),
                      (('--goal', 'greenest', '--max-delay', '2h:6h,1h:2h'), 'the short ones first')):
        assert want in suan('--network', net, '--trace', trace, *bad, code=2).stderr


def test_users_who_choose_themselves(tmp_path):
    net, trace = tmp_path / 'n.yaml', tmp_path / 't.jsonl'
    net.write_text('network: n\nsites:\n' + ''.join('  - {name: %s, price: %d, pools: [{name: p, nodes: 1, cores: 2}]}\n' % x
                                                  for x in (('a', 2), ('b', 1))))
    trace.write_text('{"run_s":100,"cores":2,"site":"a"}\n' * 2)
    p = json.loads(suan('--network', net, '--trace', trace, '--json', '--policy', 'easy@home,easy@emptiest,suan').stdout)
    assert [x['policy'] for x in p['policies']] == ['easy@home', 'easy@emptiest', 'suan']
    assert [x['wait_s']['mean'] for x in p['policies']] == [50, 0, 0]
    out = tmp_path / 'o'
    suan('--network', net, '--trace', trace, '--out', out, '--policy', 'easy@home,suan')
    assert (out / 'easy@home' / 'schedule.csv').exists() and 'easy@home' in (out / 'report.html').read_text()
    assert 'want home, cheapest or emptiest' in suan('--network', net, '--trace', trace, '--policy', 'easy@hom', code=2).stderr
    assert '--policy easy@home: users choose among the sites' in suan('--cores', 2, '--trace', trace, '--policy', 'easy@home',
                                                                     code=2).stderr


RESERVED = """
reservations:
  - {name: class, site: a, pool: p, nodes: 1, from: 100, duration_s: 100, users: [u1]}
  - {site: b, maintenance: true, from: 50, to: 60, made: 10}
  - {name: lost, site: a, pool: q, nodes: 2, from: 300, duration_s: 1m, owner: u2}
  - {name: much, site: a, pool: p, nodes: 9, from: 100, to: 200}
"""


def test_reservations_of_a_file(tmp_path):
    (tmp_path / 'n.yaml').write_text(
        'network: n\nsites:\n  - {name: a, pools: [{name: p, nodes: 2, cores: 4}, {name: q, nodes: 2, cores: 2}]}\n'
        '  - {name: b, pools: [{name: p, nodes: 1, cores: 4}]}\n')
    (tmp_path / 'r.yaml').write_text(RESERVED)
    (tmp_path / 'f.csv').write_text('310,pool,a/q,1\n350,pool,a/q,2\n')
    (tmp_path / 't.jsonl').write_text(
        '{"id":1,"submit_s":0,"run_s":30,"cores":4,"user":"u1","reservation":"class"}\n'
        '{"id":2,"submit_s":5,"run_s":80,"estimate_s":200,"cores":4,"tasks":2,"nodes":2,"user":"u2"}\n'
        '{"id":3,"submit_s":7,"run_s":20,"cores":2,"user":"u2","reservation":"class"}\n')
    args = ['--network', tmp_path / 'n.yaml', '--trace', tmp_path / 't.jsonl', '--faults-file', tmp_path / 'f.csv',
            '--reservations', tmp_path / 'r.yaml', '--out', tmp_path / 'out']
    r = result(*args)
    kept = {x['name']: x for x in r['reservations']}
    assert [x['name'] for x in r['reservations']] == ['class', 'lost', 'much', None]
    assert {k: v['result'] for k, v in kept.items()} == {'class': 'kept', None: 'kept', 'lost': 'broken', 'much': 'refused'}
    assert (kept['class']['from_s'], kept['class']['to_s'], kept['class']['jobs']) == (100, 200, 1)
    assert abs(kept['class']['used_core_hours'] - 4 * 30 / 3600) < 1e-5 and kept['much']['reason'] == 'too-many-nodes'
    assert kept[None]['maintenance'] and (kept[None]['site'], kept[None]['nodes']) == ('b', 1)
    assert r['jobs']['rejected'] == 1    # in a reservation of another user
    with open(tmp_path / 'out' / 'schedule.csv') as f:
        starts = {x['job']: float(x['start']) for x in csv.DictReader(f)}
    assert starts['1'] == 100 and starts['2'] >= 200    # both nodes only when the reservation is over
    page = (tmp_path / 'out' / 'report.html').read_text()
    assert '预留' in page and 'class="shapes held"' in page and '>BROKEN<' in page
    assert 'BROKEN' in suan(*args).stdout
    # by dates, in JSON; and without the file nobody waits for anything
    (tmp_path / 'r.yaml').write_text(json.dumps({'reservations': [
        {'name': 'class', 'site': 'a', 'nodes': 1, 'from': '2026-11-01T00:01:40Z', 'duration_s': 100, 'owner': 'u1'}]}))
    x = result(*args, '--start', '2026-11-01T00:00:00Z')['reservations'][0]
    assert (x['from_s'], x['result'], x['jobs']) == (100, 'kept', 1)
    plain = result('--network', tmp_path / 'n.yaml', '--trace', tmp_path / 't.jsonl')
    assert plain['wait_s']['max'] == 25 and 'reservations' not in plain    # the second for the first
    for text, want in (('reservations: [{site: a, nodes: 1}]', 'to'), ('reservations: [{sites: a}]', 'unknown field'),
                       ('x: 1', 'reservations')):
        (tmp_path / 'r.yaml').write_text(text)
        p = suan(*args, code=2)
        assert 'r.yaml:1' in p.stderr and want in p.stderr, p.stderr


def test_accounts_in_the_page(tmp_path):
    (tmp_path / 'a.yaml').write_text('accounts: [{name: org, shares: 3}, {name: ai, parent: org}, {name: edu}]\n')
    trace = ''.join('{"id":%d,"submit_s":%d,"run_s":100,"cores":2,"account":"%s"}\n' % (i, i, 'ai' if i % 2 else 'edu')
                    for i in range(20))
    suan('--cores', 4, '--trace', '-', '--accounts', tmp_path / 'a.yaml', '--out', tmp_path / 'out', text=trace)
    page = (tmp_path / 'out' / 'report.html').read_text()
    assert 'Accounts / 账户' in page and '<td>75.0 %</td>' in page and '<bdi>edu</bdi>' in page


def test_network_and_outage(tmp_path):
    (tmp_path / 'n.yaml').write_text(NETWORK)
    job = '{"id":7,"submit_s":0,"run_s":3600,"tasks":1,"deadline_s":4000}\n'
    r = result('--network', tmp_path / 'n.yaml', '--trace', '-', text=job)
    # 1 of 8 cores at a: (500 W + 7 · 100 W) / 4 · 1.5 · 1 h; b idles: 80 W · 2
    assert r['energy_kwh'] == 0.61 and r['carbon_kg']['location'] == 0.366
    assert r['cost_yuan'] == 0.805 and r['deadlines'] == {'met': 1, 'missed': 0}
    assert [s['jobs']['total'] for s in r['sites']] == [1, 0] and r['sites'][1]['wait_s']['mean'] is None
    (tmp_path / 'f.csv').write_text('# lost at 100, starts again at the other site\n100,site,a,down\n')
    r = result('--network', tmp_path / 'n.yaml', '--trace', '-', '--faults-file', tmp_path / 'f.csv',
               '--out', tmp_path, text=job.replace('4000', '3650'))
    assert r['restarts'] == 1 and r['lost_core_s'] == 100 and r['deadlines'] == {'met': 0, 'missed': 1}
    assert (tmp_path / 'schedule.csv').read_text().splitlines()[1].startswith('7,b,q,0,100,3700,1,')


@pytest.mark.parametrize('args,text,code,words', [
    (['--cores', '4', '--trace', 'no-such-file'], None, 3, ['no-such-file']),
    (['--cores', '4', '--trace', '-'], '', 2, ['standard input', 'no job']),
    (['--cores', '4', '--trace', '-'], THREE + '4 30 -1 x 1 -1 -1 1 5 -1 1 1 1 -1 -1 -1 -1 -1\n', 2, [':5', 'field 4', 'x']),
    (['--cores', '4', '--trace', '-'], '{"id":1,"submit_s":0,"run_s":5}\n{"id":2,\n', 2, [':2']),
    (['--cores', '4', '--trace', '-', '--policy', 'eays'], THREE, 2, ['eays', 'easy']),
    (['--cores', '4', '--trace', '-', '--policy', 'easy,'], THREE, 2, ['no policy ""']),
    (['--cores', '0', '--trace', '-'], THREE, 2, ['--cores', '"0"']),
    (['--cores', '4', '--network', 'x', '--trace', '-'], THREE, 2, ['--cores', '--network']),
    (['--trace', '-'], THREE, 2, ['--cores', '--network']),
    (['--cores', '4'], None, 2, ['--trace']),
    (['--network', 'no-such-network', '--trace', '-'], THREE, 3, ['no-such-network']),
    (['--cores', '4', '--trace', '-', '--load', '0'], THREE, 2, ['--load', '"0"']),
    (['--cores', '4', '--trace', '-', '--estimates', 'some'], THREE, 2, ['some', 'perfect']),
    (['--cores', '4', '--trace', '-', '--goal', 'greenest'], THREE, 2, ['--goal']),
    (['--cores', '4', '--trace', '-', '--from', '60'], THREE, 2, ['--from']),
    (['--cores', '4', '--trace', '-', '--from', '60', '--until', '60'], THREE, 2, ['--until']),
    (['--cores', '4', '--trace', '-', '--repeat', '0'], THREE, 2, ['--repeat', '"0"']),
    (['--cores', '4', '--trace', '-', '--faults-file', '/nowhere/f'], THREE, 3, ['/nowhere/f']),
    (['--cores', '4', '--trace', '-', '--out', '/dev/null/x'], THREE, 1, ['/dev/null/x']),
    (['--cores', '4', '--trace', '-', 'extra'], THREE, 2, ['extra']),
    (['--cores', '4', '--trace', '-', '--polcy', 'easy'], THREE, 2, ['--polcy', '--policy']),
])
def test_bad_input(args, text, code, words):
    p = suan(*args, text=text, code=code)
    assert p.stdout == ''
    for w in words:
        assert w in p.stderr, (w, p.stderr)


def test_data(tmp_path):
    """What a job reads moves once, and takes the time that the link needs."""
    (tmp_path / 'n.yaml').write_text(
        'network: n\nsites:\n  - {name: a, pools: [{name: p, nodes: 1, cores: 1}]}\n'
        '  - {name: b, pools: [{name: p, nodes: 1, cores: 1}]}\n'
        'links:\n  - {from: a, to: b, gbit: 1}\n')
    (tmp_path / 'd.csv').write_text('# name,site,size\nd,a,1.25GB\n')
    jobs = ''.join('{"submit_s":0,"run_s":100,"cores":1,"inputs":[{"data":"d"}]}\n' for _ in range(4))
    r = result('--network', tmp_path / 'n.yaml', '--trace', '-', '--data', tmp_path / 'd.csv', text=jobs)
    assert r['moved_bytes'] == 1250000000 and r['jobs']['completed'] == 4
    assert r['wait_s']['max'] == 110
    assert result('--network', tmp_path / 'n.yaml', '--trace', '-', text=jobs)['moved_bytes'] is None
    (tmp_path / 'd.csv').write_text('d,nowhere,1\n')
    p = suan('--network', tmp_path / 'n.yaml', '--trace', '-', '--data', tmp_path / 'd.csv', text=jobs, code=2)
    assert 'd.csv:1' in p.stderr and 'nowhere' in p.stderr
    assert '--network' in suan('--cores', 4, '--trace', '-', '--data', 'x', text=jobs, code=2).stderr


def test_gzip_cut_short(tmp_path):
    path = tmp_path / 'cut.swf.gz'
    path.write_bytes(gzip.compress(THREE.encode() * 50)[:-20])
    p = suan('--cores', 4, '--trace', path, code=2)
    assert 'cut.swf.gz' in p.stderr and p.stdout == ''


def test_full_disk(three):
    with open('/dev/full', 'w') as full:
        p = subprocess.run([SUAN, 'simulate', '--cores', '4', '--trace', str(three)], stdout=full,
                           stderr=subprocess.PIPE, text=True, timeout=60)
    assert p.returncode == 1 and 'write' in p.stderr


def test_interrupt_and_bar(three, tmp_path):
    """On a terminal a bar appears; Ctrl-C ends the run with 130 and leaves no file."""
    master, slave = pty.openpty()
    out = tmp_path / 'out'
    p = subprocess.Popen([SUAN, 'simulate', '--cores', '4', '--trace', str(three), '--repeat', '100000000',
                          '--out', str(out)], stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    seen = b''
    while not re.search(rb'suan \[[#.]+\] +\d+ %, \d+ jobs/s, \d+ s left', seen):
        seen += os.read(master, 4096)
    p.send_signal(signal.SIGINT)
    while b'interrupted' not in seen:
        seen += os.read(master, 4096)
    assert p.wait(60) == 130
    assert p.stdout.read() == b'' and not list(out.iterdir())
    os.close(master)


def test_interrupt_while_reading():
    """A read from a pipe to which nobody writes is no reason not to end."""
    p = subprocess.Popen([SUAN, 'simulate', '--cores', '4', '--trace', '-'], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def catches_sigint():
        status = pathlib.Path('/proc/%d/status' % p.pid).read_text()
        return int(re.search(r'SigCgt:\s*(\w+)', status).group(1), 16) >> (signal.SIGINT - 1) & 1
    wait_for(catches_sigint, 'the signal is caught')
    p.send_signal(signal.SIGINT)
    p.wait(60)
    assert p.returncode == 130 and p.stdout.read() == '' and 'interrupted' in p.stderr.read()
    p.stdin.close()


def expected(log, policy):
    with gzip.open(DATA / 'expected' / ('%s_%s_tieA.starts.gz' % (log, policy)), 'rt') as f:
        return [tuple(line.split()) for line in f]


def metrics(log, policy):
    for line in (DATA / 'expected' / 'metrics.tsv').read_text().splitlines():
        fields = line.split('\t')
        if fields[:3] == [log, policy, 'tieA']:
            return dict(x.split('=') for x in re.split(r'[\t ]', line)[3:])
    raise AssertionError('no metrics')


TWO = """network: two
sites:
  - {name: north, pools: [{name: cpu, nodes: 40, cores: 1}]}
  - {name: south, pools: [{name: cpu, nodes: 40, cores: 1}]}
"""


@pytest.fixture
def shared(tmp_path):
    """Two sites; a quarter of the jobs is at home at north, and south has far too many."""
    (tmp_path / 'two.yaml').write_text(TWO)
    with open(tmp_path / 'shared.jsonl', 'w') as f:
        for i in range(1, 301):
            print(json.dumps({'id': i, 'submit_s': i * 60, 'run_s': i * 7919 % 3600 + 60, 'estimate_s': 7200,
                              'tasks': i % 8 + 1, 'user': 'u%d' % (i % 5), 'site': 'north' if i % 4 == 1 else 'south'}),
                  file=f)
    return ('--network', tmp_path / 'two.yaml', '--trace', tmp_path / 'shared.jsonl')


def test_homes_alone(shared, tmp_path):
    r = result(*shared, '--alone', '--out', tmp_path / 'out')
    for site in r['sites']:
        # alone, by hand: the same jobs, the same pools, nobody else
        mine = [x for x in (tmp_path / 'shared.jsonl').read_text().splitlines() if json.loads(x)['site'] == site['name']]
        (tmp_path / 'mine.jsonl').write_text('\n'.join(mine) + '\n')
        alone = result('--cores', 40, '--policy', 'easy', '--trace', tmp_path / 'mine.jsonl')
        home = site['home']
        assert home['jobs'] == len(mine) == site['submitted_here']['jobs']
        assert home['alone_awrt_s'] == alone['awrt_s'] and home['awrt_s'] == site['submitted_here']['awrt_s']
        assert home['ratio'] == pytest.approx(home['awrt_s'] / home['alone_awrt_s'], abs=2e-6)
        assert home['gain'] == pytest.approx(1 - home['ratio'], abs=2e-6)
        assert home['account'] == pytest.approx(home['ratio'], abs=0.2)
    assert r['home']['jobs'] == 300 and r['home']['awrt_s'] == r['awrt_s'] and r['home']['ratio'] < 1
    page = (tmp_path / 'out' / 'report.html').read_text()
    assert 'Home jobs: site alone' in page
    table = suan(*shared, '--alone').stdout
    assert 'AWRT ALONE S' in table and 'AWRT ALONE S' not in suan(*shared).stdout
    assert 'home' not in result(*shared)['sites'][0]


def test_homes_are_protected(shared):
    """North would pay for the work of south."""
    held = [s['home']['ratio'] for s in result(*shared, '--alone')['sites']]
    free = result(*shared, '--alone', '--ignore-homes')['sites']
    assert free[0]['home']['ratio'] > 3 and free[0]['home']['account'] is None
    assert held[0] < 1.2 and held[1] < 0.7, held


def test_alone_wants_a_network(three, tmp_path):
    assert '--network FILE' in suan('--cores', 4, '--trace', three, '--alone', code=2).stderr
    (tmp_path / 'two.yaml').write_text(TWO)
    text = suan('--network', tmp_path / 'two.yaml', '--trace', three, '--alone', '--faults-file', 'x', code=2).stderr
    assert 'leave one of them out' in text


@needs_data
def test_a_site_with_little_work_is_not_worse_off(tmp_path):
    """Four sites, one with 15 % of the jobs of the others, who have more than they can do alone."""
    trace = subprocess.run(['python3', ROOT / 'bench' / 'sites_trace.py', DATA / 'norm' / 'lublin256.swf.gz', '--sizes',
                            '256,256,256,256', '--shifts', '0,0.25,0.5,0.75', '--load', '1', '--keep', '0.15,1,1,1'],
                           capture_output=True, text=True, check=True).stdout
    (tmp_path / 'trace.jsonl').write_text(trace)
    (tmp_path / 'four.yaml').write_text('network: four\nsites:\n' + ''.join(
        '  - {name: s%d, pools: [{name: cpu, nodes: 1, cores: 256}]}\n' % i for i in range(4)))
    ask = ('--network', tmp_path / 'four.yaml', '--trace', tmp_path / 'trace.jsonl', '--alone')
    program = OPTIMISED if OPTIMISED.exists() else SUAN
    held, free = (result(*ask, *more, program=program) for more in ([], ['--ignore-homes']))
    ratios = [s['home']['ratio'] for s in held['sites']]
    assert max(ratios) <= 1.01 < free['sites'][0]['home']['ratio'], ratios
    assert held['awrt_s'] < 1.02 * free['awrt_s'], 'the gain of sharing is kept'


@needs_data
@pytest.mark.parametrize('policy', ['fcfs', 'easy'])
@pytest.mark.parametrize('log', LOGS)
def test_exact(log, policy, tmp_path):
    r = result('--cores', LOGS[log], '--trace', DATA / 'norm' / (log + '.swf.gz'), '--policy', policy, '--out', tmp_path)
    with open(tmp_path / 'schedule.csv', newline='') as f:
        got = [(row['job'], row['start']) for row in csv.DictReader(f)]
    assert got == expected(log, policy)
    m = metrics(log, policy)
    assert '%.3f' % r['wait_s']['mean'] == m['avg_wait']
    assert '%.4f' % r['bounded_slowdown']['mean'] == m['avg_bsld']
    assert '%d' % r['makespan_s'] == m['makespan'] and '%.6f' % r['utilization'] == m['util']


@needs_data
def test_raw_equals_clean(tmp_path):
    for name, log in (('raw', 'swf/KTH-SP2-1996-2.swf.gz'), ('clean', 'norm/kth_sp2.swf.gz')):
        suan('--cores', 100, '--policy', 'easy', '--trace', DATA / log, '--out', tmp_path / name)
    assert starts(tmp_path / 'raw' / 'schedule.csv') == starts(tmp_path / 'clean' / 'schedule.csv')


def test_classes_stop_others(tmp_path):
    (tmp_path / 'classes.yaml').write_text(
        'qos:\n  - {name: urgent, priority: 1000, preempts: [spare]}\n'
        '  - {name: spare, priority: -1000, preemptable: true}\n')
    job = '{"id":1,"submit_s":0,"run_s":1000,"cores":8,"qos":"spare"%s}\n'
    other = '{"id":2,"submit_s":100,"run_s":50,"cores":8,"qos":"urgent"}\n'
    run = lambda *a: json.loads(subprocess.run(
        [SUAN, 'simulate', '--cores', '8', '--trace', str(tmp_path / 't.jsonl'), '--json'] + list(a),
        capture_output=True, text=True, check=True).stdout)
    classes = ('--accounts', str(tmp_path / 'classes.yaml'), '--min-run', '1m', '--grace', '10s')
    (tmp_path / 't.jsonl').write_text(job % '' + other)
    assert run()['makespan_s'] == 1050 and 'preempted' not in run()
    r = run(*classes)
    assert (r['preempted'], r['preempted_core_s'], r['makespan_s']) == (1, 880, 1160)
    (tmp_path / 't.jsonl').write_text(job % ',"checkpointable":true' + other)
    r = run(*classes, '--checkpoint', '5')
    assert (r['preempted'], r['preempted_core_s'], r['makespan_s']) == (1, 0, 1055)
    bad = subprocess.run([SUAN, 'simulate', '--cores', '8', '--trace', 'x', '--grace', '0'], capture_output=True, text=True)
    assert bad.returncode == 2 and 'above 0' in bad.stderr
