/** Small networks for tests, in a few words a namespace. */
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type {
  BridgePort,
  InterfaceAddress,
  IpRule,
  Link,
  Neighbour,
  Route,
  Socket,
} from '../../../src/dump/records.ts';
import { parseIp } from '../../../src/net/ip.ts';
import { parseMac } from '../../../src/net/mac.ts';
import type { Trace } from '../../../src/netstack/hop.ts';
import { createWorld, type World, type WorldOptions } from '../../../src/netstack/world.ts';
import { readRuleset } from '../../../src/nft/text/read.ts';
import { derivedRoutes } from '../../../src/snapshot/derived-routes.ts';
import type { Netns, Snapshot } from '../../../src/snapshot/snapshot.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import type { Wire } from '../../../src/topology/topology.ts';
import { parseSave } from '../../../src/xtables/parse.ts';

export interface NetnsSpec {
  /** `eth0 10.0.0.2/24 fd00::2/64 master=br0 kind=bridge mtu=1400 mac=02:… state=blocking hairpin isolated down nocarrier` */
  readonly links: readonly string[];
  /** Beside what follows from the addresses, as `ip route show table all` prints them. */
  readonly routes?: string;
  /** As `ip rule` prints them. */
  readonly rules?: string;
  /** Undefined: not dumped; an empty string: no rules. */
  readonly iptables?: string;
  readonly ip6tables?: string;
  readonly legacy?: string;
  /** As `nft list ruleset` prints it. */
  readonly nft?: string;
  readonly sysctl?: Readonly<Record<string, string | number>>;
  /** As `ss -lntu` prints them, without the header. */
  readonly ss?: string;
  readonly neighbours?: string;
}

export interface Network {
  readonly snapshot: Snapshot;
  readonly world: World;
}

const SPAN = { path: 'lab', line: 1 };

/** Wires: `a:eth0=b:eth0`. lo is up in every namespace unless it is listed. */
export function network(
  namespaces: Readonly<Record<string, NetnsSpec>>,
  wires: readonly string[],
  options: WorldOptions = {},
): Network {
  const snapshot: Snapshot = { namespaces: new Map(), docker: { containers: [], networks: [] } };
  for (const [index, [name, spec]] of Object.entries(namespaces).entries()) {
    snapshot.namespaces.set(name, netnsOf(name, spec, index + 1));
  }
  const topology = makeTopology(snapshot.namespaces, wires.map(wireOf));
  return { snapshot, world: createWorld(snapshot, topology, options) };
}

function wireOf(text: string): Wire {
  const [a, b] = text.split('=').map((end) => {
    const [namespace = '', name = ''] = end.split(':');
    return { namespace, name };
  });
  if (!a || !b) throw new Error(`no wire: ${text}`);
  return { ends: [a, b], by: 'ifindex' };
}

export function netnsOf(name: string, spec: NetnsSpec, number: number): Netns {
  const texts = spec.links.some((text) => text.startsWith('lo'))
    ? spec.links
    : ['lo 127.0.0.1/8 ::1/128', ...spec.links];
  const links = texts.map((text, index) => linkOf(text, number, index + 1));
  const extra = spec.routes ? routesOf(spec.routes) : [];
  const sysctls = Object.entries(spec.sysctl ?? {}).map(
    ([key, value]) => [key, { value: String(value), span: SPAN }] as const,
  );
  const rulesets4 = [
    ...(spec.iptables === undefined
      ? []
      : [parseSave(spec.iptables, `${name}/iptables-save`, { family: 4, backend: 'nft' }).ruleset]),
    ...(spec.legacy === undefined
      ? []
      : [parseSave(spec.legacy, `${name}/iptables-legacy-save`, { family: 4, backend: 'legacy' }).ruleset]),
  ];
  const rulesets6 =
    spec.ip6tables === undefined
      ? undefined
      : [parseSave(spec.ip6tables, `${name}/ip6tables-save`, { family: 6 }).ruleset];
  return {
    name,
    inferred: false,
    links,
    routes4: {
      routes: [...extra.filter(({ family }) => family === 4), ...derivedRoutes(links, 4)],
      covers: 'all',
    },
    routes6: {
      routes: [...extra.filter(({ family }) => family === 6), ...derivedRoutes(links, 6)],
      covers: 'all',
    },
    ...(rulesets4.length > 0 ? { rulesets4 } : {}),
    ...(rulesets6 ? { rulesets6 } : {}),
    ...(spec.nft === undefined ? {} : { nft: readRuleset(spec.nft, `${name}/nft-ruleset`).ruleset }),
    sysctls: new Map(sysctls),
    ...(spec.rules ? { rules4: ipRulesOf(spec.rules) } : {}),
    ...(spec.ss === undefined ? {} : { sockets: socketsOf(spec.ss) }),
    ...(spec.neighbours ? { neighbours: neighboursOf(spec.neighbours) } : {}),
  };
}

