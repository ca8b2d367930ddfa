#!/usr/bin/env python3
"""What came out of the national week: week_report.py DIR NAME=RESULT… [--plots P] [--check]

DIR is what week.py wrote, RESULT a folder with a schedule.csv of suan simulate. Prints a table of the jobs alone (idle
cores left out) with a column for each NAME. --plots P writes P-where.svg and P-policies.svg; P-where.svg shows the last
NAME. --check fails if a job ran further from its city, or in another hub, than it may."""
import argparse
import csv
import json
import os
import re
import sys

CLASSES = ('realtime', 'interactive', 'disaster', 'offline', 'rendering', 'archive', 'training')
SIDES = (('east', '#4269d0'), ('both', '#9c6b4e'), ('west', '#3ca951'), ('edge', '#97989f'))


def jobs_of(folder):
    with open(os.path.join(folder, 'jobs.jsonl'), encoding='utf-8') as f:
        return {j['id']: j for j in map(json.loads, f)}


def schedule_of(result):
    """job, site, start, end (s), cores, cost, carbon of each job that ran to its end."""
    with open(os.path.join(result, 'schedule.csv'), encoding='utf-8') as f:
        return [{'job': int(r['job']), 'site': r['site'], 'cores': int(r['cores']),
                 **{k: float(r[k]) for k in ('submit', 'start', 'end', 'cost', 'carbon')}}
                for r in csv.DictReader(f) if r['end']]


class Network:
    """Hubs, sides and latencies of the network file that week.py writes."""

    def __init__(self, folder):
        with open(os.path.join(folder, 'network.yaml'), encoding='utf-8') as f:
            text = f.read()
        sites = text[text.index('\nsites:'):]
        self.hub = dict(re.findall(r'- name: (\S+)\n    zh: \S+\n    hub: (\S+)', sites))
        side = dict(re.findall(r'- \{name: (\S+), zh: \S+, side: (\S+)\}', text))
        cities = set(re.findall(r'- \{name: (\S+), zh: \S+, lon:', text))
        self.side = {s: 'edge' if s in cities else side[h] for s, h in self.hub.items()}
        self.ms = {(a, b): float(ms) for a, b, ms in
                   re.findall(r'from: (\S+), to: (\S+), gbit: \S+, ms: ([\d.]+)', text)}
        for over in self.hub:    # the shortest way, over other places too
            for a in self.hub:
                for b in self.hub:
                    way = self.ms.get((a, over), 1e9) + self.ms.get((over, b), 1e9)
                    self.ms[a, b] = min(self.ms.get((a, b), 1e9), way)


def broken_rules(jobs, schedule, network):
    bad = []
    for r in schedule:
        job = jobs[r['job']]
        if job.get('near') and job['near'] != r['site']:
            ms = network.ms.get((job['near'], r['site']), 1e9)
            if ms > job['max_latency_ms'] + 0.01:
                bad.append('job %d ran in %s, %.2f ms from %s' % (r['job'], r['site'], ms, job['near']))
        if job.get('not_hub') == network.hub[r['site']]:
            bad.append('job %d ran in %s, in the hub %s' % (r['job'], r['site'], job['not_hub']))
    return bad


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def figures(jobs, schedule, network):
    kind = {i: j['user'].split('@')[0] for i, j in jobs.items()}
    out = {'jobs that ran': len(schedule),
           'cost, yuan': sum(r['cost'] for r in schedule),
           'carbon, kg': sum(r['carbon'] for r in schedule)}
    for c in CLASSES:
        out['wait, %s, min' % c] = mean((r['start'] - r['submit']) / 60 for r in schedule if kind[r['job']] == c)
    late = sum(1 for r in schedule if r['end'] > jobs[r['job']].get('deadline_s', 1e18) - zero(jobs))
    out['deadlines missed'] = late
    area = sum(r['cores'] * (r['end'] - r['start']) for r in schedule)
    out['core-hours in the west, %'] = 100 * sum(r['cores'] * (r['end'] - r['start']) for r in schedule
                                                 if network.side[r['site']] == 'west') / area
    return out


def zero(jobs):
    """Times of a schedule count from the first submission."""
    return min(j['submit_s'] for j in jobs.values())


def table(columns):
    names = list(columns)
    print('| | ' + ' | '.join(names) + ' |\n|---|' + '--:|' * len(names))
    for row in columns[names[0]]:
        cells = [columns[n][row] for n in names]
        print('| %s | %s |' % (row, ' | '.join('{:,.0f}'.format(c) if c >= 100 or isinstance(c, int) else '%.1f' % c
                                              for c in cells)))


