#!/usr/bin/env python3
"""Includes in src/ go only where tools/layers.txt allows, through front doors, and never in a circle."""
import argparse
import os
import re
import sys

import csource

INCLUDE = re.compile(r'#\s*include\s*"([^"]*)"')


class Rules:
    def __init__(self, path):
        self.may = {}    # layer -> {other layer: None (its front door) or a set of headers}
        self.door = {}   # layer -> set of headers; {'*'} for all
        with open(path, encoding='utf-8') as f:
            for n, line in enumerate(f, 1):
                line = line.split('#')[0].strip()
                if line and not self.parse(line):
                    sys.exit('%s:%d: found "%s", want "layer: layers" or "layer! headers"' % (path, n, line))
        for layer, others in self.may.items():
            for other in others:
                if other != '*' and other not in self.may:
                    sys.exit('%s: %s uses the unknown layer %s' % (path, layer, other))

    def parse(self, line):
        m = re.match(r'(\w+)\s*([:!])\s*(.*)$', line)
        if not m:
            return False
        layer, kind, rest = m.groups()
        if kind == '!':
            self.door[layer] = set(rest.split())
            return True
        self.may[layer] = {}
        for name, headers in re.findall(r'(\w+|\*)(?:\(([^)]*)\))?', rest):
            self.may[layer][name] = set(headers.split()) if headers else None
        return True

    def refusal(self, layer, target):
        """None when layer may include target, else what is wrong and what would be right."""
        if '/' not in target:
            return 'included without its folder; write "layer/%s"' % target
        other, header = target.split('/', 1)
        if other == layer:
            return None
        if other not in self.may:
            return 'no layer "%s" in tools/layers.txt; the layers are %s' % (other, ' '.join(sorted(self.may)))
        allowed = self.may[layer]
        if other not in allowed and '*' not in allowed:
            names = ' '.join(sorted(allowed)) or 'nothing'
            return 'layer %s may not use %s; it may use %s' % (layer, other, names)
        door = allowed.get(other) or self.door.get(other, set())
        if '*' in door or header in door:
            return None
        return 'not a front door of %s for %s; include one of: %s' % (
            other, layer, ' '.join('%s/%s' % (other, h) for h in sorted(door)) or '(none)')


def cycles(graph):
    """Each circle of headers once, as a list that starts at its smallest name."""
    found = set()
    done = set()

    def visit(node, trail):
        if node in trail:
            ring = trail[trail.index(node):]
            k = ring.index(min(ring))
            found.add(tuple(ring[k:] + ring[:k]))
            return
        if node in done:
            return
        for to in graph.get(node, ()):
            visit(to, trail + [node])
        done.add(node)

    for node in sorted(graph):
        visit(node, [])
    return sorted(found)


def check(root, rules_path):
    rules = Rules(rules_path)
    report = csource.Report()
    graph = {}
    for path in csource.c_files(root, 'src'):
        src = csource.Source(root, path)
        layer = src.layer()
        if layer not in rules.may:
            report.add(path, 0, 'folder src/%s is not in tools/layers.txt; add its line' % layer)
            continue
        for line, text in csource.directives(src.plain):
            m = INCLUDE.match(text)
            if not m:
                continue
            why = rules.refusal(layer, m.group(1))
            if why:
                report.add(path, line, 'found #include "%s": %s' % (m.group(1), why))
            if path.endswith('.h'):
                graph.setdefault(path[len('src/'):], []).append(m.group(1))
    for ring in cycles(graph):
        report.add('src/' + ring[0], 0, 'found a circle of includes: %s; let one direction go '
                   '(a forward declaration is often enough)' % ' -> '.join(ring + ring[:1]))
    return report.done()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--root', default=csource.root_dir())
    p.add_argument('--rules', help='default: ROOT/tools/layers.txt')
    a = p.parse_args()
    return check(a.root, a.rules or os.path.join(a.root, 'tools', 'layers.txt'))


if __name__ == '__main__':
    sys.exit(main())
