#!/usr/bin/env python3
"""Jobs of several sites out of one log, as JSON Lines for suan simulate.

Each site submits every job of the log, shifted in time by a part of the log's span and wrapped around its
end. All times of submission are then stretched so that the sites together have the wanted load."""
import argparse
import gzip
import json


def read(path):
    """(submission, run time, processors, estimate, user) of every job of a log in the Standard Workload Format."""
    with gzip.open(path, 'rt') as log:
        for line in log:
            f = line.split()
            if f and not f[0].startswith(';'):
                run, estimate = int(f[3]), int(f[8])
                yield int(f[1]), run, int(f[4]), estimate if estimate > 0 else run, f[11]


def numbers(text):
    return [float(x) for x in text.split(',')]


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('log')
    p.add_argument('--sizes', type=numbers, required=True, help='cores of each site')
    p.add_argument('--shifts', type=numbers, required=True, help='parts of the span, one a site')
    p.add_argument('--load', type=float, required=True, help='0: as in the log')
    p.add_argument('--keep', type=numbers, help='parts of the jobs that the sites keep (1); the load is without this')
    args = p.parse_args()
    jobs = list(read(args.log))
    first = min(j[0] for j in jobs)
    span = max(j[0] for j in jobs) - first + 1
    sites = len(args.sizes)
    keep = args.keep or [1] * sites
    assert len(args.shifts) == len(keep) == sites
    stretch = 1.0
    if args.load > 0:
        stretch = sites * sum(j[1] * j[2] for j in jobs) / (sum(args.sizes) * span * args.load)
    out = []
    for site in range(sites):
        for i, (submit, *rest) in enumerate(jobs):
            if int((i + 1) * keep[site]) > int(i * keep[site]):
                at = (submit - first + args.shifts[site] * span) % span
                out.append((int(at * stretch), site, i, *rest))
    out.sort()
    for number, (submit, site, _, run, cores, estimate, user) in enumerate(out, 1):
        job = {'id': number, 'submit_s': submit, 'run_s': run, 'estimate_s': estimate, 'tasks': cores, 'cores': 1,
               'site': f's{site}'}
        if user != '-1':
            job['user'] = user
        print(json.dumps(job))


main()
