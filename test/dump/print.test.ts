import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DumpContent } from '../../src/dump/dump.ts';
import { printDump } from '../../src/dump/print.ts';
import type { InterfaceAddress, IpRule, Link, Neighbour, Nexthop, Route } from '../../src/dump/records.ts';
import { type Family, formatIp, type Ip } from '../../src/net/ip.ts';
import { networkOf } from '../../src/net/prefix.ts';
import { bare, read } from './same.ts';

/** print ∘ parse is the identity on what can be printed: records made at random are read back as they were. */
const span = { path: 'made', line: 1 };
const uint = (max: number) => fc.integer({ min: 0, max });
const ip = (family: Family): fc.Arbitrary<Ip> =>
  family === 4 ? uint(0xffffffff) : fc.bigInt({ min: 1n, max: (1n << 128n) - 1n });
const prefix = (family: Family) =>
  fc.tuple(ip(family), uint(family === 4 ? 32 : 128)).map(([address, length]) => networkOf(address, length));
const name = fc
  .stringMatching(/^[a-z][a-z0-9_.-]{0,14}$/)
  .filter((text) => !/^(?:if\d+|dev|via|all)$/.test(text));
const flags = (...all: string[]) => fc.subarray(all);
type Present<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
const present = <T extends object>(value: T): Present<T> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Present<T>;
/** Any of the optional fields, as absent ones. */
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

function roundTrip(content: DumpContent): void {
  const printed = printDump(content) ?? '';
  const again = read('made', printed);
  expect(again.issues, printed).toEqual([]);
  expect(bare(again.content), printed).toEqual(bare(content));
}

const hop = (family: Family, weighted: boolean): fc.Arbitrary<Nexthop> =>
  fc
    .record({
      gateway: some(ip(family)),
      dev: name,
      weight: weighted ? fc.integer({ min: 1, max: 256 }) : fc.constant(1),
      flags: flags('onlink', 'linkdown', 'dead'),
    })
    .map(present);

const route = (family: Family): fc.Arbitrary<Route> =>
  fc
    .record({
      type: fc.constantFrom<Route['type'][]>(
        'unicast',
        'local',
        'broadcast',
        'multicast',
        'anycast',
        'prohibit',
        'throw',
      ),
      destination: prefix(family),
      table: fc.constantFrom('main', 'local', 'default', '7', 'vpn'),
      nexthops: fc.oneof(
        fc.constant<Nexthop[]>([]),
        hop(family, false).map((one) => [one]),
        fc.array(hop(family, true), { minLength: 2, maxLength: 4 }),
      ),
      prefsrc: some(ip(family)),
      metric: uint(0xffffffff),
      tos: some(uint(255)),
      // IPv6 has but one scope, and alone a preference.
      scope: family === 4 ? some(fc.constantFrom('link', 'host', 'global')) : fc.constant('global'),
      protocol: some(fc.constantFrom('kernel', 'boot', 'static', '99')),
      mtu: some(fc.integer({ min: 68, max: 65535 })),
      attributes: some(
        family === 4
          ? fc.constantFrom({ advmss: '1360' }, { initcwnd: '20', advmss: 'lock 9' })
          : fc.constantFrom<Record<string, string>[]>({ pref: 'medium', expires: '77' }, { hoplimit: '3' }),
      ),
    })
    .map((fields) => ({
      ...present(fields),
      family,
      flags: fields.nexthops.length === 1 ? (fields.nexthops[0]?.flags ?? []) : [],
      text: '',
      span,
    }));

const range = fc
  .tuple(uint(65535), uint(65535))
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const rule = (family: Family): fc.Arbitrary<IpRule> =>
  fc
    .record({
      priority: uint(0xffffffff),
      invert: fc.boolean(),
      source: some(prefix(family)),
      destination: some(prefix(family)),
      fwmark: some(fc.record({ mark: uint(0xffffffff), mask: uint(0xffffffff) })),
      iif: some(name),
      oif: some(name),
      tos: some(uint(255)),
      protocol: some(uint(255)),
      sourcePorts: some(range),
      destinationPorts: some(range),
      uids: some(range),
      suppressPrefixLength: some(uint(128)),
      action: fc.oneof(
        fc.constantFrom('main', 'local', '5', 'vpn').map((table) => ({ kind: 'lookup' as const, table })),
        fc.constantFrom('unreachable', 'prohibit', 'blackhole', 'nop').map((kind) => ({ kind })),
        uint(32766).map((priority) => ({ kind: 'goto' as const, priority })),
      ) as fc.Arbitrary<IpRule['action']>,
    })
    .map((fields) => ({ ...present(fields), family, text: '', span }));

