import { parseIp } from '../../src/net/ip.ts';
import { parseMac } from '../../src/net/mac.ts';
import { buildSkb } from '../../src/skb/build.ts';
import type { CtState, Nfct, SkbConntrack } from '../../src/skb/nfct.ts';
import type { Skb } from '../../src/skb/skb.ts';
import type { Tuple } from '../../src/skb/tuple.ts';
import type { MatchContext, MatchState, NamespaceView } from '../../src/xtables/context.ts';
import { matchRule } from '../../src/xtables/evaluate.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { Hook, Rule, TableName } from '../../src/xtables/rule.ts';

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, gre: 47, icmpv6: 58 };
const FLAGS: Readonly<Record<string, number>> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };

/**
 * `tcp 10.0.0.1:1000 > 10.0.0.2:80 flags=syn,ack in=eth0 out=eth1 mark=5 ttl=9 …`: a packet with what is named, everything else
 * ordinary. `cut=N` keeps only N bytes of it, as a snaplen does; `short=N` makes the packet itself that short.
 */
export function packet(text: string): Skb {
  const [protocol = '', from = '', , to = '', ...rest] = text.split(' ');
  const more = new Map(rest.map((word) => word.split('=') as [string, string]));
  const number = (key: string): number | undefined => (more.has(key) ? Number(more.get(key)) : undefined);
  const source = endpoint(from);
  const destination = endpoint(to);
  const skb = buildSkb({
    source: source.ip,
    destination: destination.ip,
    protocol: PROTOCOLS[protocol] ?? Number(protocol),
    sourcePort: source.port,
    destinationPort: destination.port,
    tcpFlags: more
      .get('flags')
      ?.split(',')
      .reduce((sum, name) => sum + (FLAGS[name] ?? 0), 0),
    tcpMss: number('mss'),
    ttl: number('ttl'),
    tos: number('tos'),
    icmpType: number('type'),
    icmpCode: number('code'),
    mark: number('mark'),
    time: number('time') ?? 1_700_000_000,
    local: more.has('local'),
    payload: more.has('data') ? new TextEncoder().encode(more.get('data')) : number('payload'),
    etherSource: more.has('mac') ? parseMac(more.get('mac') ?? '') : undefined,
  });
  skb.in = more.get('in');
  skb.out = more.get('out');
  skb.physin = more.get('physin');
  skb.physout = more.get('physout');
  const type = more.get('pkt');
  if (type === 'broadcast' || type === 'multicast' || type === 'host') skb.packetType = type;
  if (more.has('uid')) skb.owner = { uid: Number(more.get('uid')), gid: Number(more.get('gid') ?? 0) };
  const cut = number('cut');
  if (cut !== undefined) skb.bytes = skb.bytes.slice(0, cut);
  const short = number('short');
  if (short !== undefined) {
    skb.bytes = skb.bytes.slice(0, short);
    skb.length = short;
  }
  const fragment = number('fragment');
  if (fragment !== undefined) {
    skb.fragmentOffset = fragment;
    skb.transport = -1;
  }
  const state = more.get('ct');
  if (state !== undefined) skb.conntrack = connection(skb, state as CtState, more);
  return skb;
}

function endpoint(text: string): { ip: NonNullable<ReturnType<typeof parseIp>>; port: number | undefined } {
  const [, address = text, port] =
    /^\[?(.*?)\]?:(\d+)$/.exec(text.includes('.') || text.includes('[') ? text : '') ?? [];
  const ip = parseIp(address);
  if (ip === undefined) throw new Error(`no address: ${text}`);
  return { ip, port: port === undefined ? undefined : Number(port) };
}

