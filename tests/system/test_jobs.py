"""Real jobs through the command line."""
import json
import re

import pytest
from conftest import wait_for


def test_command_runs_and_returns_its_code(server, tmp_path):
    job = server.submit('--', 'sh', '-c', 'echo hello $SUAN_SITE; exit 3')
    doc = server.wait(job, code=3)
    assert (doc['state'], doc['exit_code']) == ('FAILED', 3)
    assert doc['site'] in ('east', 'west')
    assert server.cli('logs', job).stdout == 'hello %s\n' % doc['site']
    assert (tmp_path / ('suan-%d.out' % job)).read_text() == 'hello %s\n' % doc['site']


def test_wait_streams_output_and_exits_with_the_code(server):
    r = server.cli('submit', '--wait', '--', 'sh', '-c', 'echo one; sleep 0.3; echo two; exit 7', code=7)
    assert r.stdout == 'one\ntwo\n'


def test_script_with_sbatch_lines(server, tmp_path):
    script = tmp_path / 'job.sh'
    script.write_text('#!/bin/bash\n#SBATCH -J named -c 2 --time=5:00\n#SBATCH --output=log-%j.txt\n'
                      '#SUAN --hub h-west\necho $SLURM_CPUS_PER_TASK $SLURM_JOB_NAME $1\n')
    job = server.submit(script, 'arg')
    doc = server.wait(job, code=0)
    assert (doc['name'], doc['cores'], doc['site'], doc['walltime_s']) == ('named', 2, 'west', 300)
    assert (tmp_path / ('log-%d.txt' % job)).read_text() == '2 named arg\n'


def test_script_from_stdin(server):
    job = server.submit(stdin='#!/bin/sh\nexit 4\n')
    assert server.wait(job, code=4)['exit_code'] == 4


def test_array_with_cap_and_files(server, tmp_path):
    job = server.submit('--array', '1-9:2%2', '--', 'sh', '-c', 'echo $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT')
    doc = server.wait(job, code=0)
    assert doc['counts'] == {'COMPLETED': 5}
    for i in (1, 3, 5, 7, 9):
        assert (tmp_path / ('suan-%d_%d.out' % (job, i))).read_text() == '%d of 5\n' % i
    assert server.cli('logs', '%d_7' % job).stdout == '7 of 5\n'
    tasks = json.loads(server.cli('show', '--json', '--tasks', job).stdout)['task_list']
    assert [t['index'] for t in tasks] == [1, 3, 5, 7, 9]


def test_dependencies(server, tmp_path):
    first = server.submit('--', 'sh', '-c', 'sleep 0.2; echo first >> order')
    second = server.submit('--after', 'afterok:%d' % first, '--', 'sh', '-c', 'echo second >> order')
    bad = server.submit('--', 'false')
    never = server.submit('--after', 'afterok:%d' % bad, '--', 'true')
    then = server.submit('--after', 'afternotok:%d' % bad, '--', 'true')
    server.wait(second, code=0)
    server.wait(then, code=0)
    assert (tmp_path / 'order').read_text() == 'first\nsecond\n'
    doc = server.job(never)
    assert (doc['state'], doc['reason']) == ('PENDING', 'dependency-never')
    server.cli('cancel', never)
    assert server.job(never)['state'] == 'CANCELLED'


def test_gang_and_environment(server):
    job = server.submit('--nodes', 2, '--tasks', 4, '--cores', 2, '--', 'sh', '-c',
                        'echo $SLURM_NNODES $SLURM_NTASKS $SLURM_JOB_NODELIST $SUAN_POOL $SUAN_ATTEMPT')
    server.wait(job, code=0)
    assert server.cli('logs', job).stdout == '2 4 west-cpu-[0-1] cpu 1\n'


