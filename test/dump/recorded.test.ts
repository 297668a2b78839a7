import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DumpContent } from '../../src/dump/dump.ts';
import { printDump } from '../../src/dump/print.ts';
import { bare, read } from './same.ts';

/** One state of one namespace in every form, recorded by record.sh beside this file. */
const FOLDER = 'test/dump/recorded';
const FORMATS: Readonly<Record<string, string>> = {
  'arp-a.txt': 'arp',
  'arp-n.txt': 'arp',
  'brctl-show.txt': 'brctl-show',
  'bridge-d-link.json': 'bridge-link-json',
  'bridge-d-link.txt': 'bridge-link',
  'bridge-fdb.json': 'bridge-fdb-json',
  'bridge-fdb.txt': 'bridge-fdb',
  'bridge-link.json': 'bridge-link-json',
  'bridge-link.txt': 'bridge-link',
  'bridge-s-fdb.txt': 'bridge-fdb',
  'conntrack-extended.txt': 'conntrack',
  'conntrack.txt': 'conntrack',
  'ifconfig.txt': 'ifconfig',
  'ip-4-addr.txt': 'ip-addr',
  'ip-addr.json': 'ip-addr-json',
  'ip-addr.txt': 'ip-addr',
  'ip-d-addr.json': 'ip-addr-json',
  'ip-d-addr.txt': 'ip-addr',
  'ip-d-route-all.txt': 'ip-route',
  'ip-d-rule.txt': 'ip-rule',
  'ip-link.json': 'ip-link-json',
  'ip-link.txt': 'ip-link',
  'ip-neigh-proxy.json': 'ip-neigh-json',
  'ip-neigh-proxy.txt': 'ip-neigh',
  'ip-neigh.json': 'ip-neigh-json',
  'ip-neigh.txt': 'ip-neigh',
  'ip-o-link.txt': 'ip-link',
  'ip-o-route.txt': 'ip-route',
  'ip-route-all.json': 'ip-route-json',
  'ip-route-all.txt': 'ip-route',
  'ip-route-local.txt': 'ip-route',
  'ip-route.json': 'ip-route-json',
  'ip-route.txt': 'ip-route',
  'ip-rule.json': 'ip-rule-json',
  'ip-rule.txt': 'ip-rule',
  'ip-s-neigh.txt': 'ip-neigh',
  'ip-ss-link.json': 'ip-link-json',
  'ip-ss-link.txt': 'ip-link',
  'ip6-route.json': 'ip-route-json',
  'ip6-route.txt': 'ip-route',
  'ip6-rule.json': 'ip-rule-json',
  'ip6-rule.txt': 'ip-rule',
  'ip6tables-save.txt': 'iptables-save',
  'ipset-list-t.txt': 'ipset-list',
  'ipset-list-xml.txt': 'ipset-xml',
  'ipset-list.txt': 'ipset-list',
  'ipset-save.txt': 'ipset-save',
  'iptables-save-c.txt': 'iptables-save',
  'iptables-save.txt': 'iptables-save',
  'netstat-antup.txt': 'netstat',
  'netstat-lntup.txt': 'netstat',
  'netstat-s.txt': 'netstat-s',
  'nf_conntrack.txt': 'conntrack',
  'nft-a.txt': 'nft',
  'nft.json': 'nft-json',
  'nft.txt': 'nft',
  'nstat.json': 'nstat-json',
  'nstat.txt': 'nstat',
  'route-6.txt': 'route-n',
  'route-n.txt': 'route-n',
  'ss-antup.txt': 'ss',
  'ss-lnt.txt': 'ss',
  'ss-lntu.txt': 'ss',
  'ss-lntup.txt': 'ss',
  'ss-lntupe.txt': 'ss',
  'sysctl-proc.txt': 'sysctl',
  'sysctl.txt': 'sysctl',
};

function load(name: string) {
  return read(name, readFileSync(`${FOLDER}/${name}`, 'utf8'));
}

describe('recorded dumps', () => {
  it('has a row for every file', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(FORMATS).sort());
  });

  it.each(Object.entries(FORMATS))('%s is %s, without an issue', (name, format) => {
    const dump = load(name);
    expect(dump.issues.map(({ line, code }) => [line, code])).toEqual(name === 'route-n.txt' ? LOSSY : []);
    expect(dump.format).toBe(format);
  });
});

/** What `route -n` can't show: a blackhole from a throw, an IPv6 gateway of an IPv4 route. */
const LOSSY = [
  [9, 'dump-lossy'],
  [11, 'dump-lossy'],
  [14, 'dump-line'],
];

/** Fields that iproute2 6.1 prints in one of the two forms only. */
const ONE_SIDED = [
  // Text resolves the id of a named namespace to its name.
  'peerNetns',
  'peerNetnsid',
  // JSON has no sign for `lock`, and mixes the encapsulation's fields into the route's.
  'mtuLocked',
  'encap',
  // `ip -d -j link`: defaults that the text leaves out, timers that run between the two commands.
  'df',
  'learning',
  'ttl',
  'multi_queue',
  'gc_timer',
  // `-s -j` prints overruns where `-s` prints missed packets.
  'rx_missed_errors',
  'rx_over_errors',
  // Seconds that pass between the two commands.
  'validLifetime',
  'preferredLifetime',
  'expires',
  // `nft -a`, and JSON always.
  'handle',
];

