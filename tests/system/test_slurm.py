"""Two real Slurm clusters as sites, and what they do wrong: no answer, restarts, jobs started twice."""
import collections
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import ROOT, Server, wait_for

DATA = pathlib.Path(os.environ.get('SUAN_SHARED_DATA', ROOT.parent / 'shared' / 'data'))
SITES = DATA.parent / 'peers' / 'slurm_sites.sh'
# A port range of its own for each worker.
WORKER = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:])

pytestmark = [
    pytest.mark.skipif(not SITES.exists(), reason='%s is not there: it starts Slurm clusters' % SITES),
    pytest.mark.skipif(not shutil.which('slurmctld', path=os.environ['PATH'] + ':/usr/sbin'),
                       reason='Slurm is not installed (slurmctld slurmd slurm-client munge)'),
    pytest.mark.xdist_group('slurm'),
]


class Clusters:
    def __init__(self, folder):
        self.folder = folder
        self.sites('start', 2, 2, 8)

    def sites(self, command, *args):
        env = dict(os.environ, PORT_BASE=str(21000 + 1000 * WORKER))
        subprocess.run(['bash', str(SITES), command, str(self.folder)] + [str(a) for a in args], env=env,
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def conf(self, site):
        return str(self.folder / ('site%d' % site) / 'slurm.conf')

    def slurm(self, site, *args):
        env = dict(os.environ, SLURM_CONF=self.conf(site))
        return subprocess.run(args, env=env, capture_output=True, text=True, timeout=60, check=True).stdout

    def controller(self, site):
        return int((self.folder / ('site%d' % site) / 'slurmctld.pid').read_text())

    def network(self, driver_pools='{name: main, nodes: 2, cores: 8, memory: 16GiB}'):
        sites = ''.join('  - {name: s%d, hub: h, driver: slurm, driver_conf: %s, pools: [%s]}\n' %
                        (k, self.conf(k), driver_pools) for k in (1, 2))
        return 'network: clusters\nsites:\n' + sites


@pytest.fixture(scope='module')
def clusters(tmp_path_factory):
    c = Clusters(tmp_path_factory.mktemp('slurm'))
    yield c
    c.sites('stop')


@pytest.fixture
def server(clusters, tmp_path):
    s = Server(tmp_path, network=clusters.network())
    s.start()
    yield s
    assert s.stop() == 0, s.log.read_text()


def calls(server):
    """How often each of Slurm's commands was called, over both sites."""
    sites = json.loads(server.cli('sites', '--json').stdout)['sites']
    total = collections.Counter()
    for s in sites:
        total.update(s['agent']['commands'])
    return total


def test_jobs_of_every_shape(server, tmp_path):
    one = server.submit('--site', 's1', '--', 'sh', '-c', 'echo $SUAN_SITE $SLURM_CLUSTER_NAME; exit 3')
    doc = server.wait(one, code=3)
    assert (doc['state'], doc['exit_code']) == ('FAILED', 3)
    assert server.cli('logs', one).stdout == 's1 site1\n'
    array = server.submit('--array', '0-99', '--', 'sh', '-c',
                          'echo $SUAN_SITE $SLURM_ARRAY_TASK_ID >>marks; [ $SLURM_ARRAY_TASK_ID != 7 ]')
    gang = server.submit('--after', 'afterany:%d' % array, '-N', '2', '-n', '8', '--', 'sh', '-c',
                         'echo $SLURM_NNODES $SLURM_NTASKS')
    never = server.submit('--after', 'afterok:%d' % array, '--', 'true')
    doc = server.wait(array, code=1)
    assert doc['counts'] == {'COMPLETED': 99, 'FAILED': 1}
    marks = [line.split() for line in (tmp_path / 'marks').read_text().splitlines()]
    assert sorted(int(i) for _, i in marks) == list(range(100))
    assert {site for site, _ in marks} == {'s1', 's2'}
    assert server.wait(gang, code=0)['exit_code'] == 0
    assert server.cli('logs', gang).stdout == '2 8\n'
    assert server.job(never)['reason'] == 'dependency-never'
    missing = server.submit('--', 'no-such-program-here')
    assert server.wait(missing, code=127)['exit_code'] == 127
    late = server.submit('--walltime', '1s', '--', 'sleep', '100')
    assert server.wait(late)['state'] == 'TIMEOUT'
    # A command for each of the 105 runs would be 105 and more.
    count = calls(server)
    assert count['sbatch'] + count['scancel'] < 40, count


def test_cancel(server, clusters):
    long = server.submit('--site', 's2', '--', 'sh', '-c', 'trap "echo told; exit 0" TERM; sleep 100 & wait')
    wait_for(lambda: server.job(long)['state'] == 'RUNNING', 'it runs')
    wait_for(lambda: clusters.slurm(2, 'squeue', '-h', '-t', 'R', '-o', '%j').startswith('suan-'), 'Slurm runs it')
    server.cli('cancel', long)
    assert server.wait(long)['state'] == 'CANCELLED'
    assert server.cli('logs', long).stdout == 'told\n'
    assert clusters.slurm(2, 'squeue', '-h', '-t', 'R,PD', '-o', '%i') == ''


def test_the_platform_dies_and_comes_back(server, tmp_path):
    job = server.submit('--array', '0-5', '--', 'sh', '-c',
                        'echo $SLURM_ARRAY_TASK_ID >>began; sleep 3; echo $SLURM_ARRAY_TASK_ID >>ended')
    wait_for(lambda: (tmp_path / 'began').exists(), 'one runs')
    server.kill()
    server.start()
    server.wait(job, code=0)
    for name in ('began', 'ended'):
        assert sorted((tmp_path / name).read_text().split()) == list('012345')


def test_an_answer_that_was_lost_is_found_again(server, clusters, tmp_path):
    """slurmctld hangs: sbatch gives up, and the job is there all the same once it goes on."""
    pid = clusters.controller(1)
    os.kill(pid, 19)
    try:
        job = server.submit('--site', 's1', '--', 'sh', '-c', 'echo began >>marks; sleep 1')
        wait_for(lambda: 'sbatch: ' in server.log.read_text(), 'sbatch has given up', 60)
    finally:
        os.kill(pid, 18)
    assert server.wait(job, code=0)['attempt'] == 1
    assert (tmp_path / 'marks').read_text() == 'began\n'


def test_a_controller_that_forgets(server, clusters, tmp_path):
    """slurmctld is killed after it took a job that runs: it may start it once more. The work is done once, or it is
    said that nobody knows."""
    job = server.submit('--site', 's2', '--guarantee', 'at-most-once', '--', 'sh', '-c',
                        'echo began >>marks; sleep 4; echo ended >>marks')
    wait_for(lambda: (tmp_path / 'marks').exists(), 'it runs')
    clusters.sites('ctld', 2, 'kill')
    clusters.sites('ctld', 2, 'start')
    doc = server.wait(job)
    assert (tmp_path / 'marks').read_text().split() in (['began', 'ended'], ['began'])
    assert doc['state'] in ('COMPLETED', 'UNKNOWN', 'FAILED', 'CANCELLED'), doc
    if doc['state'] == 'COMPLETED':
        assert (tmp_path / 'marks').read_text() == 'began\nended\n'


def test_site_without_slurm(make_server, tmp_path):
    net = 'network: n\nsites:\n  - {name: s, hub: h, driver: slurm, driver_conf: /no/slurm.conf, pools: [{name: main, nodes: 1, cores: 1}]}\n'
    s = make_server(network=net)
    p = subprocess.run(s.command(), capture_output=True, text=True, timeout=60)
    assert p.returncode == 1
    assert '/no/slurm.conf' in p.stderr and 'site s' in p.stderr