def test_delegated_pool(make_server):
    network = '''
network: test
sites:
  - name: s
    driver: local
    pools:
      - {name: p, nodes: 2, cores: 3, delegated: true}
'''
    server = make_server(network=network).start()
    say = ('sh', '-c', 'echo $SLURM_NNODES ${SLURM_JOB_NODELIST:-none} ${SLURMD_NODENAME:-none}')
    first = server.submit('--tasks', 2, '--nodes', 2, '--cores', 2, '--stdout', 'on-%N.txt', '--', *say)
    server.wait(first, code=0)
    assert (server.home / 'on-.txt').read_text() == '2 none none\n'
    # in all there is room for three of two cores; on nodes of three there would be for two
    jobs = [server.submit('--cores', 2, '--', 'sh', '-c', 'echo $$ > %d; while [ -e %d ]; do sleep 0.1; done' % (n, n))
            for n in range(3)]
    for n, job in enumerate(jobs):
        wait_for((server.home / str(n)).exists, 'all three run')
    pool = server.http('GET', '/v1/pools', status=200)[2]['pools'][0]
    assert (pool['delegated'], pool['cores_used'], pool['running']) == (True, 6, 3)
    for n, job in enumerate(jobs):
        (server.home / str(n)).unlink()
        server.wait(job, code=0)


def test_staging_with_checksums(server, tmp_path):
    (tmp_path / 'in.txt').write_text('data\n')
    job = server.submit('--inputs', 'in.txt', '--outputs', 'out.txt=%s/back-%%j.txt' % tmp_path, '--',
                        'sh', '-c', 'tr a-z A-Z < in.txt > out.txt; pwd')
    server.wait(job, code=0)
    assert (tmp_path / ('back-%d.txt' % job)).read_text() == 'DATA\n'
    spec = {'command': ['cat', 'in.txt'],
            'inputs': [{'url': str(tmp_path / 'in.txt'), 'path': 'in.txt', 'sha256': '0' * 64}]}
    _, _, doc = server.http('POST', '/v1/jobs', spec, status=201)
    doc = server.wait(doc['id'])
    assert (doc['state'], doc['reason']) == ('FAILED', 'staging-failed')
    assert 'SHA-256' in doc['text']
    job = server.submit('--outputs', 'missing.txt=%s/x' % tmp_path, '--', 'true')
    assert server.wait(job)['reason'] == 'staging-failed'


def test_limits(server):
    slow = server.submit('--walltime', '300ms', '--', 'sh', '-c', 'trap "" TERM; sleep 60 & wait; sleep 60',
                         env={})
    doc = server.wait(slow)
    assert (doc['state'], doc['reason']) == ('TIMEOUT', 'walltime')
    fat = server.submit('--memory', '64MiB', '--', 'python3', '-c',
                        'x = bytearray(512 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(20)')
    doc = server.wait(fat)
    assert doc['state'] in ('OUT_OF_MEMORY', 'FAILED')


def test_cancel_hold_release_requeue_priority(server):
    job = server.submit('--', 'sleep', 60)
    wait_for(lambda: server.job(job)['state'] == 'RUNNING', 'it runs')
    server.cli('cancel', job)
    assert server.wait(job)['state'] == 'CANCELLED'
    held = server.submit('--hold', '--', 'true')
    assert server.job(held)['reason'] == 'held'
    server.cli('priority', held, -5)
    assert server.job(held)['priority'] == -5
    server.cli('release', held)
    assert server.wait(held, code=0)['attempt'] == 1
    server.cli('requeue', held)
    wait_for(lambda: server.job(held).get('attempt') == 2 and server.job(held)['state'] == 'COMPLETED', 'again')
    server.cli('cancel', 999, code=3)


def test_command_not_found_and_bad_directory(server):
    job = server.submit('--', 'no-such-command-here')
    doc = server.wait(job, code=127)
    assert 'no-such-command-here' in doc['text']
    job = server.submit('--dir', '/no/such/folder', '--', 'true')
    doc = server.wait(job)
    assert doc['state'] == 'FAILED' and '/no/such/folder' in doc['text']


def test_why_names_every_candidate(server):
    job = server.submit('--not-hub', 'h-east', '--', 'true')
    server.wait(job, code=0)
    why = json.loads(server.cli('why', '--json', job).stdout)
    by_site = {c['site']: c for c in why['candidates']}
    assert by_site['west']['chosen'] and why['decided']
    big = server.submit('--hold', '--cores', 4, '--', 'true')
    why = json.loads(server.cli('why', '--json', big).stdout)
    reasons = {c['site']: c['reason'] for c in why['candidates']}
    assert reasons['east'] == 'too-many-cores' and reasons['model'] == 'no-driver'


def test_idempotency_key_gives_the_same_job(server):
    first = server.submit('--key', 'k1', '--', 'true')
    assert server.submit('--key', 'k1', '--', 'true') == first
    r = server.cli('submit', '--key', 'k1', '--', 'false', code=4)
    assert 'key' in r.stderr


