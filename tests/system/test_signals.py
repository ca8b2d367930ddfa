"""Signals of sites: from the network file, pushed, over a restart; and what they do to quotes."""
import datetime
import json

from conftest import NETWORK, wait_for

TARIFF = """
network: t
sites:
  - name: east
    hub: h
    driver: local
    pue: [{temperature: 0, pue: 1.0}, {temperature: 40, pue: 2.0}]
    temperature: 20
    carbon: series.csv
    price: {tariff: [{hours: "00:00-12:00", price: 0.25, name: night}, {price: 0.75}]}
    pools: [{name: cpu, nodes: 1, cores: 2, memory: 2GiB, busy_watt: 1000}]
"""


def signals(server, *args):
    found = json.loads(server.cli('signals', 'list', '--json', *args).stdout)['signals']
    return {(s['site'], s['kind']): s for s in found}


def events(server):
    return json.loads(server.cli('info', '--json').stdout)['events']


def test_from_the_network_file(make_server, tmp_path):
    (tmp_path / 'series.csv').write_text('2026-01-01T00:00:00Z,100\n2026-01-01T01:00:00Z,200\n')
    server = make_server(network=TARIFF).start()
    now = wait_for(lambda: signals(server) if ('east', 'carbon') in signals(server) else None, 'it is told')
    price = now['east', 'price']
    assert (price['source'], price['unit']) == ('tariff', 'yuan/kWh') and price['value'] in (0.25, 0.75)
    assert now['east', 'carbon']['source'] == 'repeated'
    assert now['east', 'temperature']['value'] == 20
    assert 'ends before today' in server.log.read_text()
    quote = json.loads(server.cli('quote', '--json', '--walltime', '1h', '-c', 2, '--', 'true').stdout)
    one = quote['candidates'][0]
    assert one['energy_kwh'] == 1.5  # a node of 1 kW, PUE 1.5 at 20 degrees
    assert 1.5 * 0.25 <= one['cost_yuan'] <= 1.5 * 0.75
    parts = json.loads(server.cli('signals', 'show', 'east', 'price', '--to', 'now+2d', '--json').stdout)['values']
    assert {p['value'] for p in parts} == {0.25, 0.75} and 4 <= len(parts) <= 6
    before = events(server)
    assert server.stop() == 0
    server.start()
    again = signals(server)
    assert again.keys() == now.keys() and all(again[k]['told'] == now[k]['told'] for k in now)
    assert events(server) <= before + 1
    # a changed file is told, what was pushed for other times stays
    server.cli('signals', 'put', 'east', 'price', '0.11', '--until', 'now+1h')
    (tmp_path / 'series.csv').write_text('2026-01-01T00:00:00Z,300\n2026-01-01T01:00:00Z,300\n')
    server.process.send_signal(1)
    wait_for(lambda: signals(server)['east', 'carbon']['value'] == 300, 'the new series counts')
    assert signals(server)['east', 'price']['value'] == 0.11


def test_footprint_of_a_job(make_server, tmp_path):
    (tmp_path / 'series.csv').write_text('2026-01-01T00:00:00Z,100\n')
    server = make_server(network=TARIFF.replace('busy_watt: 1000', 'busy_watt: 36000, embodied_kg: 876.6, life_years: 1')).start()
    held = server.submit('--hold', '--', 'true')
    assert server.job(held)['footprint'] is None
    job = server.submit('-c', '2', '--', 'sleep', '0.5')
    f = server.wait(job, code=0)['footprint']
    kwh = f['energy_kwh']  # 36 kW at PUE 1.5: 15 Wh a second
    assert 0.007 <= kwh < 0.15
    assert 0.25 * kwh - 1e-5 <= f['cost_yuan'] <= 0.75 * kwh + 1e-5
    assert abs(f['carbon_kg']['location'] - kwh * 0.1) < 1e-5 and f['carbon_kg']['market'] is None
    assert f['unknown'] == ['carbon_market of the site'] and f['method'] == 'estimated'
    sci = f['sci']  # making it: 100 g an hour
    seconds = kwh / 0.015
    assert abs(sci['embodied_g'] - seconds / 36) < 0.01
    assert abs(sci['g_per_run'] - (kwh * 100 + sci['embodied_g'])) < 0.01 and sci['runs'] == 1
    assert 'kWh, estimated' in server.cli('show', job).stdout
    array = server.submit('--array', '0-2', '--', 'true')
    server.wait(array, code=0)
    tasks = json.loads(server.cli('show', '--json', '--tasks', array).stdout)
    assert tasks['footprint']['sci']['runs'] == 3 and all(t['footprint'] for t in tasks['task_list'])