function connection(skb: Skb, state: CtState, more: ReadonlyMap<string, string>): SkbConntrack {
  const direction = more.get('dir') === 'reply' ? 'reply' : 'original';
  if (state === 'INVALID' || state === 'UNTRACKED') return { state, direction };
  const original: Tuple = {
    family: skb.family,
    protocol: skb.protocol,
    source: endpoint(more.get('orig') ?? '10.0.0.1:1000').ip,
    destination: endpoint(more.get('origdst') ?? '10.0.0.2:80').ip,
    sourcePort: endpoint(more.get('orig') ?? '10.0.0.1:1000').port ?? 0,
    destinationPort: endpoint(more.get('origdst') ?? '10.0.0.2:80').port ?? 0,
    zone: 0,
  };
  const entry: Nfct = {
    id: 1,
    original,
    reply: {
      ...original,
      source: endpoint(more.get('reply') ?? '10.0.0.2:80').ip,
      sourcePort: endpoint(more.get('reply') ?? '10.0.0.2:80').port ?? 0,
      destination: original.source,
      destinationPort: original.sourcePort,
    },
    mark: Number(more.get('ctmark') ?? 0),
    confirmed: more.has('confirmed'),
    seenReply: more.has('seen'),
    assured: more.has('assured'),
    expected: more.has('expected'),
    srcNat: more.has('snat'),
    dstNat: more.has('dnat'),
    srcNatDone: false,
    dstNatDone: false,
    expires: skb.time + Number(more.get('expires') ?? 60),
    packets: { original: 3, reply: 1 },
    bytes: { original: 3000, reply: 100 },
    labels: new Set<number>(),
    ...(more.has('helper') ? { helper: more.get('helper') ?? '' } : {}),
  };
  return { state, direction, entry };
}

const VIEW: NamespaceView = {
  hasAddressType(ip, types, dev) {
    const own = dev === undefined || dev === 'eth0';
    if (ip === parseIp('10.0.0.9')) return types.includes(own ? 'LOCAL' : 'UNICAST');
    if (ip === parseIp('10.0.0.255')) return types.includes('BROADCAST');
    if (ip === parseIp('10.99.0.1')) return { why: 'no addresses were dumped' };
    return types.includes('UNICAST');
  },
  deviceGroup: (name) => (name === 'eth0' ? 7 : 0),
  realms: () => 0x00030004,
  reversePath: (skb, { loose }) => (skb.in === 'eth0' ? true : loose),
  setContains(name, directions) {
    if (name === 'unseen') return { why: 'no dump of set unseen' };
    return name === 'full' || (name === 'sources' && directions[0] === 'src');
  },
  connections: () => [],
  sysctl: () => undefined,
};

export interface Place {
  readonly hook?: Hook;
  readonly table?: TableName;
  readonly backend?: 'nft' | 'legacy';
  readonly state?: MatchState;
}

export function freshState(): MatchState {
  return { rule: new Map(), shared: new Map() };
}

/** The one rule of a text without `-A CHAIN`, read as a dump's. */
export function ruleOf(text: string, family: 4 | 6, table: TableName = 'filter'): Rule {
  const { ruleset } = parseSave(`*${table}\n-A chain ${text}\nCOMMIT\n`, 'test', { family });
  const rule = ruleset.tables.get(table)?.chains.get('chain')?.rules[0];
  if (!rule) throw new Error(`no rule: ${text}`);
  return rule;
}

export function contextOf(rule: Rule, skb: Skb, place: Place = {}): MatchContext {
  return {
    skb,
    hook: place.hook ?? 'FORWARD',
    table: place.table ?? 'filter',
    rule,
    backend: place.backend ?? 'nft',
    namespace: VIEW,
    state: place.state ?? freshState(),
    hotdrop: false,
  };
}

/** 'yes', 'no', 'drop' (on the spot), 'counted drop', or `unknown: why`. */
export function outcome(rule: Rule, skb: Skb, place: Place = {}): string {
  const ctx = contextOf(rule, skb, place);
  const result = matchRule(rule, ctx);
  if (ctx.hotdrop) return result === true ? 'counted drop' : 'drop';
  if (typeof result === 'boolean') return result ? 'yes' : 'no';
  return `unknown: ${result.why}`;
}