def test_drain_keeps_new_work_away(server):
    server.cli('site', 'drain', 'west')
    job = server.submit('--', 'true')
    assert server.wait(job, code=0)['site'] == 'east'
    wide = server.submit('--cores', 4, '--', 'true')
    assert server.job(wide)['state'] == 'PENDING'
    server.cli('site', 'resume', 'west')
    assert server.wait(wide, code=0)['site'] == 'west'


@pytest.mark.parametrize('suffix,text', [
    ('yaml', 'command: [echo, from-yaml]\ncores: 2\nmemory: 64MiB\n'),
    ('json', '{"command": ["echo", "from-json"], "cores": 2, "walltime_s": 60}'),
])
def test_job_files(server, tmp_path, suffix, text):
    f = tmp_path / ('job.' + suffix)
    f.write_text(text)
    job = server.submit(f)
    assert server.wait(job, code=0)['cores'] == 2
    assert server.cli('logs', job).stdout == 'from-%s\n' % suffix


def test_listing_formats(server):
    ids = [server.submit('--name', 'n%d' % i, '--hold', '--', 'true') for i in range(5)]
    doc = json.loads(server.cli('list', '--json').stdout)
    assert [j['id'] for j in doc['jobs']] == ids[::-1] and doc['next'] is None
    for key in ('id', 'name', 'state', 'site', 'pool', 'submit', 'start', 'end', 'exit_code', 'reason'):
        assert key in doc['jobs'][0]
    out = server.cli('list', '--format', 'id,name', '--no-header').stdout.split('\n')
    assert out[0].split() == [str(ids[0]), 'n0']
    assert 'no column' in server.cli('list', '--format', 'nonsense', code=2).stderr
    assert server.cli('list', '--state', 'RUNNING', '--no-header').stdout == ''


def test_relative_data_folder(tmp_path):
    """Runs have folders below it, whatever folder the server stands in."""
    import os
    from conftest import Server
    s = Server(tmp_path, data='rel')
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        s.start()
        _, _, doc = s.http('POST', '/v1/jobs', {'command': ['pwd']}, status=201)
        assert s.wait(doc['id'], code=0)['state'] == 'COMPLETED'
        assert s.cli('logs', doc['id']).stdout.strip() == '%s/rel/sites/%s/runs/%d_0.1' % (tmp_path, s.job(doc['id'])['site'], doc['id'])
        assert s.stop() == 0
    finally:
        os.chdir(here)


def test_finished_jobs_are_over(server):
    job = server.submit('--', 'true')
    server.wait(job, code=0)
    server.cli('cancel', job)
    for args in (('hold', job), ('release', job), ('priority', job, 5)):
        assert 'is over' in server.cli(*args, code=4).stderr


def test_control_characters_do_not_reach_the_terminal(server):
    server.submit('--hold', '--', 'sh', '-c', 'x\033[31my')
    assert '\033' not in server.cli('list').stdout
    assert '\033' not in server.cli('show', 1).stdout


def test_output_that_cannot_be_written(server):
    import os
    import subprocess
    from conftest import SUAN
    with open('/dev/full', 'w') as full:
        r = subprocess.run([SUAN, 'list'], stdout=full, stderr=subprocess.PIPE, text=True,
                           env=dict(os.environ, SUAN_SERVER=server.url))
    assert r.returncode == 1 and 'cannot write' in r.stderr


def test_start_is_never_predicted_before_begin(server):
    job = server.submit('--begin', 'now+1h', '--', 'true')
    why = json.loads(server.cli('why', '--json', job).stdout)
    begin = server.job(job)['begin']
    assert all(c['start'] is None or c['start'] >= begin for c in why['candidates'])


def test_export_takes_the_environment_along(server, tmp_path):
    script = tmp_path / 'e.sh'
    script.write_text('#!/bin/sh\n#SBATCH --export=ALL,MINE=script\necho "$MINE $OTHER"\n')
    job = server.submit(script, env={'MINE': 'shell', 'OTHER': 'taken'})
    server.wait(job, code=0)
    assert server.cli('logs', job).stdout == 'script taken\n'
    job = server.submit('--export', 'OTHER', '--partition', 'x', '--', 'sh', '-c', 'echo "$MINE $OTHER"',
                        env={'MINE': 'shell', 'OTHER': 'taken'})
    server.wait(job, code=0)
    assert server.cli('logs', job).stdout == ' taken\n'
    assert 'ignored' in server.cli('submit', '--partition', 'x', '--hold', '--', 'true').stderr


