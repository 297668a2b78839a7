/** Random routing tables and questions to them, as commands of `ip`. The same seed, the same namespace. */
import type { Random } from '../../conformance/random.ts';

export const DEVICES = ['e0', 'e1', 'e2', 'e3'] as const;

export interface Query {
  readonly family: 4 | 6;
  readonly destination: string;
  readonly source?: string;
  readonly iif?: string;
  readonly oif?: string;
  readonly mark?: number;
  readonly tos?: number;
  readonly uid?: number;
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | 'ipv6-icmp';
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Small pools, so that tables, rules and questions meet. */
const NETS4 = [
  '10.0.0.0/24',
  '10.1.0.0/24',
  '10.2.0.0/24',
  '10.3.0.0/24',
  '10.0.0.0/8',
  '10.50.0.0/16',
  '10.50.7.0/24',
  '10.50.7.7/32',
  '172.16.0.0/12',
  '192.0.2.0/25',
  'default',
  'default',
  '10.1.0.128/25',
];
const NETS6 = [
  'fd00:0:0:1::/64',
  'fd00:0:0:2::/64',
  'fd00::/32',
  '2001:db8::/32',
  '2001:db8:7::/48',
  '2001:db8:7::7/128',
  '2002::/16',
  'default',
  'default',
];
export const SPOTS4: readonly string[] = [
  '10.0.0.1',
  '10.0.0.9',
  '10.1.0.9',
  '10.1.0.200',
  '10.2.0.255',
  '10.3.0.1',
  '10.50.1.1',
  '10.50.7.1',
  '10.50.7.7',
  '10.99.0.1',
  '172.20.1.1',
  '192.0.2.5',
  '8.8.8.8',
  '127.0.0.9',
  '255.255.255.255',
  '224.0.0.1',
  '224.0.0.77',
  '239.1.1.1',
  '0.0.0.0',
  '240.1.1.1',
  '10.2.0.0',
  '10.0.0.77',
];
export const SPOTS6: readonly string[] = [
  'fd00:0:0:1::9',
  'fd00:0:0:2::1',
  'fd00:0:0:3::5',
  'fd00:0:0:1::',
  'fd00:9::1',
  '2001:db8::5',
  '2001:db8:7::5',
  '2001:db8:7::7',
  '2002:1::1',
  '2600::1',
  '::1',
  'fe80::9',
  'ff02::1',
  'ff05::77',
  'fc00::5',
];
export const SOURCES6: readonly string[] = [
  'fd00:0:0:1::1',
  'fd00:0:0:2::1',
  '2001:db8:1::1',
  'fd00:0:0:1::77',
  'fe80::77',
  '2600::9',
];

function tools(random: Random) {
  return {
    pick: <T>(items: readonly T[]): T => random.pick(items),
    chance: (probability: number): boolean => random.chance(probability),
    below: (limit: number): number => random.below(limit),
  };
}

/** Commands, one `ip` each, of which some may be refused. */
export function setupOf(random: Random): string[] {
  const commands: string[] = [];
  const { pick, chance, below } = tools(random);
  for (const [index, device] of DEVICES.entries()) {
    commands.push(`addr add 10.${index}.0.1/24 ${chance(0.8) ? 'brd + ' : ''}dev ${device}`);
    if (chance(0.5)) commands.push(`addr add 10.${index}.0.77/24 dev ${device}`);
    if (chance(0.3))
      commands.push(
        `addr add 10.${below(4)}.9.1/${pick([24, 31, 32])} dev ${device} scope ${pick(['link', 'global', 'host', '100'])}`,
      );
    if (chance(0.2)) commands.push(`addr add 172.16.${index}.1 peer 172.16.${index}.2 dev ${device}`);
    commands.push(`-6 addr add fd00:0:0:${index}::1/64 dev ${device} nodad`);
    if (chance(0.4))
      commands.push(
        `-6 addr add 2001:db8:${below(3)}::1/${pick([48, 64, 128])} dev ${device} nodad ${chance(0.4) ? 'preferred_lft 0' : ''}`,
      );
    if (chance(0.2)) commands.push(`-6 addr add fec0:0:0:${index}::1/64 dev ${device} nodad`);
    if (chance(0.2)) commands.push(`-6 addr add 2002:${index + 1}::1/64 dev ${device} nodad`);
    if (chance(0.2)) commands.push(`link set ${device} group ${pick([7, 9])}`);
  }
  if (chance(0.3)) commands.push('addr add 10.99.0.1/32 dev lo');
  if (chance(0.3)) commands.push('-6 addr add fd00:99::1/128 dev lo');
  if (chance(0.2)) commands.push('route add local 192.0.2.0/25 dev lo');
  if (chance(0.1)) commands.push('route add local 10.50.0.0/16 dev lo table local');
  const gateway = (device: string): string => `10.${device.slice(1)}.0.${pick([2, 3])}`;
  const gateway6 = (device: string): string => `fd00:0:0:${device.slice(1)}::${pick([2, 3])}`;
  const objects: string[] = [];
  if (chance(0.4)) {
    for (const id of [1, 2, 3]) {
      const device = pick(DEVICES);
      commands.push(`nexthop add id ${id} via ${gateway(device)} dev ${device}`);
      commands.push(`-6 nexthop add id ${id + 10} via ${gateway6(device)} dev ${device}`);
    }
    commands.push('nexthop add id 4 blackhole', '-6 nexthop add id 14 blackhole');
    commands.push(
      `nexthop add id 5 group 1,${below(5) + 1}/2/3`,
      `nexthop add id 15 group 11/12,${below(5) + 1}`,
    );
    objects.push('1', '2', '4', '5', '5');
    if (chance(0.4)) {
      commands.push('nexthop add id 6 group 1/2,3 type resilient buckets 16');
      objects.push('6');
    }
  }
  const special = () => pick(['unreachable', 'blackhole', 'prohibit', 'throw']);
  for (let i = below(14) + 4; i > 0; i--) {
    const table = chance(0.5) ? 'main' : pick(['100', '101', '102', 'default']);
    const metric = chance(0.4) ? ` metric ${pick([5, 10, 20])}` : '';
    const tos = chance(0.2) ? ` tos ${pick(['0x04', '0x10', '0x18', '0x40', '0x1c'])}` : '';
    const how = chance(0.2) ? 'append' : 'add';
    const device = pick(DEVICES);
    const prefix = pick(NETS4);
    const realms = chance(0.1) ? ' realms 3/4' : '';
    const source = chance(0.15) ? ` src ${pick(['10.0.0.1', '10.1.0.1', '10.1.0.77'])}` : '';
    const tail = `${tos} table ${table}${metric}`;
    if (chance(0.15)) commands.push(`route ${how} ${special()} ${prefix}${tail}`);
    else if (objects.length > 0 && chance(0.3))
      commands.push(`route ${how} ${prefix} nhid ${pick(objects)}${tail}`);
    else if (chance(0.25)) {
      const hops = Array.from({ length: below(3) + 2 }, () => {
        const each = pick(DEVICES);
        const via = chance(0.8) ? `via ${gateway(each)} ` : '';
        return `nexthop ${via}dev ${each} weight ${below(4) + 1}`;
      });
      commands.push(`route ${how} ${prefix}${tail} ${hops.join(' ')}`);
    } else if (chance(0.3)) {
      commands.push(
        `route ${how} ${prefix} dev ${device}${tail}${source}${realms}${chance(0.3) ? ` scope ${pick(['global', 'link', '50'])}` : ''}`,
      );
    } else if (chance(0.1)) {
      commands.push(`route ${how} ${prefix} via 10.200.0.${below(5)} dev ${device} onlink${tail}`);
    } else
      commands.push(`route ${how} ${prefix} via ${gateway(device)} dev ${device}${tail}${source}${realms}`);
  }
  for (let i = below(12) + 3; i > 0; i--) {
    const table = chance(0.6) ? 'main' : pick(['100', '101', '102']);
    const metric = chance(0.5) ? ` metric ${pick([5, 10, 256, 1024])}` : '';
    const preference = chance(0.3) ? ` pref ${pick(['low', 'medium', 'high'])}` : '';
    const from = chance(0.3)
      ? ` from ${pick(['fd00:0:0:1::/64', 'fd00::/32', 'fd00:0:0:2::1/128', '2001:db8::/32'])}`
      : '';
    const device = pick(DEVICES);
    const prefix = pick(NETS6);
    const source = chance(0.1) ? ` src ${pick(SOURCES6)}` : '';
    const how = pick(['add', 'add', 'append']);
    const tail = ` table ${table}${metric}`;
    if (chance(0.15)) commands.push(`-6 route ${how} ${special()} ${prefix}${from}${tail}`);
    else if (objects.length > 0 && chance(0.2))
      commands.push(`-6 route ${how} ${prefix} nhid ${pick(['11', '12', '14', '15', '15'])}${tail}`);
    else if (chance(0.2)) {
      const hops = Array.from({ length: below(3) + 2 }, () => {
        const each = pick(DEVICES);
        return `nexthop via ${gateway6(each)} dev ${each} weight ${below(4) + 1}`;
      });
      commands.push(`-6 route ${how} ${prefix}${from}${tail} ${hops.join(' ')}`);
    } else if (chance(0.3))
      commands.push(`-6 route ${how} ${prefix}${from} dev ${device}${tail}${source}${preference}`);
    else
      commands.push(
        `-6 route ${how} ${prefix}${from} via ${gateway6(device)} dev ${device}${tail}${source}${preference}`,
      );
  }
  for (const family of ['', '-6 '] as const) {
    if (chance(0.35)) continue;
    for (let i = below(6); i > 0; i--) {
      const selectors = [
        chance(0.3)
          ? `from ${family === '' ? pick(['10.0.0.0/24', '10.1.0.1', '0.0.0.0/8', '172.16.0.0/12']) : pick(['fd00:0:0:1::/64', 'fd00::/16', '2001:db8::/32'])}`
          : '',
        chance(0.3)
          ? `to ${family === '' ? pick(['10.50.0.0/16', '8.0.0.0/8', '10.0.0.0/8']) : pick(['2001:db8::/32', '2600::/16'])}`
          : '',
        chance(0.2) ? `fwmark ${pick(['1', '2/3', '0x10/0xf0'])}` : '',
        chance(0.2) ? `iif ${pick([...DEVICES, 'lo', 'ghost'])}` : '',
        chance(0.15) ? `oif ${pick(DEVICES)}` : '',
        chance(0.15) ? `tos ${pick(['0x04', '0x10', '0x18'])}` : '',
        chance(0.15) ? 'uidrange 1000-2000' : '',
        chance(0.2) ? `ipproto ${pick(['tcp', 'udp'])}` : '',
        chance(0.15) ? `dport ${pick(['80', '1000-2000'])}` : '',
        chance(0.1) ? `sport ${pick(['53', '1-1023'])}` : '',
      ];
      const actions = [
        `table ${pick(['100', '101', '102', 'main', 'default'])}`,
        `table ${pick(['100', '101', '102', 'main'])}`,
        'table main suppress_prefixlength 0',
        `table ${pick(['main', '100'])} suppress_prefixlength ${pick([8, 16])}`,
        'table main suppress_ifgroup 7',
        `goto ${pick([500, 32766])}`,
        'unreachable',
        'prohibit',
        'blackhole',
      ];
      const not = chance(0.15) ? 'not ' : '';
      const words = selectors.filter((word) => word !== '').join(' ');
      commands.push(
        `${family}rule add ${not}${words === '' ? 'from all' : words} ${pick(actions)} pref ${pick([50, 100, 200, 300, 400, 500, 600])}`,
      );
    }
    if (chance(0.1)) commands.push(`${family}rule del pref 0`, `${family}rule add table local pref 1000`);
  }
  for (const device of DEVICES) {
    if (chance(0.3))
      commands.push(
        `neigh add ${gateway(device)} dev ${device} nud ${pick(['failed', 'stale', 'permanent'])} lladdr 02:00:00:00:00:01`,
      );
    if (chance(0.3))
      commands.push(
        `-6 neigh add ${gateway6(device)} dev ${device} nud ${pick(['failed', 'stale', 'permanent'])} lladdr 02:00:00:00:00:01`,
      );
  }
  return commands;
}

export function settingsOf(random: Random): string[] {
  const { pick, chance, below } = tools(random);
  const settings = [
    `net.ipv4.fib_multipath_hash_seed=${chance(0.9) ? below(100000) + 1 : 0}`,
    `net.ipv4.fib_multipath_hash_policy=${below(4)}`,
    `net.ipv6.fib_multipath_hash_policy=${below(4)}`,
    `net.ipv4.fib_multipath_use_neigh=${below(2)}`,
    `net.ipv4.ip_forward=${chance(0.85) ? 1 : 0}`,
    `net.ipv6.conf.all.forwarding=${chance(0.6) ? 1 : 0}`,
    `net.ipv4.conf.all.rp_filter=${pick([0, 0, 1, 2])}`,
  ];
  if (chance(0.5)) settings.push(`net.ipv4.fib_multipath_hash_fields=${below(64)}`);
  if (chance(0.5)) settings.push(`net.ipv6.fib_multipath_hash_fields=${below(64)}`);
  for (const device of DEVICES) {
    for (const leaf of ['accept_local', 'route_localnet', 'src_valid_mark', 'ignore_routes_with_linkdown']) {
      if (chance(0.15)) settings.push(`net.ipv4.conf.${device}.${leaf}=1`);
    }
    if (chance(0.15)) settings.push(`net.ipv6.conf.${device}.ignore_routes_with_linkdown=1`);
    if (chance(0.1)) settings.push(`net.ipv4.conf.${device}.forwarding=0`);
    if (chance(0.2)) settings.push(`net.ipv4.conf.${device}.rp_filter=${pick([1, 2])}`);
    if (chance(0.2)) settings.push(`net.ipv4.conf.${device}.send_redirects=0`);
    if (chance(0.1)) settings.push(`net.ipv4.conf.${device}.shared_media=0`);
    if (chance(0.1)) settings.push(`net.ipv6.conf.${device}.use_oif_addrs_only=1`);
  }
  return settings;
}

export function queryOf(random: Random): Query {
  const { pick, chance, below } = tools(random);
  const family = chance(0.55) ? 4 : 6;
  const input = chance(0.35);
  const sources = family === 4 ? [...SPOTS4, '10.0.0.1', '10.1.0.1'] : SOURCES6;
  const protocol = chance(0.3)
    ? pick(family === 4 ? (['tcp', 'udp', 'icmp'] as const) : (['tcp', 'udp', 'ipv6-icmp'] as const))
    : undefined;
  const ports = protocol === 'tcp' || protocol === 'udp';
  return {
    family,
    destination: pick(family === 4 ? SPOTS4 : SPOTS6),
    ...(input || chance(0.4) ? { source: pick(sources) } : {}),
    ...(input ? { iif: pick(DEVICES) } : chance(0.2) ? { oif: pick([...DEVICES, 'lo']) } : {}),
    ...(chance(0.3) ? { mark: pick([1, 2, 0x10, 0x33]) } : {}),
    ...(chance(0.3) ? { tos: pick([0x04, 0x10, 0x18, 0x40, 0x1c, 0x44]) } : {}),
    ...(!input && chance(0.2) ? { uid: pick([0, 1000, 1500, 3000]) } : {}),
    ...(protocol ? { protocol } : {}),
    ...(ports && chance(0.7) ? { sourcePort: pick([53, 500, 4000 + below(1000)]) } : {}),
    ...(ports && chance(0.7) ? { destinationPort: pick([80, 443, 1500]) } : {}),
  };
}

export function commandOf(query: Query): string {
  const words = [
    'route get',
    query.destination,
    query.source && `from ${query.source}`,
    query.iif && `iif ${query.iif}`,
    query.oif && `oif ${query.oif}`,
    query.mark && `mark ${query.mark}`,
    query.tos && `tos 0x${query.tos.toString(16)}`,
    query.uid === undefined ? undefined : `uid ${query.uid}`,
    query.protocol && `ipproto ${query.protocol}`,
    query.sourcePort && `sport ${query.sourcePort}`,
    query.destinationPort && `dport ${query.destinationPort}`,
  ];
  return words.filter((word) => word !== undefined).join(' ');
}
