"""A real server per test: the binary, a data folder, a network, and the command line."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUAN = os.environ.get('SUAN_BIN', str(ROOT / 'build' / 'src' / 'suan'))

NETWORK = """
network: test
sites:
  - {name: east, hub: h-east, driver: local, lon: 120.9, lat: 31.05, pue: 1.25, price: 0.577, carbon: 584.9,
     pools: [{name: cpu, nodes: 1, cores: 2, memory: 2GiB, busy_watt: 400}]}
  - {name: west, hub: h-west, driver: local, lon: 105.18, lat: 37.5, pue: 1.15, price: 0.373, carbon: 642.3,
     pools: [{name: cpu, nodes: 2, cores: 4, memory: 4GiB, busy_watt: 400}]}
  - {name: model, hub: h-west, lon: 106, lat: 26, pools: [{name: gpu, nodes: 4, cores: 64, memory: 1TiB, gpu: a800, gpus: 8}]}
links:
  - {from: east, to: west, gbit: 100, ms: 14.4, price_gib: 0.02}
"""


def wait_for(check, what, seconds=30):
    """Polls until check() is true; says what never came."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, 'never happened: ' + what
        time.sleep(0.02)


class Server:
    def __init__(self, home, network=NETWORK, args=(), insecure=True, data=None):
        self.home = pathlib.Path(home)
        self.data = pathlib.Path(data) if data else self.home / 'data'
        self.file = self.home / 'network.yaml'
        self.file.write_text(network)
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.args = list(args) + (['--insecure-local'] if insecure else [])
        self.url = 'http://127.0.0.1:%d' % self.port
        self.log = self.home / 'server.log'
        self.token = ''
        self.process = None

    def command(self):
        return [SUAN, 'serve', '--data', str(self.data), '--network', str(self.file), '--listen',
                '127.0.0.1:%d' % self.port] + self.args

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(lambda: self.answers() or self.process.poll() is not None, 'the server answers')
        assert self.process.poll() is None, self.log.read_text()
        return self

    def answers(self):
        try:
            return urllib.request.urlopen(self.url + '/healthz', timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        return self.process.returncode if self.process else 0

    def cli(self, *args, code=0, stdin=None, cwd=None, env=None, timeout=120):
        e = dict(os.environ, SUAN_SERVER=self.url, SUAN_TOKEN=self.token, **(env or {}))
        r = subprocess.run([SUAN] + [str(a) for a in args], capture_output=True, text=True, input=stdin,
                           cwd=cwd or self.home, env=e, timeout=timeout)
        assert code is None or r.returncode == code, (args, r.returncode, r.stdout, r.stderr)
        return r

    def submit(self, *args, **kw):
        return int(self.cli('submit', *args, **kw).stdout)

    def job(self, ident):
        return json.loads(self.cli('show', '--json', ident).stdout)

    def wait(self, ident, code=None):
        self.cli('wait', '--quiet', ident, code=code)
        return self.job(ident)

    def http(self, method, path, body=None, headers=None, status=None):
        """(status, headers, parsed or raw body)."""
        h = dict(headers or {})
        if self.token:
            h.setdefault('Authorization', 'Bearer ' + self.token)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            h.setdefault('Content-Type', 'application/json')
        req = urllib.request.Request(self.url + path, data=body, headers=h, method=method)
        try:
            r = urllib.request.urlopen(req, timeout=60)
        except urllib.error.HTTPError as e:
            r = e
        raw = r.read()
        kind = r.headers.get('Content-Type', '')
        value = json.loads(raw) if 'json' in kind and raw else raw
        assert status is None or r.status == status, (method, path, r.status, value)
        return r.status, r.headers, value


@pytest.fixture
def server(tmp_path):
    s = Server(tmp_path)
    s.start()
    yield s
    code = s.stop()
    assert code == 0, s.log.read_text()


@pytest.fixture
def make_server(tmp_path):
    made = []

    def make(**kw):
        s = Server(tmp_path, **kw)
        made.append(s)
        return s
    yield make
    for s in made:
        if s.process and s.process.poll() is None:
            s.stop()
