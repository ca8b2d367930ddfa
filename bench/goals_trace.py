#!/usr/bin/env python3
"""Jobs of some days of a log with the columns arrival_time, length (hours) and cpus, as JSON Lines for suan simulate,
and a network of equal sites on which they make the wanted load: goals_trace.py LOG DIR --days D --load L --sites A=FILE,…

Writes DIR/jobs.jsonl and DIR/network.yaml. Jobs are as they are in the log; the sites are sized by their load."""
import argparse
import csv
import gzip
import json
import pathlib


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('log')
    p.add_argument('dir', type=pathlib.Path)
    p.add_argument('--days', type=float, default=28)
    p.add_argument('--from-day', type=float, default=30)
    p.add_argument('--load', type=float, required=True)
    p.add_argument('--sites', required=True, help='NAME=CARBON_FILE, with commas')
    args = p.parse_args()
    first, span = args.from_day * 24, args.days * 24
    area = 0
    jobs = []
    with gzip.open(args.log, 'rt') as f:
        for row in csv.DictReader(f):
            at, length, cpus = float(row['arrival_time']), float(row['length']), int(row['cpus'])
            if first <= at < first + span and length > 0:
                jobs.append((at - first, length, cpus))
                area += length * cpus
    sites = [x.split('=') for x in args.sites.split(',')]
    nodes = max(1, round(area / span / args.load / len(sites) / 16))
    with open(args.dir / 'jobs.jsonl', 'w', encoding='utf-8') as f:
        for i, (at, length, cpus) in enumerate(jobs):
            run = max(1, round(length * 3600))
            f.write(json.dumps({'id': i + 1, 'submit_s': round(at * 3600), 'run_s': run, 'estimate_s': run, 'tasks': cpus,
                                'cores': 1, 'site': sites[i % len(sites)][0]}) + '\n')
    with open(args.dir / 'network.yaml', 'w', encoding='utf-8') as f:
        f.write('network: goals\nsites:\n')
        for name, series in sites:
            f.write('  - {name: %s, price: 0.5, carbon: %s, pools: [{name: cpu, nodes: %d, cores: 16, busy_watt: 400}]}\n' % (
                name, series, nodes))
    print('%d jobs, %d nodes a site, load %.3f' % (len(jobs), nodes, area / span / len(sites) / nodes / 16))


main()
