import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LinkCounters, Socket } from '../../src/dump/records.ts';
import { bare, contentOf, read } from './same.ts';

const FOLDER = 'test/dump/proc';

/** One state, recorded by proc/record.sh. */
function recorded(name: string, command?: string): ReturnType<typeof read> {
  const dump = read(name, readFileSync(`${FOLDER}/${name}`, 'utf8'), command);
  expect(dump.issues, name).toEqual([]);
  return dump;
}

describe('files of /proc/net', () => {
  it('route has the routes of ip route', () => {
    const proc = contentOf(recorded('route.txt'), 'routes').dump4?.routes ?? [];
    const ip = contentOf(recorded('ip-route.txt'), 'routes').dump4?.routes ?? [];
    expect(proc.length).toBe(4);
    const kept = (routes: typeof proc): unknown =>
      routes
        .map(({ type, destination, table, nexthops, metric }) =>
          // /proc/net/route has no device of an unreachable route, as ip route; neither lists weights that differ here.
          bare({ type, destination, table, nexthops, metric }),
        )
        .toSorted((a, b) => JSON.stringify(a, big).localeCompare(JSON.stringify(b, big)));
    expect(kept(proc)).toEqual(kept(ip));
  });

  it('ipv6_route has the routes, and those of the local table beside', () => {
    const routes =
      contentOf(recorded('ipv6_route.txt', 'cat /proc/net/ipv6_route'), 'routes').dump6?.routes ?? [];
    expect(
      routes
        .filter(({ table, type }) => table === 'main' && type === 'unicast')
        .map(({ text }) => text.split(/\s+/)[0]),
    ).toEqual([
      '20010db8000900000000000000000000',
      'fe800000000000000000000000000000',
      '00000000000000000000000000000000',
    ]);
    const [way] = routes.filter(({ destination, type }) => destination.length === 0 && type === 'unicast');
    expect(way).toMatchObject({
      metric: 100,
      nexthops: [{ gateway: 0x20010db8000900000000000000000002n, dev: 'eth0' }],
    });
    expect(routes.filter(({ type }) => type === 'local').length).toBeGreaterThan(1);
  });

  it('tcp, tcp6, udp and udp6 have the sockets of ss and netstat', () => {
    const files = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap(
      (file) => contentOf(recorded(`${file}.txt`, `cat /proc/net/${file}`), 'sockets').sockets,
    );
    const key = ({ protocol, state, address, port, peer, family }: Socket): string =>
      `${protocol} ${state} ${address} ${port} ${peer?.address ?? ''} ${peer?.port || ''} ${family}`;
    for (const name of ['netstat-antu.txt', 'ss-antu.txt']) {
      const listed = contentOf(recorded(name), 'sockets').sockets;
      expect(files.map(key).toSorted(), name).toEqual(listed.map(key).toSorted());
    }
    expect(files.length).toBe(10);
  });

  it('udp without its command line is taken for udp, and says so', () => {
    const dump = read('sockets', readFileSync(`${FOLDER}/udp.txt`, 'utf8'));
    expect(contentOf(dump, 'sockets').sockets.every(({ protocol }) => protocol === 'udp')).toBe(true);
    expect(dump.issues.map(({ code }) => code)).toEqual(['dump-assumed']);
  });

  it('dev and ethtool -S have counters of devices', () => {
    const { devices } = contentOf(recorded('dev.txt'), 'link-counters');
    const { links } = contentOf(recorded('ip-s-link.json'), 'links');
    const lo = (list: readonly LinkCounters[]): LinkCounters | undefined =>
      list.find(({ dev }) => dev === 'lo');
    for (const [name, value] of Object.entries(lo(devices)?.counters ?? {})) {
      const other = links.find((link) => link.name === 'lo')?.statistics?.[name];
      if (other !== undefined) expect(value, name).toBe(other);
    }
    expect(lo(devices)?.counters.rx_packets).toBeGreaterThan(0);
    const [eth0] = contentOf(recorded('ethtool-s.txt', 'ethtool -S eth0'), 'link-counters').devices;
    expect(eth0?.dev).toBe('eth0');
    expect(Object.keys(eth0?.counters ?? {})).toContain('peer_ifindex');
    expect(read('x', 'NIC statistics:\n     rx_packets: 5\n').issues.map(({ code }) => code)).toEqual([
      'dump-device',
    ]);
  });

  it('snmp, snmp6 and netstat have the counters of nstat', () => {
    const nstat = contentOf(recorded('nstat.txt'), 'counters').counters;
    const all = ['snmp', 'snmp6', 'netstat'].flatMap((file) => [
      ...contentOf(recorded(`${file}.txt`), 'counters').counters,
    ]);
    const same = all.filter(([name, { value }]) => nstat.get(name)?.value === value);
    expect(new Map(all).get('IpForwDatagrams')?.value).toBe(nstat.get('IpForwDatagrams')?.value);
    // nstat leaves out settings (Ip: DefaultTTL …); its own questions count on.
    const settings = /^(?:IpForwarding|IpDefaultTTL|TcpRto|TcpMaxConn|TcpCurrEstab)/;
    const missing = all.filter(([name]) => !nstat.has(name) && !settings.test(name)).map(([name]) => name);
    expect(missing).toEqual([]);
    expect(same.length).toBeGreaterThan(all.length - 20);
  });

  it('stat/nf_conntrack has the counters of conntrack -S', () => {
    const stat = contentOf(recorded('stat-nf_conntrack.txt'), 'conntrack-stats').cpus;
    const own = contentOf(recorded('conntrack-s.txt'), 'conntrack-stats').cpus;
    expect(stat.map(({ cpu }) => cpu)).toEqual(own.map(({ cpu }) => cpu));
    for (const [i, { counters }] of own.entries()) {
      for (const [name, { value }] of counters) {
        const same = stat[i]?.counters.get(name);
        if (same) expect(same.value, name).toBe(value);
      }
    }
  });

  it('softnet_stat counts by CPU', () => {
    const { counters } = contentOf(recorded('softnet_stat.txt'), 'counters');
    expect(counters.get('softnet cpu0 processed')?.value).toBeGreaterThan(0);
    expect(counters.has('softnet cpu1 dropped')).toBe(true);
  });

  it('arp has the neighbours of ip neigh', () => {
    const arp = contentOf(recorded('arp.txt'), 'neighbours').neighbours;
    const neigh = contentOf(recorded('ip-neigh.json'), 'neighbours').neighbours;
    const kept = (list: typeof arp): unknown =>
      list.map(({ address, dev, mac }) => bare({ address, dev, mac }));
    expect(kept(arp)).toEqual(kept(neigh.filter(({ address }) => typeof address === 'number')));
  });
});

describe('lists of namespaces', () => {
  it('in text and JSON say the same', () => {
    for (const name of ['ip-netns-list-id', 'lsns']) {
      const text = contentOf(recorded(`${name}.txt`), 'namespaces').namespaces;
      const json = contentOf(recorded(`${name}.json`), 'namespaces').namespaces;
      expect(bare(text), name).toEqual(bare(json));
      expect(text.length).toBeGreaterThan(0);
    }
  });

  it('of names alone count under their command', () => {
    const names = readFileSync(`${FOLDER}/ip-netns-list.txt`, 'utf8');
    const dump = read('x', `root@host:~# ip netns list\n${names}`);
    expect(bare(contentOf(dump, 'namespaces').namespaces)).toEqual([
      { name: 'nettrace-proc-a' },
      { name: 'nettrace-proc-b' },
    ]);
    expect(bare(contentOf(read('x', 'red (id: 1)\nblue (id: 0)\n'), 'namespaces').namespaces)).toEqual([
      { name: 'red', netnsid: 1 },
      { name: 'blue', netnsid: 0 },
    ]);
  });
});

function big(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