const neighbour: fc.Arbitrary<Neighbour> = fc
  .record({
    address: fc.oneof(ip(4), ip(6)),
    dev: name,
    mac: some(uint(0xffffffffffff)),
    states: fc.constantFrom(['REACHABLE'], ['FAILED'], ['PERMANENT'], ['STALE']),
    proxy: fc.boolean(),
  })
  .map((fields) => ({ ...present(fields), span }));

const inet = (family: Family): fc.Arbitrary<InterfaceAddress> =>
  fc
    .record({
      address: ip(family),
      length: uint(family === 4 ? 32 : 128),
      peer: some(ip(family)),
      broadcast: family === 4 ? some(ip(4)) : fc.constant(undefined),
      scope: fc.constantFrom('global', 'link', 'host', 'site', '17'),
      secondary: family === 4 ? fc.boolean() : fc.constant(false),
      metric: some(uint(1000)),
      flags: flags('dynamic', 'tentative', 'noprefixroute', 'deprecated', 'temporary'),
      validLifetime: some(uint(0xffffffff)),
    })
    .map(({ validLifetime, ...fields }) => ({
      ...present(fields),
      ...(validLifetime === undefined ? {} : { validLifetime, preferredLifetime: validLifetime }),
      span,
    }));

const link: fc.Arbitrary<Link> = fc
  .record({
    index: fc.integer({ min: 1, max: 100_000 }),
    name,
    peerIndex: some(fc.integer({ min: 1, max: 100_000 })),
    flags: flags('UP', 'LOWER_UP', 'NO-CARRIER', 'BROADCAST', 'PROMISC'),
    mtu: uint(65536),
    qdisc: some(fc.constantFrom('noqueue', 'fq_codel')),
    master: some(name),
    operstate: fc.constantFrom('UP', 'DOWN', 'UNKNOWN'),
    queueLength: some(uint(10_000)),
    linkType: fc.constant('ether'),
    mac: some(uint(0xffffffffffff)),
    peerNetnsid: some(uint(9)),
    altnames: some(fc.array(name, { minLength: 1, maxLength: 2 })),
    kind: some(fc.constantFrom('veth', 'bridge', 'dummy')),
    statistics: some(
      fc.constantFrom({ rx_bytes: 1, tx_bytes: 2 }, { rx_packets: 7, collisions: 0, rx_crc_errors: 3 }),
    ),
    addresses: fc.array(fc.oneof(inet(4), inet(6)), { maxLength: 3 }),
  })
  .map((fields) => ({ ...present(fields), span }));

const family = fc.constantFrom<Family[]>(4, 6);
const listOf = <T>(make: (family: Family) => fc.Arbitrary<T>) =>
  family.chain((chosen) =>
    fc.tuple(fc.constant(chosen), fc.array(make(chosen), { minLength: 1, maxLength: 8 })),
  );

