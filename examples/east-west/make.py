#!/usr/bin/env python3
"""Writes network.yaml, local.yaml and the tables of the two READMEs from the facts below.

make.py          write the files
make.py --check  change nothing; exit 1 when a file differs from what would be written, or when a
                 distance, a latency, a capacity or a power sum is wrong

Marks: R reported (source and date given), W weak source, E estimated here.
"""
import argparse
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# ---- rules -------------------------------------------------------------------------------------

EARTH_KM = 6371.0088    # mean radius, haversine
MS_PER_KM = 0.0049      # light in fibre, one way (geocables.com)
STRETCH = 1.76          # E: optical path over great circle, fitted to CAICT Q1 2024 mean of 9.7 ms
FIXED_MS = 0.2          # E: equipment

UP_RATE = 0.63          # R: racks in use in the ten clusters, 2024-06
RACK_W = 2500           # R: power of a standard rack
PER_RACK = 6            # E: two-socket servers in a full rack
# 6 x 0.63 = 3.8 servers per installed rack; Zhangjiakou reports 1.72 to 1.83 M on 460 000 (2025-06).
CPU = dict(cores=64, memory='256GiB', idle_watt=120, busy_watt=350, price_hour='1.60')      # E
EDGE_PRICE_HOUR = '2.00'                                                                    # E
GPU = dict(cores=112, memory='2TiB', idle_watt=2000, busy_watt=10200, price_hour='96.00')   # E
GPU_KIND, GPU_CARDS, CARD_TFLOPS = 'h800', 8, 989.5    # E: FP16 dense; stands for the mix of cards
# price_hour of a gpu node: 70 000 yuan a month for an 8-card server (2024-10, m.cnbeta.com.tw) / 730 h.
CPU_FLOOR = 0.1         # E: at least this part of the server rule where AI nodes fill the power

EDGE_PUE = '1.42'       # R: national mean, 2025-06

NEAR_MS = 5.0           # the circle "cluster to nearby city"
NEAR_SHARE = 3          # E: share of a home, near or reported direct city against any other
YUAN_MBPS_NEAR, YUAN_MBPS_FAR, FAR_KM = 1.0, 3.0, 2000  # E: private line, yuan per Mbit/s and month
LINK_USE = 0.16         # R: mean use of hub-to-hub bandwidth (CAICT Q1 2024)
GIB_PER_MBPS_MONTH = 1e6 / 8 * 730 * 3600 / 2**30       # 305.9

# ---- facts -------------------------------------------------------------------------------------

HUBS = [    # name, zh, side
    ('beijing-tianjin-hebei', '京津冀', 'east'),
    ('yangtze-delta', '长三角', 'east'),
    ('greater-bay', '粤港澳大湾区', 'east'),
    ('chengdu-chongqing', '成渝', 'both'),
    ('inner-mongolia', '内蒙古', 'west'),
    ('guizhou', '贵州', 'west'),
    ('gansu', '甘肃', 'west'),
    ('ningxia', '宁夏', 'west'),
]