def test_cancel_while_inputs_are_copied(server, tmp_path):
    """A copy that would take for ever is broken off, holds up nobody else, and leaves nothing."""
    with open(tmp_path / 'huge', 'wb') as f:
        f.truncate(1 << 40)
    (tmp_path / 'little').write_text('hello')
    slow = [server.submit('--site', 'west', '--inputs', 'huge', '--', 'true') for _ in range(3)]
    runs = server.data / 'sites' / 'west' / 'runs'
    wait_for(lambda: len(list(runs.glob('*/huge.tmp*'))) == 2, 'two copies are under way')
    quick = server.submit('--site', 'east', '--inputs', 'little', '--', 'cat', 'little')
    assert server.wait(quick, code=0)['state'] == 'COMPLETED'
    for job in reversed(slow):
        server.cli('cancel', job)
        server.wait(job)
        assert server.job(job)['state'] == 'CANCELLED'
    wait_for(lambda: not list(runs.iterdir()), 'their folders are removed')


def test_usage_is_kept_when_outputs_are_missing(server):
    job = server.submit('--outputs', 'none=/tmp/none', '--', 'sh', '-c',
                        'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done')
    doc = server.wait(job, code=None)
    assert (doc['state'], doc['reason'], doc['exit_code']) == ('FAILED', 'staging-failed', 0)
    assert doc['usage']['max_rss_bytes'] > 0 and doc['usage']['cpu_s'] > 0
    assert 'none' in doc['text']


def hold_open(server, path):
    """A job of the site east that ends when let_go(path) is called; it runs."""
    import os
    os.mkfifo(path)
    job = server.submit('--site', 'east', '--cores', '2', '--', 'sh', '-c', 'read x < %s; echo $x' % path)
    wait_for(lambda: server.job(job)['state'] == 'RUNNING', 'it runs')
    return job


def let_go(path):
    with open(path, 'w') as f:
        f.write('end\n')


def test_site_that_leaves_and_comes_back(make_server, tmp_path):
    s = make_server().start()
    whole = s.file.read_text()
    job = hold_open(s, tmp_path / 'gate')
    assert s.stop() == 0
    s.file.write_text(whole.replace('name: east', 'name: other').replace('from: east', 'from: other'))
    s.start()
    assert (s.job(job)['state'], s.job(job)['reason']) == ('UNKNOWN', 'site-gone')
    assert 'not in the network' in s.cli('why', job).stdout
    assert s.stop() == 0
    s.file.write_text(whole)
    s.start()
    let_go(tmp_path / 'gate')
    wait_for(lambda: s.job(job)['state'] == 'COMPLETED', 'its end is taken')
    assert s.cli('logs', job).stdout == 'end\n'


def test_new_site_takes_what_waits(make_server, tmp_path):
    network = ("network: n\nsites:\n"
               "  - {name: east, hub: h, driver: local, pools: [{name: cpu, nodes: 1, cores: 2, memory: 1GiB}]}\n")
    s = make_server(network=network).start()
    first = hold_open(s, tmp_path / 'gate')
    second = s.submit('--cores', '2', '--guarantee', 'at-most-once', '--', 'true')
    assert s.stop() == 0
    s.file.write_text(network + "  - {name: new, hub: h, driver: local, pools: [{name: cpu, nodes: 1, cores: 2, "
                                "memory: 1GiB}]}\n")
    s.start()
    assert (s.wait(second, code=0)['state'], s.job(second)['site']) == ('COMPLETED', 'new')
    let_go(tmp_path / 'gate')
    s.wait(first, code=0)


def test_home(server):
    job = server.submit('--home', 'east', '--', 'true')
    doc = server.wait(job, code=0)
    assert doc['home'] == 'east'
    err = server.cli('submit', '--home', 'moon', '--', 'true', code=2).stderr
    assert 'no home' not in err and 'moon' in err and 'home' in err
    sites = {s['name']: s for s in json.loads(server.cli('sites', '--json').stdout)['sites']}
    assert sites['west']['home'] is None
    assert sites['east']['home']['jobs'] == 1 and sites['east']['home']['ratio'] <= 1.001
    assert 'HOME' in server.cli('sites').stdout
    assert 'home' not in server.job(server.submit('--hold', '--', 'true'))