# ---- plots -------------------------------------------------------------------------------------

STYLE = ('<style>text{font:13px sans-serif;fill:#222}.l{stroke:#999;fill:none}'
         '@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n')


def svg(width, height, body):
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">\n%s%s</svg>\n' % (
        width, height, width, height, STYLE, body))


def text(x, y, what, anchor='start'):
    return '<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>\n' % (x, y, anchor, what)


def where_plot(schedule, network, days):
    """Cores in use by the hour, stacked by side."""
    hours = days * 24
    use = {side: [0.0] * hours for side, _ in SIDES}
    for r in schedule:
        for h in range(int(r['start'] // 3600), min(hours, int(r['end'] // 3600) + 1)):
            part = min(r['end'], h * 3600 + 3600) - max(r['start'], h * 3600)
            use[network.side[r['site']]][h] += r['cores'] * max(0, part) / 3600
    top = max(sum(use[s][h] for s, _ in SIDES) for h in range(hours)) or 1
    left, base, wide, high = 60, 270, 720, 220
    below, body = [0.0] * hours, ''
    for side, colour in SIDES:
        above = [b + u for b, u in zip(below, use[side])]
        points = [(h, v) for h, v in enumerate(above)] + [(h, below[h]) for h in reversed(range(hours))]
        body += '<polygon fill="%s" points="%s"/>\n' % (colour, ' '.join(
            '%.1f,%.1f' % (left + wide * h / (hours - 1), base - high * v / top) for h, v in points))
        below = above
    for day in range(days + 1):
        x = left + wide * min(day * 24, hours - 1) / (hours - 1)
        body += '<path class="l" d="M%.1f %d v6"/>\n' % (x, base)
        if day < days:
            body += text(x + wide / days / 2, base + 20, 'Mon Tue Wed Thu Fri Sat Sun'.split()[day % 7], 'middle')
    body += text(left - 6, base, '0', 'end') + text(left - 6, base - high + 5, '{:,.0f}'.format(top), 'end')
    body += text(left, 20, 'Cores in use 核')
    for i, (side, colour) in enumerate(SIDES):
        label = {'east': 'east 东', 'both': 'Chengdu-Chongqing 成渝', 'west': 'west 西', 'edge': 'cities 城市'}[side]
        x = left + (0, 90, 290, 390)[i]
        body += '<rect x="%d" y="31" width="11" height="11" fill="%s"/>\n' % (x, colour) + text(x + 16, 41, label)
    return svg(800, 305, body)


def policies_plot(columns):
    """Cost, carbon and mean wait of all classes, each by the largest."""
    groups = (('cost, yuan', 'cost 费用, yuan'), ('carbon, kg', 'carbon 碳, kg'), ('wait', 'mean wait 等待, min'))
    body, y = '', 10
    for key, label in groups:
        y += 22
        body += text(10, y, label)
        values = {n: c[key] if key != 'wait' else mean(c['wait, %s, min' % k] for k in CLASSES)
                  for n, c in columns.items()}
        top = max(values.values()) or 1
        for name, value in values.items():
            y += 20
            colour = '#3ca951' if name.startswith('suan') else '#97989f'
            body += text(170, y, name, 'end')
            body += '<rect x="180" y="%d" width="%.1f" height="14" fill="%s"/>\n' % (y - 12, 480 * value / top, colour)
            body += text(188 + 480 * value / top, y, '{:,.0f}'.format(value))
    return svg(800, y + 20, body)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('dir')
    p.add_argument('results', nargs='+', metavar='NAME=RESULT')
    p.add_argument('--plots', metavar='P')
    p.add_argument('--check', action='store_true')
    a = p.parse_args()
    jobs, network = jobs_of(a.dir), Network(a.dir)
    columns, bad, schedule = {}, [], []
    for name, _, result in (x.partition('=') for x in a.results):
        schedule = schedule_of(result)
        columns[name] = figures(jobs, schedule, network)
        bad += ['%s: %s' % (name, b) for b in broken_rules(jobs, schedule, network)]
    table(columns)
    if a.plots:
        days = max(1, round(max(j['submit_s'] for j in jobs.values()) / 86400))
        for kind, body in (('where', where_plot(schedule, network, days)), ('policies', policies_plot(columns))):
            with open('%s-%s.svg' % (a.plots, kind), 'w', encoding='utf-8') as f:
                f.write(body)
    for line in bad if a.check else []:
        print(line, file=sys.stderr)
    return 1 if a.check and bad else 0


if __name__ == '__main__':
    sys.exit(main())