# name, zh, hub, grid, lon, lat, racks, mark, pue, mark, yuan/kWh, gCO2/kWh,
# AI PFLOPS FP16, mark, uplink Gbit/s, mark, sources of what is marked R or W (stored web pages,
# mostly reprints)
CLUSTERS = [
    ('zhangjiakou', '张家口', 'beijing-tianjin-hebei', 'Jibei', '115.30', '40.60',
     460000, 'R 2025-06', '1.22', 'R 1.19 in Zhangbei to 1.25 in the city',
     '0.513', '725.2', 255000, 'R 2025-06', 20000, 'E',
     'reportify.ai, stevenpotter.cn, 383tm.com, chaxiaohao.com, wz.hebei.com.cn'),
    ('yrd-demo', '长三角示范区', 'yangtze-delta', 'Shanghai', '120.90', '31.05',
     200000, 'E no public figure', '1.25', 'E upper limit set in 2022-02',
     '0.577', '584.9', 20000, 'E', 30000, 'E', 'anhuinews.com, zslijia.com (PUE limit)'),
    ('wuhu', '芜湖', 'yangtze-delta', 'Anhui', '118.38', '31.33',
     150000, 'E over 600 000 being built 2024-09', '1.25', 'E upper limit set in 2022-02',
     '0.515', '678.2', 26000, 'R 2025-09, a platform that joins 34 centres', 20000, 'E',
     'udn.com, jrwlt.com, zdatacn.com, kjcyd.cn'),
    ('shaoguan', '韶关', 'greater-bay', 'Guangdong, north', '113.60', '24.80',
     120000, 'R 2026-02', '1.25', 'E upper limit set in 2022-02',
     '0.529', '440.3', 180000, 'R 2026-02, as what it can support', 20000, 'E',
     'reportify.ai, m.sosol.com.cn, iccsz.com'),
    ('tianfu', '天府', 'chengdu-chongqing', 'Sichuan', '104.07', '30.50',
     150000, 'E no cluster figure', '1.25', 'E upper limit, wording not verified',
     '0.542', '140.4', 24000, 'E', 15000, 'E', 'm.jrlcb.cn (plan of the province)'),
    ('chongqing', '重庆', 'chengdu-chongqing', 'Chongqing', '106.55', '29.75',
     90000, 'R 2022-04', '1.25', 'E upper limit, wording not verified',
     '0.578', '522.7', 10000, 'E', 15000, 'E', 'ja.chinastockmarketnews.com, flgwxiels.com'),
    ('horinger', '和林格尔', 'inner-mongolia', 'West Inner Mongolia', '111.82', '40.50',
     250000, 'E 150 000 reported about 2022', '1.18', 'R of one site',
     '0.392', '684.9', 116000, 'R 2025-05', 18000, 'E',
     'wuhanwzyd.com, 969895.com, reportify.ai, d9book.com, e993.com'),
    ('guian', '贵安', 'guizhou', 'Guizhou', '106.45', '26.40',
     182000, 'W whole province 2023', '1.18', 'R within 1.12 to 1.20',
     '0.469', '498.9', 50000, 'W part of 56 900 of the province 2025-03',
     45000, 'W target of the province for 2025', 'm.topoint.com.cn, gzastv.cn, jerry.net.cn'),
    ('qingyang', '庆阳', 'gansu', 'Gansu', '107.64', '35.73',
     31000, 'R 2025-09', '1.20', 'R upper limit',
     '0.444', '477.2', 66000, 'R 2025-08', 12000, 'E',
     'gansu.gscn.com.cn, reportify.ai, in-en.com'),
    ('zhongwei', '中卫', 'ningxia', 'Ningxia', '105.18', '37.50',
     96200, 'R 2024-08', '1.15', 'R claims of 1.10 to 1.15',
     '0.373', '642.3', 130000, 'R 2025', 18000, 'R',
     '630799.cn, m.nxnews.net, news.43b.com.cn, jlsxsq.com, pxdxbz.com'),
]

# name, zh, home hub (None: no national hub), grid, lon, lat, weight, yuan/kWh, gCO2/kWh, edge racks
CITIES = [
    ('beijing', '北京', 'beijing-tianjin-hebei', 'Beijing', '116.41', '39.90', '0.142', '0.583', '558.0', 60000),
    ('tianjin', '天津', 'beijing-tianjin-hebei', 'Tianjin', '117.20', '39.08', '0.054', '0.544', '704.1', 15000),
    ('shanghai', '上海', 'yangtze-delta', 'Shanghai', '121.47', '31.23', '0.153', '0.577', '584.9', 60000),
    ('nanjing', '南京', 'yangtze-delta', 'Jiangsu', '118.80', '32.06', '0.057', '0.519', '597.8', 15000),
    ('hangzhou', '杭州', 'yangtze-delta', 'Zhejiang', '120.16', '30.27', '0.065', '0.558', '515.3', 25000),
    ('guangzhou', '广州', 'greater-bay', 'Guangdong, delta', '113.26', '23.13', '0.099', '0.598', '440.3', 40000),
    ('shenzhen', '深圳', 'greater-bay', 'Guangdong, delta', '114.06', '22.54', '0.112', '0.598', '440.3', 40000),
    ('wuhan', '武汉', None, 'Hubei', '114.31', '30.59', '0.065', '0.578', '436.4', 15000),
    ('zhengzhou', '郑州', None, 'Henan', '113.62', '34.75', '0.044', '0.551', '605.8', 10000),
    ('chengdu', '成都', 'chengdu-chongqing', 'Sichuan', '104.07', '30.57', '0.072', '0.542', '140.4', 20000),
    ('chongqing-city', '重庆', 'chengdu-chongqing', 'Chongqing', '106.55', '29.56', '0.098', '0.578', '522.7', 20000),
    ('xian', '西安', None, 'Shaanxi', '108.94', '34.34', '0.039', '0.500', '655.8', 10000),
]

