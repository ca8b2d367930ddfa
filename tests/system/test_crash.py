"""kill -9 and restarts: nothing acknowledged is lost, nothing runs twice, runs go on."""
import json
import os
import random
import signal

from conftest import wait_for


def starts(path):
    return path.read_text().split() if path.exists() else []


def test_runs_survive_and_are_adopted(make_server, tmp_path):
    s = make_server().start()
    marks = tmp_path / 'starts'
    job = s.submit('--', 'sh', '-c', 'echo $SUAN_JOB_ID >> %s; while [ ! -e go ]; do sleep 0.05; done; exit 5' % marks)
    wait_for(lambda: starts(marks), 'it starts')
    s.kill()
    s.start()
    assert s.job(job)['state'] == 'RUNNING'
    (tmp_path / 'go').touch()
    assert s.wait(job, code=5)['attempt'] == 1
    assert starts(marks) == [str(job)]


def test_end_while_the_server_is_down(make_server, tmp_path):
    s = make_server().start()
    job = s.submit('--', 'sh', '-c', 'touch began; while [ ! -e go ]; do sleep 0.05; done; touch over; exit 6')
    wait_for((tmp_path / 'began').exists, 'it starts')
    s.kill()
    (tmp_path / 'go').touch()
    wait_for((tmp_path / 'over').exists, 'it ends alone')
    s.start()
    assert s.wait(job, code=6)['attempt'] == 1


def test_storm(make_server, tmp_path):
    """Submissions with keys, kills at random moments: every acknowledged job has exactly one run."""
    s = make_server().start()
    marks = tmp_path / 'starts'
    rng = random.Random(11)
    acked = []
    for round_ in range(4):
        for i in range(rng.randrange(5, 25)):
            r = s.cli('submit', '--', 'sh', '-c', 'echo $SUAN_JOB_ID >> %s' % marks, code=None)
            if r.returncode == 0:
                acked.append(int(r.stdout))
        s.kill()
        s.start()
    assert len(set(acked)) == len(acked)
    for job in acked:
        assert s.wait(job, code=0)['state'] == 'COMPLETED'
    assert sorted(starts(marks)) == sorted(str(j) for j in acked)


def test_bulk_survives_a_kill(make_server):
    s = make_server().start()
    lines = ''.join('{"command":["true"],"hold":true,"name":"b%d"}\n' % i for i in range(5000))
    _, _, doc = s.http('POST', '/v1/jobs:bulk', lines.encode(), {'Content-Type': 'application/x-ndjson'}, 201)
    s.kill()
    s.start()
    _, _, info = s.http('GET', '/v1/info', status=200)
    assert info['jobs']['PENDING'] == 5000
    _, _, job = s.http('GET', '/v1/jobs/%d' % (doc['first'] + 4321), status=200)
    assert job['name'] == 'b4321'


def shepherds(data):
    """Processes of the local driver for this data folder."""
    found = []
    for p in filter(str.isdigit, os.listdir('/proc')):
        try:
            words = open('/proc/%s/cmdline' % p, 'rb').read().split(b'\0')
        except OSError:
            continue
        if b'shepherd' in words and any(str(data).encode() in w for w in words):
            found.append(int(p))
    return found


def shepherd_of(s, site):
    """Its pid; the helper that starts one has gone."""
    def only():
        found = shepherds(s.data / 'sites' / site)
        return found[0] if len(found) == 1 else None
    return wait_for(only, 'one shepherd of ' + site)


def process_state(pid):
    try:
        return open('/proc/%s/stat' % pid).read().rsplit(')', 1)[1].split()[0]
    except OSError:
        return ''


def freeze(pid):
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: process_state(pid) == 'T', 'it stands')


def test_cancel_outlives_the_shepherd(make_server, tmp_path):
    """A cancel that the shepherd dies before reading is carried out by the next one."""
    s = make_server().start()
    job = s.submit('--site', 'east', '--', 'sh', '-c', 'echo $$ > pid; exec sleep 600')
    wait_for(lambda: s.job(job)['state'] == 'RUNNING' and starts(tmp_path / 'pid'), 'it runs')
    shepherd = shepherd_of(s, 'east')
    freeze(shepherd)
    s.cli('cancel', job)
    s.cli('cancel', job, code=None)
    os.kill(shepherd, signal.SIGKILL)
    s.wait(job)
    assert s.job(job)['state'] == 'CANCELLED'
    assert process_state(starts(tmp_path / 'pid')[0]) in ('', 'Z')


