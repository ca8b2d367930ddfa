#!/usr/bin/env python3
"""A week of mixed demand on a slice of the national network, for suan simulate.

week.py --out DIR writes DIR/network.yaml, signals/*.csv, data.csv, jobs.jsonl, and jobs-at-once.jsonl: the same jobs,
none of which waits for a better price or cleaner power. week_report.py compares what came out.

The figures are in facts.csv and make.py; here are only rules. Equal options write equal files.
"""
import argparse
import csv
import datetime
import json
import math
import os
import random
import re
import sys

import make

HERE = os.path.dirname(os.path.abspath(__file__))
GRIDS = {'Jibei': 'jibei', 'Guangdong, north': 'guangdong-north', 'Guangdong, delta': 'guangdong-delta'}
CLASSES = ('realtime', 'interactive', 'rendering', 'offline', 'archive', 'disaster', 'training')
PEOPLE = ('realtime', 'interactive')    # come by the working day of people, and stay near them
ZONE_H = 8
GIB = 2**30


class Facts:
    """facts.csv by name; asking for one that is not there is an error."""

    def __init__(self):
        with open(os.path.join(HERE, 'facts.csv'), encoding='utf-8') as f:
            rows = csv.DictReader(line for line in f if not line.startswith('#'))
            self.rows = {row['name']: row for row in rows}

    def text(self, *name):
        return self.rows['.'.join(name)]['value']

    def number(self, *name):
        return float(self.text(*name))

    def numbers(self, *name):
        return [float(x) for x in self.text(*name).split()]

    def has(self, *name):
        return '.'.join(name) in self.rows


def grid_of(place):
    """The name of a grid in the facts."""
    return GRIDS.get(place.grid) or place.grid.lower().replace(' ', '-')


def province_of(place):
    """The two grids of Guangdong have one tariff, one mix and one weather."""
    return re.sub(r'^guangdong.*', 'guangdong', grid_of(place))


# ---- signals -----------------------------------------------------------------------------------

