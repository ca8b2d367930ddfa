"""Data sets in a real service: copies between sites, over a kill, and what becomes of damaged ones."""
import hashlib
import json
import os

from conftest import Server, wait_for
import pytest

NETWORK = """
network: n
sites:
  - {name: a, hub: h, driver: local, pools: [{name: cpu, nodes: 1, cores: 1}]}
  - {name: b, hub: h, driver: local, pools: [{name: cpu, nodes: 1, cores: 1}]}
links:
  - {from: a, to: b, gbit: 0.4}
  - {from: b, to: a, gbit: 0.4}
"""
MIB = 1 << 20


@pytest.fixture
def server(tmp_path):
    s = Server(tmp_path, network=NETWORK)
    s.start()
    yield s
    assert s.stop() == 0, s.log.read_text()


def copies(server, name):
    doc = json.loads(server.cli('data', 'show', name, '--json').stdout)
    return {r['site']: r for r in doc['replicas']}


def file_of(server, site, number):
    return server.data / 'sites' / site / 'data' / str(number)


def test_a_tree_goes_to_another_site(server, tmp_path):
    tree = tmp_path / 'tree'
    (tree / 'deep').mkdir(parents=True)
    (tree / 'deep' / 'x').write_text('hi')
    (tree / 'y').write_text('ho')
    server.cli('data', 'put', 'tree', tree, '--site', 'a', '--wait')
    server.cli('data', 'replicate', 'tree', 'b', '--wait')
    assert (file_of(server, 'b', 1) / 'deep' / 'x').read_text() == 'hi'
    doc = json.loads(server.cli('data', 'show', 'tree', '--json').stdout)
    assert (doc['state'], doc['bytes'], doc['files'], len(doc['sha256'])) == ('READY', 4, 2, 64)
    server.cli('data', 'evict', 'tree', 'a')
    wait_for(lambda: not file_of(server, 'a', 1).exists(), 'the copy is gone')
    assert server.cli('data', 'evict', 'tree', 'b', code=None).returncode == 4  # the last one stays
    server.cli('data', 'rm', 'tree')
    wait_for(lambda: not file_of(server, 'b', 1).exists(), 'all is gone')
    assert server.cli('data', 'show', 'tree', code=3)


def test_a_source_that_is_not_there(server, tmp_path):
    server.http('PUT', '/v1/data/nothing', {'source': str(tmp_path / 'no'), 'site': 'a'}, status=201)
    wait_for(lambda: 'a' in copies(server, 'nothing') and copies(server, 'nothing')['a']['state'] == 'LOST', 'it is lost')
    assert 'no' in json.loads(server.cli('data', 'show', 'nothing', '--json').stdout)['text']


def test_a_copy_goes_on_after_a_kill(server, tmp_path):
    big = tmp_path / 'big'
    block = os.urandom(MIB)
    with open(big, 'wb') as f:
        for i in range(120):
            f.write(block + b'%d' % i)
    sha = hashlib.sha256(big.read_bytes()).hexdigest()
    server.cli('data', 'put', 'big', big, '--site', 'a', '--sha256', sha, '--wait')
    server.cli('data', 'replicate', 'big', 'b')
    part = file_of(server, 'b', 1).parent / '.1.suan-part'
    wait_for(lambda: part.exists() and part.stat().st_size > 80 * MIB, 'most of it is there')
    server.kill()
    assert not file_of(server, 'b', 1).exists()
    seen = []

    def complete():
        if part.exists():
            try:
                seen.append(part.stat().st_size)
            except FileNotFoundError:
                pass  # renamed meanwhile
        return copies(server, 'big')['b']['state'] == 'COMPLETE'

    server.start()
    wait_for(complete, 'it is complete', 60)
    assert hashlib.sha256(file_of(server, 'b', 1).read_bytes()).hexdigest() == sha
    assert all(n >= 64 * MIB for n in seen)  # what was synced did not come again


def test_a_damaged_copy_is_found_and_made_anew(server, tmp_path):
    small = tmp_path / 'small'
    small.write_bytes(os.urandom(MIB))
    server.cli('data', 'put', 'small', small, '--site', 'a', '--wait')
    server.cli('data', 'replicate', 'small', 'b', '--wait')
    file = file_of(server, 'b', 1)
    file.chmod(0o644)
    with open(file, 'r+b') as f:
        f.seek(500000)
        f.write(b'damage')
    server.cli('data', 'verify', 'small', 'b')
    wait_for(lambda: copies(server, 'small')['b']['state'] == 'LOST', 'it is found', 60)
    assert 'SHA-256' in json.loads(server.cli('data', 'show', 'small', '--json').stdout)['text']
    server.cli('data', 'replicate', 'small', 'b', '--wait')
    assert file.read_bytes() == small.read_bytes()


def test_what_was_removed_meanwhile_goes_at_the_next_start(server, tmp_path):
    small = tmp_path / 'small'
    small.write_text('x')
    server.cli('data', 'put', 'small', small, '--site', 'a', '--wait')
    assert server.stop() == 0
    folder = file_of(server, 'a', 1).parent
    (folder / '77').write_text('of nobody')
    (folder / 'note').write_text('not ours')
    server.start()
    wait_for(lambda: not (folder / '77').exists(), 'it is swept')
    assert (folder / 'note').exists() and (folder / '1').read_text() == 'x'