def test_one_silent_shepherd_keeps_nothing_down(make_server, tmp_path):
    """The service stops, starts and works without it, and takes its runs up again when it answers."""
    s = make_server().start()
    body = 'echo $SUAN_ATTEMPT >> %s; while [ ! -e %s ]; do sleep 0.05; done; exit 4'
    kept = s.submit('--site', 'east', '--', 'sh', '-c', body % (tmp_path / 'kept', tmp_path / 'go'))
    stopped = s.submit('--site', 'east', '--', 'sh', '-c', body % (tmp_path / 'stopped', tmp_path / 'never'))
    wait_for(lambda: starts(tmp_path / 'kept') and starts(tmp_path / 'stopped'), 'both run')
    shepherd = shepherd_of(s, 'east')
    freeze(shepherd)
    try:
        assert s.stop() == 0
        s.start()
        assert 'site east: the shepherd at ' in s.log.read_text()
        s.wait(s.submit('--site', 'west', '--', 'true'), code=0)
        assert s.job(kept)['state'] == 'RUNNING'
        s.cli('cancel', stopped)
        (tmp_path / 'go').touch()
    finally:
        os.kill(shepherd, signal.SIGCONT)
    assert s.wait(kept, code=4)['attempt'] == 1
    s.wait(stopped)
    assert s.job(stopped)['state'] == 'CANCELLED'
    assert 'site east: its shepherd answers again' in s.log.read_text()
    assert starts(tmp_path / 'kept') == ['1'] and starts(tmp_path / 'stopped') == ['1']


def test_lost_shepherd_is_resolved_by_the_guarantee(make_server, tmp_path):
    s = make_server().start()
    body = 'echo $$ >> pids; echo $SUAN_ATTEMPT >> %s; [ $SUAN_ATTEMPT = 2 ] || exec sleep 60'
    once = s.submit('--guarantee', 'at-most-once', '--', 'sh', '-c', body % 'once')
    lease = s.submit('--guarantee', 'lease', '--', 'sh', '-c', body % 'lease')
    wait_for(lambda: starts(tmp_path / 'once') and starts(tmp_path / 'lease'), 'both run')
    s.kill()
    for pid in shepherds(s.data):
        os.kill(pid, signal.SIGKILL)
    for pid in starts(tmp_path / 'pids'):
        os.kill(int(pid), signal.SIGKILL)
    s.start()
    wait_for(lambda: s.job(once)['state'] == 'UNKNOWN', 'at-most-once is UNKNOWN')
    assert s.wait(lease, code=0)['attempt'] == 2
    assert starts(tmp_path / 'once') == ['1'] and starts(tmp_path / 'lease') == ['1', '2']


def test_second_server_on_one_folder_refuses(make_server, tmp_path):
    s = make_server().start()
    other = make_server(data=s.data)
    import subprocess
    r = subprocess.run(other.command(), capture_output=True, text=True, timeout=60)
    assert r.returncode == 1 and 'in use' in r.stderr
    assert s.answers()


def test_restart_keeps_listing_and_ids(make_server):
    s = make_server().start()
    a = s.submit('--hold', '--', 'true')
    before = json.loads(s.cli('list', '--json').stdout)
    assert s.stop() == 0
    s.start()
    assert json.loads(s.cli('list', '--json').stdout) == before
    assert s.submit('--hold', '--', 'true') == a + 1


def test_outputs_come_back_when_the_end_was_missed(make_server, tmp_path):
    s = make_server().start()
    job = s.submit('--outputs', 'result=%s/result' % tmp_path, '--', 'sh', '-c',
                   'touch %s/began; while [ ! -e %s/go ]; do sleep 0.05; done; echo done > result; touch %s/over'
                   % (tmp_path, tmp_path, tmp_path))
    wait_for((tmp_path / 'began').exists, 'it starts')
    s.kill()
    (tmp_path / 'go').touch()
    wait_for((tmp_path / 'over').exists, 'it ends alone')
    s.start()
    assert s.wait(job, code=0)['attempt'] == 1
    assert (tmp_path / 'result').read_text() == 'done\n'