def test_default_home(make_server, tmp_path):
    (tmp_path / 'suan.yaml').write_text('home: west\npolicy: {protect_homes: true}\n')
    server = make_server(args=('--config', str(tmp_path / 'suan.yaml'))).start()
    assert server.wait(server.submit('--', 'true'), code=0)['home'] == 'west'
    assert server.wait(server.submit('--home', 'east', '--', 'true'), code=0)['home'] == 'east'


NEAR = """
network: near
cities:
  - {name: beijing, lon: 116.41, lat: 39.90}
sites:
  - {name: horinger, hub: nm, driver: local, lon: 111.82, lat: 40.50, pools: [{name: cpu, nodes: 1, cores: 2}]}
  - {name: zhangjiakou, hub: jjj, driver: local, lon: 115.30, lat: 40.60, pools: [{name: cpu, nodes: 1, cores: 1}]}
  - {name: wuhu, hub: yrd, driver: local, pools: [{name: cpu, nodes: 1, cores: 2}]}
links:
  - {from: beijing, to: horinger, gbit: 100, ms: 4.5}
"""


def test_near_a_place(make_server):
    s = make_server(network=NEAR).start()
    sites = json.loads(s.cli('sites', '--json', '--near', 'beijing').stdout)['sites']
    assert [(x['name'], x['latency_ms']) for x in sites] == [('zhangjiakou', 1.254), ('horinger', 4.5), ('wuhu', None)]
    assert s.cli('sites', '--near', 'mars', code=2).stderr.count('no city or site "mars"') == 1
    refused = s.cli('submit', '--near', 'beijing', '--max-latency', 'city', '--', 'true', code=4).stderr
    assert 'zhangjiakou would have 1.254 ms; want ≤ 1 ms' in refused
    assert 'max_latency_ms' in s.cli('submit', '--near', 'beijing', '--', 'true', code=2).stderr
    first = s.submit('--near', 'beijing', '--max-latency', '4ms', '--', 'sleep', '60')
    second = s.submit('--near', 'beijing', '--max-latency', '4ms', '--', 'true')
    third = s.submit('--near', 'beijing', '--max-latency', 'region', '--', 'true')
    assert s.wait(third)['site'] == 'horinger'
    why = {c['site']: c for c in json.loads(s.cli('why', '--json', second).stdout)['candidates']}
    assert why['horinger']['reason'] == 'too-far' and why['horinger']['reason_text'] == 'would have 4.5 ms; want ≤ 4 ms'
    assert why['wuhu']['reason_text'] == 'would have an unknown latency; want ≤ 4 ms'
    assert s.job(second)['state'] == 'PENDING' and s.job(second)['near'] == 'beijing'
    assert s.job(first)['max_latency_ms'] == 4
    s.kill()
    s.start()
    assert s.job(second)['state'] == 'PENDING' and s.job(second)['max_latency_ms'] == 4
    s.cli('cancel', first)
    assert s.wait(second)['site'] == 'zhangjiakou'


QUOTE = """
network: quote
sites:
  - {name: near, hub: east, driver: local, price: 1.0, carbon: 500,
     pools: [{name: cpu, nodes: 2, cores: 2, busy_watt: 1000}]}
  - {name: far, hub: west, driver: local, price: 0.5, carbon: 100,
     pools: [{name: cpu, nodes: 1, cores: 2, busy_watt: 1000}]}
  - {name: dark, hub: west, driver: local, pools: [{name: cpu, nodes: 1, cores: 1}]}
"""