def test_put(server, tmp_path):
    server.cli('signals', 'put', 'west', 'carbon', '10.5', '--until', 'now+1h')
    assert signals(server)['west', 'carbon']['value'] == 10.5
    file = tmp_path / 'p.csv'
    day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)).strftime('%Y-%m-%dT')
    file.write_text('time,value\n' + ''.join('%s%s:00:00Z,%s\n' % (day, h, v) for h, v in [
        ('00', 0.2), ('01', 0.3), ('01', 0.4), ('02', 0.5), ('08', 0.6)]))
    r = server.cli('signals', 'put', 'west', 'price', file, '--dry-run')
    assert 'not told' in r.stdout and '1 gaps' in r.stderr and '1 times that came twice' in r.stderr
    assert signals(server, 'west')['west', 'price']['values'] == 0
    doc = json.loads(server.cli('signals', 'put', 'west', 'price', file, '--issued', 'now', '--json').stdout)
    assert (doc['values'], doc['gaps'], doc['duplicates']) == (4, 1, 1)
    shown = server.cli('signals', 'show', 'west', 'price', '--from', day + '00:30:00Z', '--to',
                       day + '03:00:00Z', '--no-header', '--format', 'value,source').stdout.split()
    assert shown == ['0.2', 'forecast', '0.4', 'forecast', '0.5', 'forecast']
    maps = {'zone': 'DE', 'carbonIntensity': 302, 'datetime': day + '00:00:00.000Z'}
    status, _, answer = server.http('POST', '/v1/signals?site=west&kind=carbon&lifecycle=true&check=true', maps)
    assert status == 200 and answer['checked_only'], answer


def test_what_is_wrong_is_said(server, tmp_path):
    bad = tmp_path / 'bad.csv'
    bad.write_text('2026-12-01T00:00:00Z,0.2\n2026-12-01T01:00:00Z,cheap\n')
    for args, code, text in [
            (('put', 'west', 'price', bad), 2, 'the body:2'),
            (('put', 'west', 'price', tmp_path / 'none.csv'), 3, 'want a file or a number'),
            (('put', 'nowhere', 'price', '1'), 3, 'no site "nowhere"'),
            (('put', 'west', 'prize', '1'), 2, 'want price, carbon'),
            (('put', 'west', 'renewable', '1.5'), 2, 'out of range'),
            (('put', 'west', 'price', '1', '--until', 'now-1h'), 2, 'until'),
            (('put', 'west'), 2, 'put SITE KIND'), (('show', 'west'), 2, 'show SITE KIND'),
            (('show', 'west', 'price', '--from', 'soon'), 2, 'from'), (('nowhere',), 3, 'no site')]:
        r = server.cli('signals', *args, code=code)
        assert text in r.stderr and not r.stdout, (args, r.stderr)
    for body, field in [({'site': 'west', 'values': []}, 'values'), ({'kind': 'price', 'values': []}, 'site'),
                        ({'site': 'west', 'kind': 'price', 'values': [{'time': 5}]}, 'values/0'),
                        ({'site': 'west', 'kind': 'price', 'valeus': []}, 'valeus'),
                        ({'site': 'west', 'kind': 'price', 'period': 'year', 'values': []}, 'period'),
                        ({'site': 'west', 'kind': 'price', 'values': []}, 'steps'),
                        ({'site': 'west', 'kind': 'price', 'values': [{'time': 7, 'value': 1}, {'time': 7, 'value': 2}]}, 'steps')]:
        assert server.http('POST', '/v1/signals', body, status=400)[2]['field'] == field, body
    marginal = {'site': 'west', 'kind': 'carbon', 'values': [{'time': 'now', 'value': 1}]}
    server.http('POST', '/v1/signals', marginal, status=200)
    marginal['marginal'] = True
    assert server.http('POST', '/v1/signals', marginal, status=409)[2]['field'] == 'marginal'
    marginal['replace'] = True
    server.http('POST', '/v1/signals', marginal, status=200)


def test_only_operators_tell(make_server, tmp_path):
    server = make_server(network=NETWORK, insecure=False).start()
    admin = (server.data / 'admin.token').read_text()
    server.token = admin
    made = json.loads(server.cli('token', 'create', '--user', 'u', '--role', 'user', '--json').stdout)
    server.token = made['token']
    assert server.cli('signals', 'list').stdout
    assert 'operator' in server.cli('signals', 'put', 'west', 'price', '1', code=4).stderr