function linkOf(text: string, namespace: number, index: number): Link {
  const [name = '', ...words] = text.split(' ');
  const option = (key: string) => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const addresses = words.filter((word) => word.includes('/')).map(addressOf);
  const down = words.includes('down');
  const flags = [
    ...(down ? [] : ['UP']),
    ...(name === 'lo' ? ['LOOPBACK'] : ['BROADCAST']),
    ...(words.includes('nocarrier') ? ['NO-CARRIER'] : []),
  ];
  const mac = parseMac(option('mac') ?? `02:00:00:00:${namespace.toString(16)}:${index.toString(16)}`);
  const state = option('state');
  const kind = option('kind') ?? (name === 'lo' ? undefined : 'veth');
  const port: BridgePort = {
    ...(state === 'blocking' || state === 'learning' || state === 'disabled' || state === 'listening'
      ? { state }
      : {}),
    hairpin: words.includes('hairpin'),
    isolated: words.includes('isolated'),
    span: SPAN,
  };
  return {
    name,
    index,
    flags,
    addresses,
    mtu: Number(option('mtu') ?? (name === 'lo' ? 65536 : 1500)),
    ...(kind === undefined ? {} : { kind }),
    ...(mac === undefined || name === 'lo' ? {} : { mac }),
    ...(option('master') === undefined ? {} : { master: option('master') ?? '', port }),
    ...(option('vlan') === undefined ? {} : { kindData: { id: Number(option('vlan')) } }),
    ...(option('lower') === undefined ? {} : { peerIndex: Number(option('lower')) }),
    span: SPAN,
  };
}

function addressOf(text: string): InterfaceAddress {
  const [address = '', length = '0'] = text.split('/');
  const ip = parseIp(address);
  if (ip === undefined) throw new Error(`no address: ${text}`);
  const loopback = address === '::1' || address.startsWith('127.');
  return {
    address: ip,
    length: Number(length),
    scope: loopback ? 'host' : 'global',
    secondary: false,
    flags: [],
    span: SPAN,
  };
}

function content<K extends string>(command: string, text: string, kind: K) {
  const dump = recogniseDump(command, text, command);
  if (dump?.content.kind !== kind) throw new Error(`${command} doesn't read: ${text}`);
  return dump.content as Extract<typeof dump.content, { kind: K }>;
}

function routesOf(text: string): Route[] {
  const four = text.split('\n').filter((line) => !line.includes(':'));
  const six = text.split('\n').filter((line) => line.includes(':'));
  return [
    ...(four.length > 0
      ? (content('ip route show table all', `${four.join('\n')}\n`, 'routes').dump4?.routes ?? [])
      : []),
    ...(six.length > 0
      ? (content('ip -6 route show table all', `${six.join('\n')}\n`, 'routes').dump6?.routes ?? [])
      : []),
  ];
}

function ipRulesOf(text: string): IpRule[] {
  return [...content('ip rule', text, 'ip-rules').rules];
}

function socketsOf(text: string): Socket[] {
  const header = 'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n';
  return [...content('ss -lntup', header + text, 'sockets').sockets];
}

function neighboursOf(text: string): Neighbour[] {
  return [...content('ip neigh', text, 'neighbours').neighbours];
}

export function ip(text: string) {
  const value = parseIp(text);
  if (value === undefined) throw new Error(`no address: ${text}`);
  return value;
}

/** `a > host br0/veth1>eth0 > b = delivered`: the main line, and how it ended. */
export function way(trace: Trace): string {
  const hops = trace.hops
    .filter((hop) => !hop.copy)
    .map(({ namespace, in: input, physin, out }) => {
      const from = input === undefined ? '' : `${input}${physin === undefined ? '' : `/${physin}`}`;
      return `${namespace} ${from}${out === undefined ? '' : `>${out}`}`.trim();
    });
  const end = [trace.verdict, trace.likely && `(${trace.likely})`, trace.cause].filter(
    (word) => word !== undefined,
  );
  return `${hops.join(' > ')} = ${end.join(' ')}`;
}

/** Rules and policies in order: `nat PREROUTING 1`, `filter FORWARD DROP`. */
export function path(trace: Trace): string[] {
  return trace.hops.flatMap((hop) =>
    hop.steps.flatMap((step) => {
      if (step.kind === 'rule') return [`${step.table} ${step.chain} ${step.number}`];
      return step.kind === 'policy' ? [`${step.table} ${step.chain} ${step.verdict}`] : [];
    }),
  );
}