# Reported direct links: (place, place) -> (Gbit/s or None, source)
DIRECT = {
    ('beijing', 'zhongwei'): (400, 'R 4 x 100G'),
    ('beijing', 'horinger'): (None, 'cable by Ulanqab'),
}
DIRECT_TO_ALL_HUBS = 'qingyang'

LOCAL_TWO_SLOTS = {'zhongwei', 'horinger', 'guian', 'qingyang'}

# Test vectors worked out apart from this script: km and, for cities, one-way ms.
VECTORS = '''
beijing        122/1.3   1064/9.4  969/8.6   1699/14.9 1530/13.4 1442/12.6 395/3.6   1762/15.4 899/7.9   1010/8.9
tianjin        234/2.2   954/8.4   868/7.7   1623/14.2 1529/13.4 1423/12.5 486/4.4   1729/15.1 922/8.2   1063/9.4
shanghai       1180/10.4 58/0.7    294/2.7   1052/9.3  1661/14.5 1438/12.6 1347/11.8 1557/13.6 1375/12.1 1647/14.4
nanjing        1000/8.8  228/2.2   90/1.0    954/8.4   1409/12.4 1196/10.5 1127/9.9  1352/11.9 1107/9.7  1381/12.1
hangzhou       1230/10.8 112/1.2   207/2.0   887/7.9   1542/13.5 1311/11.5 1364/12.0 1408/12.3 1314/11.5 1597/14.0
guangzhou      1952/17.0 1160/10.2 1043/9.2  189/1.8   1225/10.8 994/8.8   1936/16.9 778/6.9   1502/13.2 1774/15.5
shenzhen       2012/17.5 1164/10.2 1067/9.4  256/2.4   1330/11.7 1097/9.7  2008/17.5 881/7.8   1593/13.9 1868/16.3
wuhan          1117/9.8  631/5.6   397/3.6   648/5.8   980/8.7   752/6.7   1125/9.9  898/7.9   843/7.5   1138/10.0
zhengzhou      667/6.0   794/7.0   584/5.2   1106/9.7  1011/8.9  866/7.7   659/5.9   1154/10.2 554/5.0   817/7.2
chengdu        1506/13.2 1607/14.1 1366/12.0 1136/10.0 8/0.3     255/2.4   1307/11.5 519/4.7   663/5.9   777/6.9
chongqing-city 1461/12.8 1387/12.2 1150/10.1 875/7.7   261/2.4   21/0.4    1307/11.5 352/3.2   694/6.2   892/7.9
xian           894/7.9   1177/10.3 943/8.3   1152/10.1 625/5.6   558/5.0   731/6.5   915/8.1   195/1.9   488/4.4
zhangjiakou    0    1175 1067 1764 1512 1443 294  1777 861  939
yrd-demo       1175 0    242  998  1608 1383 1331 1499 1335 1610
wuhu           1067 242  0    864  1367 1146 1178 1284 1108 1390
shaoguan       1764 998  864  0    1132 888  1754 739  1343 1622
tianfu         1512 1608 1367 1132 0    253  1313 512  670  785
chongqing      1443 1383 1146 888  253  0    1287 373  673  871
horinger       294  1331 1178 1754 1313 1287 0    1644 644  663
guian          1777 1499 1284 739  512  373  1644 0    1044 1240
qingyang       861  1335 1108 1343 670  673  644  1044 0    295
zhongwei       939  1610 1390 1622 785  871  663  1240 295  0
'''