/** nft's text translates the extensions of iptables-nft, its JSON only names them: such rules are the text's in both. */
function translated(json: DumpContent, text: DumpContent): DumpContent {
  if (json.kind !== 'nft' || text.kind !== 'nft') return json;
  const tables = json.ruleset.tables.map((table, t) => ({
    ...table,
    chains: table.chains.map((chain, c) => ({
      ...chain,
      rules: chain.rules.map((rule, r) =>
        rule.statements.some(({ kind }) => kind === 'xt')
          ? (text.ruleset.tables[t]?.chains[c]?.rules[r] ?? rule)
          : rule,
      ),
    })),
  }));
  return { ...json, ruleset: { ...json.ruleset, tables } };
}

describe('text and JSON forms of the same state give the same records', () => {
  const twins = Object.keys(FORMATS).filter(
    (name) => name.endsWith('.json') && `${name.slice(0, -5)}.txt` in FORMATS,
  );
  it.each(twins)('%s', (name) => {
    const json = load(name);
    const text = load(`${name.slice(0, -5)}.txt`);
    const content = translated(json.content, text.content);
    expect(bare(content, ONE_SIDED)).toEqual(bare(text.content, ONE_SIDED));
  });

  it.each([
    ['ip-o-link.txt', 'ip-link.txt'],
    ['ip-o-route.txt', 'ip-route.txt'],
    ['bridge-s-fdb.txt', 'bridge-fdb.txt'],
    ['ip-s-neigh.txt', 'ip-neigh.txt'],
    ['ip-d-rule.txt', 'ip-rule.txt'],
    ['nft-a.txt', 'nft.txt'],
    ['sysctl-proc.txt', 'sysctl.txt'],
    ['iptables-save-c.txt', 'iptables-save.txt'],
    ['ipset-list.txt', 'ipset-save.txt'],
    ['ipset-list-xml.txt', 'ipset-save.txt'],
  ])('%s says what %s says', (one, other) => {
    const order = (value: unknown) =>
      Array.isArray(value) ? [...value].map((item) => JSON.stringify(item)).sort() : value;
    const content = (name: string) => {
      const { content } = load(name);
      return content.kind === 'sysctls'
        ? order(bare(content.sysctls))
        : bare(content, ['counters', 'used', 'updated', 'handle']);
    };
    expect(content(one)).toEqual(content(other));
  });

  it('ss and netstat show the same listeners', () => {
    const listeners = (name: string) => {
      const { content } = load(name);
      if (content.kind !== 'sockets') return [];
      return content.sockets
        .map(
          ({ protocol, address, port, family, pid }) =>
            `${protocol} ${address ?? '*'} ${port} ${family} ${pid ?? '-'}`,
        )
        .sort();
    };
    expect(listeners('netstat-lntup.txt')).toEqual(listeners('ss-lntup.txt'));
  });

  it('netstat -s and nstat show the same counters', () => {
    const nstat = load('nstat.txt').content;
    const netstat = load('netstat-s.txt').content;
    if (nstat.kind !== 'counters' || netstat.kind !== 'counters') throw new Error('no counters');
    let compared = 0;
    for (const [name, { value }] of netstat.counters) {
      const other = nstat.counters.get(name);
      if (!other) continue;
      compared++;
      expect(other.value, name).toBe(value);
    }
    expect(compared).toBeGreaterThan(25);
  });
});

describe('printed as its command prints it, a dump reads the same', () => {
  /** What a printed line cannot carry: the command that was asked, and counters of a ruleset (never printed). */
  const lost = ['covers', 'tables', 'counters'];
  /** Printed as by `nft -s`, without -a. */
  const lostOfNft = ['handle', 'packets', 'bytes', 'iptables'];
  it.each(Object.keys(FORMATS))('%s', (name) => {
    const dump = load(name);
    const printed = printDump(dump.content);
    if (dump.content.kind === 'bridges') {
      expect(printed).toBeUndefined();
      return;
    }
    const again = read(name, printed ?? '', name);
    expect(again.issues).toEqual([]);
    const without = dump.content.kind === 'nft' ? lostOfNft : lost;
    expect(bare(again.content, without)).toEqual(bare(dump.content, without));
    expect(printDump(again.content)).toBe(printed);
  });

  it.each([
    'ip-addr.txt',
    'ip-route.txt',
    'ip6-route.txt',
    'ip-rule.txt',
    'ip6-rule.txt',
    'ip-neigh.txt',
    'ip-link.txt',
    'sysctl.txt',
  ])('%s to the letter, but for white space at the ends', (name) => {
    const tidy = (text: string) =>
      text
        .split('\n')
        .map((line) => line.replace(/\s+/g, ' ').trim())
        .join('\n')
        // Not kept: what the kernel derives or nothing here asks for.
        .replace(/ \[(?:detached|unresolved)\]| router/g, '');
    expect(tidy(printDump(load(name).content) ?? '')).toBe(tidy(readFileSync(`${FOLDER}/${name}`, 'utf8')));
  });
});
