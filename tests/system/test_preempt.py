"""Runs that are stopped for others come back and end well."""
import json

from conftest import wait_for

# Sleeps for ever in its first attempt; then it is done at once.
ONCE_MORE = ('--', 'sh', '-c', 'echo attempt $SUAN_ATTEMPT; [ $SUAN_ATTEMPT -gt 1 ] || sleep 600')


def running(server, job):
    return wait_for(lambda: server.job(job)['state'] == 'RUNNING', 'job %d runs' % job)


def test_preempted_by_hand_it_starts_again(server):
    job = server.submit(*ONCE_MORE)
    running(server, job)
    server.cli('preempt', job)
    doc = server.wait(job, code=0)
    assert (doc['state'], doc['attempt'], doc['preempted']) == ('COMPLETED', 2, 1)
    assert doc['preempted_core_s'] > 0
    assert server.cli('logs', job).stdout == 'attempt 2\n'
    server.cli('preempt', job, code=4)  # over
    server.cli('preempt', 4711, code=3)


def test_what_waits_is_left_alone_and_once_is_once(server):
    job = server.submit('--hold', '--', 'true')
    server.cli('preempt', job)
    assert 'preempted' not in server.job(job)
    once = server.submit('--guarantee', 'at-most-once', '--', 'sleep', '600')
    running(server, once)
    assert 'at most once' in server.cli('preempt', once, code=4).stderr
    server.cli('cancel', job, once)


def test_a_program_that_saves_its_state_goes_on(server, tmp_path):
    script = tmp_path / 'steps.sh'
    script.write_text('#!/bin/sh\n#SUAN --checkpointable\n'
                      'trap "echo saved >> saved; exit 0" TERM\n'
                      'if [ $SUAN_ATTEMPT -gt 1 ]; then cat saved; exit 0; fi\n'
                      'touch begun; while :; do sleep 0.05; done\n')
    job = server.submit(script)
    wait_for((tmp_path / 'begun').exists, 'it has begun')
    server.cli('preempt', job)
    doc = server.wait(job, code=0)
    assert (doc['preempted'], doc['preempted_core_s'], doc['checkpointable']) == (1, 0, True)
    assert server.cli('logs', job).stdout == 'saved\n'


def test_a_restart_between_stop_and_end(make_server, tmp_path):
    (tmp_path / 'suan.yaml').write_text('grace_ms: 1s\n')
    server = make_server(args=['--config', tmp_path / 'suan.yaml']).start()
    job = server.submit('--', 'sh', '-c', 'trap "" TERM; [ $SUAN_ATTEMPT -gt 1 ] || sleep 600')
    running(server, job)
    server.cli('preempt', job)
    assert server.job(job)['reason'] == 'preempted'
    server.kill()
    server.start()
    doc = server.wait(job, code=0)
    assert (doc['state'], doc['attempt'], doc['preempted']) == ('COMPLETED', 2, 1)


def test_the_grace_of_a_class_is_what_its_runs_get(make_server, tmp_path):
    (tmp_path / 'suan.yaml').write_text('grace_ms: 1ms\nqos:\n'
                                        '  - {name: slow, preemptable: true, grace: 60s}\ndefault_qos: slow\n')
    server = make_server(args=['--config', tmp_path / 'suan.yaml']).start()
    job = server.submit('--checkpointable', '--', 'sh', '-c',
                        'trap "sleep 0.5; echo saved > saved; exit 0" TERM; '
                        'if [ $SUAN_ATTEMPT -gt 1 ]; then cat saved; exit 0; fi; '
                        'touch begun; while :; do sleep 0.01; done')
    wait_for((tmp_path / 'begun').exists, 'it has begun')
    server.cli('preempt', job)
    assert server.wait(job, code=0)['attempt'] == 2
    assert server.cli('logs', job).stdout == 'saved\n'
    (tmp_path / 'begun').unlink()
    job = server.submit('--', 'sh', '-c', 'trap "" TERM; touch begun; while :; do sleep 0.01; done')
    wait_for((tmp_path / 'begun').exists, 'it has begun')
    server.cli('cancel', job)  # by the service's own grace
    assert server.wait(job)['state'] == 'CANCELLED'


CLASSES = """
policy:
  preemption: {min_run: 1ms, grace: 2s}
qos:
  - {name: normal}
  - {name: urgent, priority: 1000, preempts: [spare, scrap]}
  - {name: spare, priority: -1000, preemptable: true}
  - {name: scrap, priority: -500, preemptable: true, preempt_cancels: true}
default_qos: normal
"""


def test_a_job_of_a_higher_class_pushes_out_one_of_a_lower(make_server, tmp_path):
    (tmp_path / 'suan.yaml').write_text(CLASSES)
    server = make_server(args=['--config', tmp_path / 'suan.yaml']).start()
    # east has 2 cores: one is normal's, the other spare's
    normal = server.submit('--site', 'east', '--', 'sleep', '600')
    spare = server.submit('--site', 'east', '--qos', 'spare', *ONCE_MORE)
    running(server, normal)
    running(server, spare)
    urgent = server.submit('--site', 'east', '--qos', 'urgent', '--', 'sh', '-c', 'echo urgent; sleep 0.3')
    assert server.wait(urgent, code=0)['state'] == 'COMPLETED'
    doc = server.wait(spare, code=0)
    assert (doc['state'], doc['attempt'], doc['preempted']) == ('COMPLETED', 2, 1)
    assert server.job(normal)['state'] == 'RUNNING' and 'preempted' not in server.job(normal)
    assert [j['preempted'] for j in json.loads(server.cli('list', '--json', '--all').stdout)['jobs']
            if j['id'] == spare] == [1]

    scrap = server.submit('--site', 'east', '--qos', 'scrap', '--guarantee', 'at-most-once', '--', 'sleep', '600')
    running(server, scrap)
    urgent = server.submit('--site', 'east', '--qos', 'urgent', '--', 'true')
    server.wait(urgent, code=0)
    doc = server.wait(scrap)
    assert (doc['state'], doc['reason']) == ('PREEMPTED', 'preempted')
    assert doc['reason_text'] == 'stopped so that job %d can start' % urgent
    assert 'stopped so that job' in server.cli('why', scrap).stdout
    server.cli('cancel', normal)