describe('what is printed reads back the same', () => {
  it('routes', () => {
    fc.assert(
      fc.property(listOf(route), ([chosen, routes]) => {
        // The family of a list shows when one of its routes does; a table local anywhere makes it one of all tables; a list of
        // nothing but the local table's kinds without that table is one of that table.
        fc.pre(routes.some(({ destination }) => destination.length > 0));
        fc.pre(
          routes.some(
            ({ type, table }) => table !== 'main' || !/local|cast/.test(type) || type === 'unicast',
          ),
        );
        const dump = {
          routes,
          covers: routes.some(({ table }) => table === 'local') ? ('all' as const) : ('main' as const),
        };
        roundTrip({ kind: 'routes', family: chosen, ...(chosen === 4 ? { dump4: dump } : { dump6: dump }) });
      }),
      { numRuns: 300 },
    );
  });

  it('rules', () => {
    fc.assert(
      fc.property(listOf(rule), ([chosen, rules]) => {
        fc.pre(rules.some(({ source, destination }) => source ?? destination));
        roundTrip({ kind: 'ip-rules', rules, family: chosen });
      }),
      { numRuns: 300 },
    );
  });

  it('neighbours', () => {
    fc.assert(
      fc.property(fc.array(neighbour, { minLength: 1, maxLength: 8 }), (neighbours) =>
        roundTrip({ kind: 'neighbours', neighbours }),
      ),
    );
  });

  it('links and addresses', () => {
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 4 }), (links) =>
        roundTrip({ kind: 'links', links, withAddresses: true }),
      ),
      { numRuns: 200 },
    );
  });

  it('sysctls', () => {
    const key = fc.array(fc.stringMatching(/^[a-z0-9_-]{1,12}$/), { minLength: 1, maxLength: 4 });
    const value = fc.stringMatching(/^[ -~]{0,30}$/).map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { minLength: 1 }), (settings) => {
        const sysctls = new Map(
          settings.map(([words, text]) => [`net.${words.join('.')}`, { value: text, span }]),
        );
        roundTrip({ kind: 'sysctls', sysctls });
      }),
    );
  });

  it('FDB entries', () => {
    const entry = fc
      .record({
        mac: uint(0xffffffffffff),
        dev: name,
        master: some(name),
        vlan: some(fc.integer({ min: 1, max: 4094 })),
        kind: fc.constantFrom({ permanent: true }, { permanent: false, fixed: true }, { permanent: false }),
        sticky: some(fc.constant(true)),
        locked: some(fc.constant(true)),
        externallyLearned: some(fc.constant(true)),
        idle: some(fc.tuple(uint(1e6), uint(1e6))),
        self: fc.boolean(),
        tunnel: some(fc.record({ remote: ip(4), port: uint(0xffff), vni: uint(0xffffff) })),
      })
      .map(({ kind, idle, tunnel, ...rest }) =>
        present({ ...rest, ...kind, ...tunnel, used: idle?.[0], updated: idle?.[1], span }),
      );
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 6 }), (entries) =>
        roundTrip({ kind: 'fdb', entries } as DumpContent),
      ),
    );
  });

  it('VLANs', () => {
    const vlan = fc.record({
      dev: name,
      vid: fc.integer({ min: 1, max: 4094 }),
      pvid: fc.boolean(),
      untagged: fc.boolean(),
      span: fc.constant(span),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(vlan, { minLength: 1, selector: ({ dev, vid }) => `${dev} ${vid}` }),
        (vlans) =>
          roundTrip({
            kind: 'bridge-vlans',
            vlans: vlans.toSorted((a, b) => (a.dev < b.dev ? -1 : 1)),
          } as DumpContent),
      ),
    );
  });

  it('counters', () => {
    const counter = fc.tuple(fc.stringMatching(/^(?:Ip|Tcp|Udp|Icmp)[A-Z][A-Za-z0-9]{0,20}$/), uint(2 ** 48));
    fc.assert(
      fc.property(fc.array(counter, { minLength: 1 }), (all) =>
        roundTrip({ kind: 'counters', counters: new Map(all.map(([key, value]) => [key, { value, span }])) }),
      ),
    );
  });

  it('sockets', () => {
    const socket = fc
      .record({
        protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
        state: fc.constantFrom('LISTEN', 'UNCONN', 'ESTAB'),
        at: fc.oneof(
          fc.constantFrom<{ family: 4 | 6 | 'both' }[]>({ family: 4 }, { family: 6 }, { family: 'both' }),
          ip(4).map((address) => ({ family: 4 as const, address })),
          ip(6).map((address) => ({ family: 6 as const, address })),
        ),
        port: fc.integer({ min: 1, max: 65535 }),
        receiveQueue: uint(5000),
        sendQueue: uint(5000),
        owner: some(fc.record({ process: fc.stringMatching(/^[a-z][a-z0-9-]{0,14}$/), pid: uint(4e6) })),
      })
      .filter(({ at }) => !('address' in at) || (at.address !== 0 && at.address !== 0n))
      .map(({ at, owner, ...rest }) => present({ ...rest, ...at, ...owner, span }));
    // Old versions print any address of IPv4 as `*`: that it is a new one, the first shows.
    const first = {
      protocol: 'udp',
      state: 'UNCONN',
      family: 4,
      port: 68,
      receiveQueue: 0,
      sendQueue: 0,
      span,
    };
    fc.assert(
      fc.property(fc.array(socket, { maxLength: 6 }), (sockets) =>
        roundTrip({ kind: 'sockets', sockets: [first, ...sockets] } as DumpContent),
      ),
    );
  });

  it('processes', () => {
    const row = fc.record({
      user: fc.stringMatching(/^[a-z][a-z0-9_-]{0,7}$/),
      pid: fc.integer({ min: 1, max: 4e6 }),
      parent: uint(4e6),
      command: fc.stringMatching(/^[/a-z][!-~]{0,12}(?: [!-~]{1,9}){0,3}$/),
      span: fc.constant(span),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (processes) =>
        roundTrip({ kind: 'processes', processes }),
      ),
    );
  });

  it('no address of IPv6 looks like a MAC or a name to the routes', () => {
    fc.assert(
      fc.property(ip(6), (address) => {
        expect(read('x', `${formatIp(address)} dev eth0 metric 1024 pref medium`).format).toBe('ip-route');
      }),
    );
  });
});