# ---- model -------------------------------------------------------------------------------------


class Place:
    """A cluster or a city, with what the rules make of its facts."""

    def __init__(self, name, zh, hub, lon, lat, price, carbon, racks):
        self.name, self.zh, self.hub = name, zh, hub
        self.lon, self.lat, self.price, self.carbon, self.racks = lon, lat, price, carbon, racks
        self.gpu_nodes = 0

    def rule_nodes(self):
        return round(self.racks * PER_RACK * UP_RATE)

    def cpu_nodes(self):
        """The server rule, or what the AI nodes leave of the racks' power, but never below the floor."""
        left = self.racks * RACK_W - self.gpu_nodes * GPU['busy_watt']
        return max(min(self.rule_nodes(), left // CPU['busy_watt']), round(self.rule_nodes() * CPU_FLOOR))

    def busy_watt(self):
        return self.cpu_nodes() * CPU['busy_watt'] + self.gpu_nodes * GPU['busy_watt']


def make_clusters():
    out = []
    for (name, zh, hub, grid, lon, lat, racks, racks_mark, pue, pue_mark, price, carbon,
         pflops, pflops_mark, uplink, uplink_mark, sources) in CLUSTERS:
        c = Place(name, zh, hub, lon, lat, price, carbon, racks)
        c.grid, c.racks_mark, c.pue, c.pue_mark = grid, racks_mark, pue, pue_mark
        c.pflops, c.pflops_mark, c.uplink, c.uplink_mark = pflops, pflops_mark, uplink, uplink_mark
        c.sources = sources
        c.gpu_nodes = round(pflops * 1000 / (GPU_CARDS * CARD_TFLOPS))
        c.side = {h[0]: h[2] for h in HUBS}[hub]
        out.append(c)
    return out


def make_cities():
    out = []
    for name, zh, hub, grid, lon, lat, weight, price, carbon, racks in CITIES:
        c = Place(name, zh, hub or name, lon, lat, price, carbon, racks)
        c.grid, c.weight, c.national = grid, weight, hub is not None
        out.append(c)
    return out


def km(a, b):
    lon1, lat1, lon2, lat2 = (math.radians(float(x)) for x in (a.lon, a.lat, b.lon, b.lat))
    h = (math.sin((lat2 - lat1) / 2) ** 2 +
         math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2)
    return 2 * EARTH_KM * math.asin(math.sqrt(h))


def ms(a, b):
    return km(a, b) * MS_PER_KM * STRETCH + FIXED_MS


def price_gib(a, b):
    yuan = YUAN_MBPS_NEAR + (YUAN_MBPS_FAR - YUAN_MBPS_NEAR) * min(km(a, b) / FAR_KM, 1)
    return yuan / GIB_PER_MBPS_MONTH / LINK_USE


def kind(city, cluster):
    """Why a city has a large share of a cluster's links; '' when it has not."""
    if (city.name, cluster.name) in DIRECT:
        return 'direct'
    if city.hub == cluster.hub:
        return 'home'
    return 'near' if ms(city, cluster) <= NEAR_MS else ''


def city_gbit(city, cluster, cities):
    reported = DIRECT.get((city.name, cluster.name), (None, ''))[0]
    if reported:
        return reported

    def share(c):
        return float(c.weight) * (NEAR_SHARE if kind(c, cluster) else 1)
    part = cluster.uplink / 2 * share(city) / sum(share(c) for c in cities)
    return math.floor(part / 10) * 10


def cluster_gbit(a, b, clusters):
    return math.floor(min(a.uplink, b.uplink) / 2 / (len(clusters) - 1) / 10) * 10


def make_links(cities, clusters):
    """(from, to, gbit, comment), both directions next to each other."""
    out = []
    for city in cities:
        for cluster in clusters:
            note = kind(city, cluster)
            source = DIRECT.get((city.name, cluster.name), (None, ''))[1]
            note = (note + ': ' + source) if source else note
            gbit = city_gbit(city, cluster, cities)
            out += [(city, cluster, gbit, note), (cluster, city, gbit, note)]
    for i, a in enumerate(clusters):
        for b in clusters[i + 1:]:
            note = 'direct' if DIRECT_TO_ALL_HUBS in (a.name, b.name) else ''
            gbit = cluster_gbit(a, b, clusters)
            out += [(a, b, gbit, note), (b, a, gbit, note)]
    return out


# ---- text --------------------------------------------------------------------------------------

HEAD = '''\
# The national compute network 东数西算: eight hubs, ten clusters, twelve cities of demand.
# Written by make.py from the facts in it: change them there and run it again.
# Units: degrees WGS-84, yuan per kWh, gCO2 per kWh, Gbit/s, ms one way, yuan per GiB, watts and
# yuan per hour of one node. Racks are standard racks of 2.5 kW.
# Marks: R reported (date, source), W weak source, E estimated by make.py. README.md says more.
network: east-west
'''

SITES_HEAD = '''\

# Clusters first, then a small edge site in each city.
#   lon, lat  E   city or park centre, common knowledge, within 0.1 degree
#   price     W   flat price without the demand charge: coal benchmark x 1.03 + grid tariff + funds
#                 + 0.035; tariff tables of 2026 as transcribed by others
#   carbon    R   location-based mean of the province 2022 (environment ministry, statistics bureau)
#   cpu       E   nodes = racks x {per_rack} two-socket servers x {up} of racks in use (R 2024-06), less where
#                 AI nodes leave less of racks x 2.5 kW, but at least a tenth
#   gpu       E   nodes = AI PFLOPS FP16 / {pf:.3f} of a node of {cards} x {tf} TFLOPS; its price_hour is from
#                 a rent of 70 000 yuan a month (2024-10, m.cnbeta.com.tw)
#   owner         illustrative, as all names that begin with owner-
sites:
'''

LINKS_HEAD = '''\

# Every city with every cluster, every cluster with every other, both directions.
#   gbit       E  half of a cluster's uplink is for cities, by weight ({near} x for home, near and direct
#                 ones), half for clusters in equal parts; uplinks: {uplinks}
#   ms         E  great circle x 0.0049 ms/km x 1.76 + 0.2, fitted to the mean of CAICT Q1 2024
#   price_gib  E  private line of 1 (near) to 3 (2 000 km) yuan per Mbit/s and month, 16 % used
# home: same hub; near: within 5 ms; direct: a direct link is reported ({direct_all}: to all hubs).
links:
'''


def hubs_text():
    return 'hubs:\n' + ''.join('  - {name: %s, zh: %s, side: %s}\n' % h for h in HUBS)


def cities_text(cities):
    text = '# Demand. weight E: share of the GDP of the twelve, 2023. hub: the home hub; three cities have none\n' \
           '# and carry their own name, which is not a national hub.\ncities:\n'
    for c in cities:
        text += '  - {name: %s, zh: %s, lon: %s, lat: %s, hub: %s, weight: %s}%s\n' % (
            c.name, c.zh, c.lon, c.lat, c.hub, c.weight, '' if c.national else '    # non-hub')
    return text


def field(key, value, note=''):
    line = ('    %s: %s' % (key, value)).rstrip()
    return (line.ljust(32) + '# ' + note if note else line) + '\n'


def site_text(p, pue, pue_mark, racks_mark, non_hub=False):
    return ('  - name: %s\n' % p.name +
            field('zh', p.zh) +
            field('hub', p.hub, 'non-hub' if non_hub else '') +
            field('owner', 'owner-' + p.name) +
            field('lon', p.lon, 'E') +
            field('lat', p.lat, 'E') +
            field('pue', pue, pue_mark) +
            field('price', p.price, 'W %s' % p.grid) +
            field('carbon', p.carbon, 'R 2022') +
            field('racks', p.racks, racks_mark))


def pool_text(name, nodes, spec, price, gpu=''):
    return ('      - {name: %s, nodes: %d, cores: %d, memory: %s, speed: 1.0%s, idle_watt: %d, '
            'busy_watt: %d, price_hour: %s}\n' % (name, nodes, spec['cores'], spec['memory'], gpu,
                                                  spec['idle_watt'], spec['busy_watt'], price))


def network_text(cities, clusters):
    text = HEAD + '\n' + hubs_text() + '\n' + cities_text(cities)
    text += SITES_HEAD.format(per_rack=PER_RACK, up=UP_RATE, pf=GPU_CARDS * CARD_TFLOPS / 1000,
                              cards=GPU_CARDS, tf=CARD_TFLOPS)
    for c in clusters:
        text += '  # sources: %s\n' % c.sources
        text += site_text(c, c.pue, c.pue_mark, c.racks_mark)
        note = 'E' if c.cpu_nodes() == c.rule_nodes() else 'E cpu lowered: AI nodes need the power'
        text += field('pools', '', note)
        text += pool_text('cpu', c.cpu_nodes(), CPU, CPU['price_hour'])
        text += '      # AI PFLOPS FP16: %d %s\n' % (c.pflops, c.pflops_mark)
        text += pool_text('gpu', c.gpu_nodes, GPU, GPU['price_hour'],
                          ', gpu: %s, gpus: %d' % (GPU_KIND, GPU_CARDS))
    for c in cities:
        text += site_text(c, EDGE_PUE, 'R national mean 2025-06, hk.crntt.com', 'E', not c.national)
        text += field('pools', '', 'E')
        text += pool_text('cpu', c.cpu_nodes(), CPU, EDGE_PRICE_HOUR)
    uplinks = ', '.join('%s %d %s' % (c.name, c.uplink, c.uplink_mark) for c in clusters
                        if c.uplink_mark != 'E')
    text += LINKS_HEAD.format(near=NEAR_SHARE, direct_all=DIRECT_TO_ALL_HUBS,
                              uplinks=uplinks.replace(', guian', ',\n#                 guian')
                                             .replace(', zhongwei', ',\n#                 zhongwei') +
                              '; others E')
    for a, b, gbit, note in make_links(cities, clusters):
        text += link_text(a, b, gbit, note)
    return text


def link_text(a, b, gbit, note=''):
    line = '  - {from: %s, to: %s, gbit: %d, ms: %.2f, price_gib: %.3f}' % (
        a.name, b.name, gbit, ms(a, b), price_gib(a, b))
    return line + ('    # ' + note if note else '') + '\n'


LOCAL_HEAD = '''\
# The ten clusters of network.yaml on one machine: each is a site that really runs jobs here.
# Written by make.py. Places, PUE, prices, carbon and latency are those of network.yaml, with the
# marks given there; nodes, cores, memory and gbit are E, scaled down and lent for the demo: 2 cores in
# the west, 1 elsewhere. Watts and price_hour of a node are those of a server of 64 cores by the core.
network: east-west-local
'''


def local_text(cities, clusters):
    text = LOCAL_HEAD + '\n' + hubs_text() + '\n' + cities_text(cities) + '\nsites:\n'
    for c in clusters:
        cores = 2 if c.name in LOCAL_TWO_SLOTS else 1
        spec = dict(cores=cores, memory='2GiB',
                    idle_watt=math.ceil(CPU['idle_watt'] * cores / CPU['cores']),
                    busy_watt=math.ceil(CPU['busy_watt'] * cores / CPU['cores']))
        text += ('  - name: %s\n' % c.name + field('zh', c.zh) + field('hub', c.hub) +
                 field('owner', 'owner-' + c.name) + field('driver', 'local') +
                 field('lon', c.lon, 'E') + field('lat', c.lat, 'E') +
                 field('pue', c.pue, c.pue_mark) + field('price', c.price, 'W %s' % c.grid) +
                 field('carbon', c.carbon, 'R 2022') +
                 field('pools', '', 'E') +
                 pool_text('cpu', 1, spec, '%.3f' % (float(CPU['price_hour']) * cores / CPU['cores'])))
    text += '\n# All pairs, both directions; gbit E, ms and price_gib as in network.yaml.\nlinks:\n'
    for i, a in enumerate(clusters):
        for b in clusters[i + 1:]:
            text += link_text(a, b, 1) + link_text(b, a, 1)
    return text


def tables(clusters, zh):
    """The cluster table of a README."""
    sides = {'east': '东', 'west': '西', 'both': '东西兼有'}
    hubs = {h[0]: h[1] for h in HUBS}
    if zh:
        out = ['| 集群 | 枢纽 | 侧 | 标准机架 | 标记 | PUE | 电价 元/kWh | 碳 gCO2/kWh | AI PFLOPS | 标记 | cpu 节点 | gpu 节点 |']
    else:
        out = ['| cluster | hub | side | racks | mark | PUE | yuan/kWh | gCO2/kWh | AI PFLOPS | mark | cpu nodes | gpu nodes |']
    out.append('|---|---|---|--:|---|--:|--:|--:|--:|---|--:|--:|')
    for c in clusters:
        row = [c.zh if zh else '%s %s' % (c.name, c.zh), hubs[c.hub] if zh else c.hub,
               sides[c.side] if zh else c.side, '{:,}'.format(c.racks), mark(c.racks_mark),
               c.pue, c.price, c.carbon, '{:,}'.format(c.pflops), mark(c.pflops_mark),
               '{:,}'.format(c.cpu_nodes()), '{:,}'.format(c.gpu_nodes)]
        out.append('| ' + ' | '.join(row) + ' |')
    return '\n'.join(out)


def mark(text):
    """R with its date, else the letter."""
    date = re.search(r'20\d\d(-\d\d)?', text)
    return 'R ' + date.group(0) if text[0] == 'R' and date else text[0]


def with_table(text, table):
    head, start, rest = text.partition('<!-- clusters -->\n')
    return head + start + table + '\n' + rest[max(rest.find('<!-- end -->'), 0):]


# ---- checks ------------------------------------------------------------------------------------

def check_vectors(cities, clusters):
    """Distances within 1 km and latencies within the rounding of the vectors."""
    bad, places = [], {p.name: p for p in cities + clusters}
    for line in VECTORS.split('\n'):
        words = line.split()
        for cluster, want in zip(clusters, words[1:]):
            a = places[words[0]]
            want_km, _, want_ms = want.partition('/')
            if abs(km(a, cluster) - float(want_km)) > 1:
                bad.append('%s to %s: %.1f km, want %s' % (a.name, cluster.name, km(a, cluster), want_km))
            if want_ms and abs(ms(a, cluster) - float(want_ms)) > 0.06:
                bad.append('%s to %s: %.2f ms, want %s' % (a.name, cluster.name, ms(a, cluster), want_ms))
    return bad


def check_sums(cities, clusters):
    bad = []
    if abs(sum(float(c.weight) for c in cities) - 1) > 1e-9:
        bad.append('weights of the cities: sum is not 1')
    links = make_links(cities, clusters)
    if len(links) != 330:
        bad.append('found %d links, want 330' % len(links))
    for c in clusters:
        out = sum(gbit for a, _, gbit, _ in links if a is c)
        if out > c.uplink:
            bad.append('%s: links of %d Gbit/s, uplink %d' % (c.name, out, c.uplink))
        # Qingyang: its reported AI compute alone needs more than its reported racks give.
        if c.busy_watt() > c.racks * RACK_W and c.name != 'qingyang':
            bad.append('%s: all busy takes more than its racks give' % c.name)
    return bad


def read(name):
    try:
        with open(os.path.join(HERE, name), encoding='utf-8') as f:
            return f.read()
    except FileNotFoundError:
        return ''


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--check', action='store_true', help='change nothing, compare')
    a = p.parse_args()
    cities, clusters = make_cities(), make_clusters()
    files = {'network.yaml': network_text(cities, clusters), 'local.yaml': local_text(cities, clusters)}
    for name, zh in (('README.md', False), ('README.zh-CN.md', True)):
        files[name] = with_table(read(name), tables(clusters, zh))
    bad = check_vectors(cities, clusters) + check_sums(cities, clusters)
    for name, text in files.items():
        if a.check and text != read(name):
            bad.append('%s is not what make.py writes; run make.py' % name)
        elif not a.check:
            with open(os.path.join(HERE, name), 'w', encoding='utf-8') as f:
                f.write(text)
    for line in bad:
        print(line, file=sys.stderr)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