def test_a_quote_says_what_it_costs(make_server):
    s = make_server(network=QUOTE).start()
    quote = json.loads(s.cli('quote', '--json', '--walltime', '1h', '--cores', '2', '--', 'true').stdout)
    by_site = {c['site']: c for c in quote['candidates']}
    assert quote['ok'] and by_site['far']['chosen'] and by_site['dark']['reason'] == 'too-many-cores'
    assert (by_site['far']['energy_kwh'], by_site['far']['cost_yuan']) == (1, 0.5)
    assert by_site['far']['carbon_kg'] == {'location': 0.1, 'market': None}
    assert by_site['near']['cost_yuan'] == 1 and by_site['near']['reason'] == 'costlier'
    assert by_site['dark']['start'] is None and by_site['dark']['cost_yuan'] is None
    assert [w['wait_s'] // 3600 for w in quote['waiting']] == [1, 3, 6, 12, 24]
    assert quote['waiting'][0]['cost_change_percent'] == 0
    assert s.cli('list', '--no-header').stdout == ''
    s.submit('--site', 'far', '--walltime', '2h', '--cores', '2', '--', 'sleep', '60')
    quote = json.loads(s.cli('submit', '--dry-run', '--json', '--walltime', '1h', '--cores', '2', '--', 'true').stdout)
    assert quote['candidates'][0]['site'] == 'near'
    waits = {w['wait_s'] // 3600: w for w in quote['waiting']}
    assert (waits[1]['site'], waits[1]['cost_change_percent']) == ('near', 0)
    assert (waits[3]['site'], waits[3]['cost_change_percent'], waits[3]['carbon_change_percent']) == ('far', -50, -80)
    text = s.cli('quote', '--by', 'carbon', '--walltime', '1h', '--cores', '2', '--', 'true').stdout
    assert 'waiting, by carbon:' in text and re.search(r'\+3 h +−50.0 % +−80.0 % +far +cpu', text)
    assert 'the largest node has 2' in s.cli('quote', '--cores', '3', '--', 'true', code=4).stderr
    s.cli('quote', '--by', 'luck', '--', 'true', code=2)


def test_a_quote_holds_its_place(make_server):
    s = make_server(network=QUOTE).start()
    job = ('--walltime', '1h', '--cores', '2', '--')
    first = json.loads(s.cli('quote', '--json', '--hold', '10m', *job, 'true').stdout)
    assert first['held']['site'] == 'far' and first['held']['single'] and first['held']['held_until']
    again = json.loads(s.cli('quote', '--json', '--hold', '10m', '--key', 'k', *job, 'true').stdout)
    assert again['held']['site'] == 'near' and first['quote']['candidates'][0]['site'] == 'far'
    same = json.loads(s.cli('quote', '--json', '--hold', '10m', '--key', 'k', *job, 'true').stdout)
    assert same['id'] == again['id']
    other = s.submit('--hub', 'west', *job, 'true')
    assert s.job(other)['state'] == 'PENDING'
    s.kill()
    s.start()
    mine = s.submit('--quote', first['id'], *job, 'true')
    assert s.wait(mine)['site'] == 'far' and s.job(mine)['reservation'] == str(first['id'])
    assert s.wait(other)['site'] == 'far'
    assert 'no reservation' in s.cli('submit', '--quote', first['id'], '--', 'true', code=2).stderr
    short = json.loads(s.cli('quote', '--json', '--hold', '1s', *job, 'true').stdout)
    s.wait(s.submit('--hub', {'far': 'west', 'near': 'east'}[short['held']['site']], '--walltime', '30h', '--cores', '2',
                    '--', 'true'))
    ids = [r['id'] for r in json.loads(s.cli('reservations', '--json').stdout)['reservations']]
    assert ids == [again['id']], 'what nobody accepted is free again'
    assert 'hold' in s.cli('quote', '--hold', '25h', *job, 'true', code=2).stderr
    assert 'quote' in s.cli('submit', '--quote', 'x', *job, 'true', code=2).stderr


def test_why_says_what_would_have_changed_it(make_server):
    s = make_server(network=QUOTE).start()
    job = ('--hub', 'west', '--walltime', '1h', '--cores', '2', '--')
    first = s.submit(*job, 'sleep', '60')
    second = s.submit(*job, 'true')
    why = json.loads(s.cli('why', '--json', second).stdout)
    assert (why['binding']['kind'], why['binding']['a'], why['binding']['site']) == ('cores', 2, 'far')
    assert why['binding']['text'].startswith('2 more free cores at far/cpu ')
    assert [c['kind'] for c in why['changes']] == ['cores', 'lists'] and why['changes'][1]['site'] == 'near'
    s.cli('cancel', first)
    s.wait(second)
    s.kill()
    s.start()
    why = json.loads(s.cli('why', '--json', second).stdout)
    assert why['decided'] and why['candidates'][0]['cost_yuan'] == 0.5
    assert why['binding']['kind'] == 'cores' and 0 < why['binding']['earlier_s'] < 60
    assert json.loads(s.cli('why', '--json', first).stdout)['binding'] is None
    text = s.cli('why', second).stdout
    assert 'what would have changed it: 2 more free cores at far/cpu' in text and 'KGCO2' in text