class Weather:
    """Generation of sun and wind in a province, by hour, mean 1 over the week; and temperatures."""

    def __init__(self, facts, days, seed):
        self.facts, self.days, self.seed = facts, days, seed
        self.begin = datetime.date.fromisoformat(facts.text('week.begin'))

    def random(self, what):
        return random.Random('%d %s' % (self.seed, what))

    def sun(self, province, lat):
        f, kind = self.facts, self.facts.text('profile', province).split()[0]
        r = self.random('sun ' + province)
        declination = 23.44 * math.sin(math.radians(360 * (self.begin.timetuple().tm_yday - 81) / 365))
        half_day = math.degrees(math.acos(-math.tan(math.radians(lat)) * math.tan(math.radians(declination)))) / 15
        out = []
        for _ in range(self.days):
            sky = f.number('sun.cloud') if r.random() < f.number('sun', kind, 'cloudy') else 1
            for hour in range(24):
                x = (hour + 0.5 - (12 - half_day)) / (2 * half_day)
                out.append(sky * math.sin(math.pi * x) ** f.number('sun.exponent') if 0 < x < 1 else 0)
        return mean_one(out)

    def wind(self, province):
        f, kind = self.facts, self.facts.text('profile', province).split()[1]
        r = self.random('wind ' + province)
        days = [max(0.1, r.gauss(1, f.number('wind.weather'))) for _ in range(self.days + 1)]
        out = []
        for hour in range(self.days * 24):
            day, part = divmod(hour / 24, 1)
            swing = f.number('wind', kind, 'swing') * math.cos(
                2 * math.pi * (hour - f.number('wind', kind, 'hour')) / 24)
            out.append((days[int(day)] * (1 - part) + days[int(day) + 1] * part) * (1 + swing))
        return mean_one(out)

    def green(self, province, lat):
        """Share of sun and wind in the electricity of each hour."""
        part, share = self.facts.number('renewable.wind_part'), self.facts.number(
            'renewable', province, 'sun_and_wind')
        return [min(0.95, share * (part * w + (1 - part) * s))
                for w, s in zip(self.wind(province), self.sun(province, lat))]

    def temperature(self, place):
        f = self.facts
        r = self.random('temperature ' + place.name)
        month = self.begin.month + self.begin.day / 31 - 1
        mean = f.number('temperature', place.name) - f.number('temperature.season') * math.cos(
            2 * math.pi * (month - 0.5) / 12)
        days = [r.gauss(0, f.number('temperature.weather')) for _ in range(self.days)]
        return [mean + days[h // 24] + f.number('temperature.day') * math.cos(2 * math.pi * (h % 24 - 15) / 24)
                for h in range(self.days * 24)]


def mean_one(values):
    mean = sum(values) / len(values)
    return [v / mean for v in values]


def write_series(path, begin, values, digits):
    start = datetime.datetime.combine(begin, datetime.time()) - datetime.timedelta(hours=ZONE_H)
    with open(path, 'w', encoding='utf-8') as f:
        f.write('time,value\n')
        for hour, value in enumerate(values):
            f.write('%sZ,%.*f\n' % ((start + datetime.timedelta(hours=hour)).isoformat(), digits, value))


def write_signals(out, places, facts, days, seed):
    """Carbon: what burns emits the mean of the year by its mean share; the sun and the wind nothing."""
    weather = Weather(facts, days, seed)
    os.makedirs(os.path.join(out, 'signals'), exist_ok=True)
    for p in places:
        province = province_of(p)
        rest = float(p.carbon) / (1 - facts.number('renewable', province, 'sun_and_wind'))
        water = facts.number('renewable', province, 'total') - facts.number('renewable', province, 'sun_and_wind')
        green = weather.green(province, float(p.lat))
        carbon = [g * float(p.carbon) / (sum(green) and sum(rest * (1 - x) for x in green) / len(green))
                  for g in (rest * (1 - x) for x in green)]
        for name, values, digits in (('carbon', carbon, 1),
                                     ('renewable', [min(1, max(0, g + water)) for g in green], 4),
                                     ('temperature', weather.temperature(p), 1)):
            write_series(os.path.join(out, 'signals', '%s-%s.csv' % (p.name, name)), weather.begin, values, digits)


# ---- network -----------------------------------------------------------------------------------

def tariff_rules(place, facts):
    """(hours, months, yuan per kWh, name); the last one is for the rest of the day."""
    flat, spread = (facts.number('price', grid_of(place), x) for x in ('flat', 'spread'))
    found = {int(name.split('.')[2]): (name.split('.')[3], row['value'].split(';'))
             for name, row in facts.rows.items() if name.startswith('tariff.%s.' % province_of(place))}
    rules = [(hours, months, flat + spread * (float(ratio) - 1), name)
             for _, (name, (hours, months, ratio)) in sorted(found.items())]
    return rules + [('', '', flat, 'flat')]


def tariff_text(place, facts):
    text = '    price:\n      zone: "+08:00"\n      tariff:\n'
    for hours, months, yuan, name in tariff_rules(place, facts):
        text += '        - {%s%sprice: %.4f, name: %s}\n' % (
            'hours: "%s", ' % hours if hours else '', 'months: "%s", ' % months if months else '', yuan, name)
    return text


def site_text(place, pools, pue, contract, facts):
    t = facts.number('temperature', place.name)
    curve = ', '.join('{temperature: %.1f, pue: %.3f}' % (t + d, float(pue) + d * facts.number(
        'pue', 'warm' if d > 0 else 'cold')) for d in (-15, 0, 15))
    text = '  - name: %s\n    zh: %s\n    hub: %s\n    owner: owner-%s\n    lon: %s\n    lat: %s\n' % (
        place.name, place.zh, place.hub, place.name, place.lon, place.lat)
    text += tariff_text(place, facts)
    for kind in ('carbon', 'renewable', 'temperature'):
        text += '    %s: signals/%s-%s.csv\n' % (kind, place.name, kind)
    text += '    carbon_market: %.1f\n    pue: [%s]\n    pools:\n' % (
        facts.number('carbon.residual') * (1 - contract), curve)
    return text + pools


def slice_of(nodes, facts, scale):
    return max(1, round(nodes * scale / facts.number('slice.pools')))


def gpu_pool(nodes, facts):
    """Cards draw their part of what the node draws in make.py."""
    cards = {k: make.GPU_CARDS * facts.number('gpu_card', k) for k in ('idle', 'busy')}
    return ('      - {name: gpu, nodes: %d, cores: %d, memory: %s, gpu: %s, gpus: %d, idle_watt: %d, busy_watt: %d, '
            'gpu_idle_watt: %d, gpu_busy_watt: %d, price_hour: %s}\n' % (
                nodes, make.GPU['cores'], make.GPU['memory'], make.GPU_KIND, make.GPU_CARDS,
                make.GPU['idle_watt'] - cards['idle'], make.GPU['busy_watt'] - cards['busy'],
                facts.number('gpu_card.idle'), facts.number('gpu_card.busy'), make.GPU['price_hour']))


def network_text(cities, clusters, facts, scale):
    text = '# A slice of the national network for a week, written by week.py: see README.md.\n' \
           'network: east-west-week\n\n' + make.hubs_text() + '\n' + make.cities_text(cities) + '\nsites:\n'
    for p in clusters + cities:
        edge = p in cities
        pools = make.pool_text('cpu', slice_of(p.cpu_nodes(), facts, scale), make.CPU,
                               make.EDGE_PRICE_HOUR if edge else make.CPU['price_hour'])
        if p.gpu_nodes:
            pools += gpu_pool(slice_of(p.gpu_nodes, facts, scale), facts)
        text += site_text(p, pools, make.EDGE_PUE if edge else p.pue,
                          facts.number('green_contract', 'city' if edge else p.name), facts)
    text += '\nlinks:\n'
    for a, b, gbit, _ in make.make_links(cities, clusters):
        text += '  - {from: %s, to: %s, gbit: %.3f, ms: %.2f, price_gib: %.3f}\n' % (
            a.name, b.name, max(0.001, gbit * scale / facts.number('slice.links')), make.ms(a, b),
            make.price_gib(a, b))
    return text


# ---- demand ------------------------------------------------------------------------------------

class Demand:
    """Jobs until each class has the core-hours that are its share."""

    def __init__(self, facts, cities, clusters, days, scale, seed):
        self.f, self.cities, self.days = facts, cities, days
        self.r = random.Random(seed)
        self.jobs, self.data = [], []
        self.open = {}    # (class, city): [data set, jobs that still read it]
        cores = sum(slice_of(p.cpu_nodes(), facts, scale) for p in clusters + cities) * make.CPU['cores']
        cards = sum(slice_of(p.gpu_nodes, facts, scale) for p in clusters) * make.GPU_CARDS
        self.most_nodes = max(slice_of(p.gpu_nodes, facts, scale) for p in clusters)
        self.cpu_hours = cores * days * 24 * facts.number('load.cpu')
        self.gpu_hours = cards * days * 24 * facts.number('load.gpu')
        begin = datetime.date.fromisoformat(facts.text('week.begin')).weekday()
        self.day_weight = [facts.number('day.weekend') if (begin + d) % 7 > 4 else 1 for d in range(days)]

    def span(self, *name):
        """Between two figures, each magnitude as often as another."""
        low, high = self.f.numbers(*name)
        return math.exp(self.r.uniform(math.log(low), math.log(high)))

    def submit(self, kind):
        day = self.r.choices(range(self.days), self.day_weight)[0]
        hours = self.f.numbers('day', 'person' if kind in PEOPLE else 'batch')
        hour = self.r.choices(range(24), hours)[0]
        return int((day * 24 + hour) * 3600 + self.r.random() * 3600)

    def data_set(self, kind, city):
        """One that this city's jobs of the class read still, or a new one in the city."""
        at = self.open.get((kind, city.name))
        if not at or at[1] == 0:
            name = '%s-%s-%d' % (kind, city.name, len(self.data) + 1)
            self.data.append((name, city.name, round(self.span('data', kind))))
            at = self.open[kind, city.name] = [name, round(self.f.number('data.reuse', kind))]
        at[1] -= 1
        return at[0]

    def job(self, kind):
        f, r = self.f, self.r
        city = r.choices(self.cities, [float(c.weight) for c in self.cities])[0]
        run = round(self.span('class', kind, 'hours') * 3600)
        submit = self.submit(kind)
        job = {'submit_s': submit, 'run_s': run, 'estimate_s': round(run * r.uniform(*f.numbers('estimate'))),
               'tasks': 1, 'cores': int(r.choice(f.numbers('class', kind, 'cores'))),
               'user': '%s@%s' % (kind, city.name), 'site': city.name}
        if kind == 'training':
            job['tasks'] = min(self.most_nodes, int(r.choice(f.numbers('class.training.nodes'))))
            job.update(gpus=make.GPU_CARDS, gpu=make.GPU_KIND, checkpointable=True)
        else:    # one task for every server
            server = make.CPU['cores']
            job['tasks'], job['cores'] = max(1, job['cores'] // server), min(server, job['cores'])
        if f.has('class', kind, 'latency'):
            job.update(near=city.name, max_latency_ms=f.number('class', kind, 'latency'))
        if f.has('class', kind, 'goal'):
            job.update(goal=f.text('class', kind, 'goal'), max_delay_s=round(f.number('class', kind, 'delay') * 3600))
        if f.has('class', kind, 'deadline'):
            job['deadline_s'] = submit + max(round(f.number('class', kind, 'deadline') * 3600), 2 * job['estimate_s'])
        if kind == 'disaster':
            job['not_hub'] = city.hub
        job['city'] = city
        return job

    def make(self):
        for kind in CLASSES:
            want = self.gpu_hours if kind == 'training' else self.cpu_hours * self.f.number('class', kind, 'share')
            while want > 0:
                job = self.job(kind)
                self.jobs.append((kind, job))
                want -= job['tasks'] * (job.get('gpus') or job['cores']) * job['run_s'] / 3600
        self.jobs.sort(key=lambda kj: kj[1]['submit_s'])
        for i, (kind, job) in enumerate(self.jobs):
            city = job.pop('city')
            if self.f.has('data', kind):    # in the order of submission, so that neighbours share
                job['inputs'] = [{'data': self.data_set(kind, city)}]
            job = {'id': i + 1, **job}
            yield job


def write_all(out, days, scale, seed):
    facts, cities, clusters = Facts(), make.make_cities(), make.make_clusters()
    for c in cities + clusters:
        assert abs(facts.number('price', grid_of(c), 'flat') - float(c.price)) < 1e-9, c.name
    os.makedirs(out, exist_ok=True)
    write_signals(out, clusters + cities, facts, days + 3, seed)    # what was submitted last ends later
    with open(os.path.join(out, 'network.yaml'), 'w', encoding='utf-8') as f:
        f.write(network_text(cities, clusters, facts, scale))
    demand = Demand(facts, cities, clusters, days, scale, seed)
    with open(os.path.join(out, 'jobs.jsonl'), 'w', encoding='utf-8') as goals, \
            open(os.path.join(out, 'jobs-at-once.jsonl'), 'w', encoding='utf-8') as at_once:
        for job in demand.make():
            goals.write(json.dumps(job) + '\n')
            job.pop('goal', None)
            job.pop('max_delay_s', None)
            at_once.write(json.dumps(job) + '\n')
    with open(os.path.join(out, 'data.csv'), 'w', encoding='utf-8') as f:
        f.write('# name,site,size\n')
        for name, site, gib in demand.data:
            f.write('%s,%s,%dGiB\n' % (name, site, gib))
    return len(demand.jobs)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--days', type=int, default=7)
    p.add_argument('--scale', type=float, default=0.05,
                   help='of pools, links and demand; 1 is one in 5000 servers, default 0.05')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--out', required=True, metavar='DIR')
    a = p.parse_args()
    if a.days < 1 or a.scale <= 0:
        p.error('want --days of 1 or more and --scale above 0')
    print('%d jobs in %s' % (write_all(a.out, a.days, a.scale, a.seed), a.out))
    return 0


if __name__ == '__main__':
    sys.exit(main())
