"""Tariffs, series and forecasts of the network file in a service and in simulations."""
import json
import signal
from datetime import datetime, timedelta, timezone

import pytest

from conftest import wait_for

HOUR = timedelta(hours=1)
RULES = '\n'.join('        - {hours: "%02d:00-%02d:00", price: %.1f}' % (h, h + 1, (h + 1) / 10)
                  for h in range(24))
NETWORK = '''network: t
sites:
  - name: a
    driver: local
    carbon: c.csv
    forecast: {carbon: f.csv}
    carbon_market: 0
    pue: [{temperature: 0, pue: 1.0}, {temperature: 20, pue: 1.5}]
    temperature: 10
    price:
      zone: "+05:30"
      tariff:
%s
    pools: [{name: p, nodes: 2, cores: 2, memory: 2GiB, busy_watt: 800}]
''' % RULES
TOLD = 'signals of the network file: a/%s is told'


def csv(first, values, issued=None):
    return 'time,value%s\n' % (',issued' if issued else '') + ''.join(
        '%s,%d%s\n' % ((first + i * HOUR).isoformat(), v, ',' + issued.isoformat() if issued else '')
        for i, v in enumerate(values))


def this_hour():
    return datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)


def over(start, end, at):
    """Of what holds for an hour, the sum over the time, in hours."""
    total, hour = 0, start.replace(minute=0, second=0, microsecond=0) - HOUR / 2
    while hour < end:
        part = min(end, hour + HOUR / 2) - max(start, hour)
        total += max(part / HOUR, 0) * at(hour)
        hour += HOUR / 2
    return total


def times(candidate):
    return [datetime.fromisoformat(candidate[k].replace('Z', '+00:00')) for k in ('start', 'end')]


@pytest.fixture
def told(make_server, tmp_path):
    """A service that was told; the hour when its files begin."""
    first = this_hour() - 5 * HOUR
    (tmp_path / 'c.csv').write_text(csv(first, range(100, 400)))
    (tmp_path / 'f.csv').write_text(csv(first + 300 * HOUR, range(900, 960), issued=first))
    server = make_server(network=NETWORK)
    for name in ('c.csv', 'f.csv'):
        (tmp_path / name).replace(server.file.parent / name)
    server.start()
    for kind in ('price', 'carbon', 'carbon/forecast'):
        wait_for(lambda k=kind: TOLD % k in server.log.read_text(), kind + ' is told')
    return server, first


def test_quotes_follow_the_hours_of_tariff_and_series(told):
    server, first = told
    quote = json.loads(server.cli('quote', '--json', '--walltime', '3h', '--cores', '2', '--', 'true').stdout)
    best = [c for c in quote['candidates'] if c['chosen']][0]
    start, end = times(best)
    zone = timezone(timedelta(hours=5, minutes=30))
    # 0.8 kW at 10 degrees: PUE 1.25, one kWh an hour
    cost = over(start, end, lambda t: (t.astimezone(zone).hour + 1) / 10)
    carbon = over(start, end, lambda t: 100 + (t - first) // HOUR)
    assert best['energy_kwh'] == 3
    assert best['cost_yuan'] == pytest.approx(cost, abs=2e-5)
    assert best['carbon_kg']['location'] == pytest.approx(carbon / 1000, abs=2e-5)
    assert best['carbon_kg']['market'] == 0


def test_a_restart_tells_nothing_again_and_a_changed_file_is_told(told):
    server, first = told
    before = {k: server.log.read_text().count(TOLD % k) for k in ('price', 'carbon', 'carbon/forecast')}
    assert before == {'price': 1, 'carbon': 1, 'carbon/forecast': 1}
    events = lambda: json.loads(server.cli('info', '--json').stdout)['events']
    server.stop()
    server.start()
    at_first = events()
    server.stop()
    server.start()
    # what a start itself adds is the same each time, and none of it is a signal
    assert {k: server.log.read_text().count(TOLD % k) for k in before} == before
    assert events() - at_first <= 2

    twice = csv(first, [300]).splitlines()[1] + '\n'
    (server.file.parent / 'c.csv').write_text(csv(first, range(300, 600)) + twice)
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: server.log.read_text().count(TOLD % 'carbon') == 2, 'it is told again')
    text = server.log.read_text()
    assert text.count(TOLD % 'price') == 1
    assert 'carbon: 0 gaps, 1 times that came twice, 0 estimated values' in text
    quote = json.loads(server.cli('quote', '--json', '--walltime', '1h', '--cores', '2', '--', 'true').stdout)
    best = [c for c in quote['candidates'] if c['chosen']][0]
    start, end = times(best)
    carbon = over(start, end, lambda t: 300 + (t - first) // HOUR)
    assert best['carbon_kg']['location'] == pytest.approx(carbon / 1000, abs=2e-5)


def test_a_bad_file_is_said_and_the_rest_counts(told):
    server, first = told
    (server.file.parent / 'c.csv').write_text('time,value\nyesterday,5\n')
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: 'what was known before counts' in server.log.read_text(), 'it is said')
    line = [x for x in server.log.read_text().splitlines() if 'what was known before counts' in x][0]
    assert 'site a' in line and 'c.csv:2: time: found "yesterday"' in line
    quote = json.loads(server.cli('quote', '--json', '--walltime', '1h', '--', 'true').stdout)
    assert quote['candidates'][0]['carbon_kg']['location'] > 0
