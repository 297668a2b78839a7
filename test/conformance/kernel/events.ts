/** The kernel's trace events as the ways that packets took. */
import { networkOfBytes } from '../../../src/skb/layout.ts';
import { TABLES } from '../../../src/xtables/rule.ts';
import { headline, signature } from '../describe.ts';
import type { Way } from '../observation.ts';
import { type LegacyEvent, type NftEvent, type RawEvent, unhex } from './agent.ts';
import { plainName } from './lab.ts';
import { PROBE_TABLE } from './probe.ts';

/** Where a rule stands, by its handle: `FAMILY TABLE CHAIN HANDLE` of one namespace → place from 1. */
export type Places = ReadonlyMap<string, number>;
/** Number of rules, by `FAMILY TABLE CHAIN` (4 or 6): legacy names some rules as policies. */
export type Sizes = ReadonlyMap<string, number>;

const NFPROTO: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
};
const RULE = 3;
const POLICY = 1;

interface Draft {
  of: string;
  path: string[];
  tracked: string[];
  passed: string[];
}

/** Ways by packet: what has the stimulus' signature is the packet itself. */
export function waysOf(
  events: readonly RawEvent[],
  stimulus: { readonly signature: string; readonly fragment: boolean },
  known: (namespace: string) => { readonly places: Places; readonly sizes: Sizes },
): Way[] {
  const drafts = new Map<string, Draft>();
  const draftOf = (found: string): Draft => {
    const own =
      found === stimulus.signature ||
      (stimulus.fragment && found.split(' ')[0] === stimulus.signature.split(' ')[0]);
    const of = own ? 'packet' : found;
    const draft = drafts.get(of) ?? { of, path: [], tracked: [], passed: [] };
    drafts.set(of, draft);
    return draft;
  };
  draftOf(stimulus.signature);
  /** Headers are told with a chain's first event only. */
  const seen = new Map<string, NftEvent>();
  for (const event of events) {
    const namespace = plainName(event.ns);
    const { places, sizes } = known(namespace);
    if (event.by === 'legacy') {
      const step = legacyStep(event, sizes);
      if (step) draftOf(signatureOfPacket(unhex(event.packet))).path.push(`${namespace} ${step}`);
      continue;
    }
    const key = `${event.ns} ${event.id}`;
    if (event.network !== undefined) seen.set(key, event);
    const first = seen.get(key);
    if (!first) continue;
    const draft = draftOf(signatureOf(first));
    if (event.table === PROBE_TABLE) probe(draft, namespace, event, first);
    else {
      const step = nftStep(event, places);
      if (step !== undefined) draft.path.push(`${namespace} ${step}`);
    }
  }
  return [...drafts.values()];
}

function signatureOf({ network = '', transport = '' }: NftEvent): string {
  return signature(unhex(network), unhex(transport));
}

export function signatureOfPacket(packet: Uint8Array): string {
  const network = networkOfBytes(packet);
  const transport =
    network && network.transport >= 0 ? packet.subarray(network.transport) : new Uint8Array(0);
  return signature(packet, transport);
}

function probe(draft: Draft, namespace: string, event: NftEvent, first: NftEvent): void {
  // Each chain without rules is told by its policy alone, and by the end of the chain before it.
  if (event.type !== POLICY) return;
  if (event.chain.startsWith('tracked')) {
    const [state, direction] = first.ct ?? [];
    const name = stateName(state ?? undefined);
    if (name !== undefined) draft.tracked.push(`${namespace} ${name}${direction === 1 ? ' reply' : ''}`);
  } else if (event.chain === 'delivered' || event.chain === 'left') {
    const line = headline({
      network: unhex(first.network ?? ''),
      transport: unhex(first.transport ?? ''),
      mark: first.mark ?? 0,
    });
    draft.passed.push(`${namespace} ${event.chain}: ${line}`);
  }
}

/** NF_CT_STATE_BIT. A packet that conntrack finds invalid looks like one it never saw. */
function stateName(bits: number | undefined): string | undefined {
  switch (bits) {
    case 2:
      return 'ESTABLISHED';
    case 4:
      return 'RELATED';
    case 8:
      return 'NEW';
    case 64:
      return 'UNTRACKED';
    default:
      return undefined;
  }
}

function nftStep(event: NftEvent, places: Places): string | undefined {
  const family = NFPROTO[event.family] ?? String(event.family);
  const isXtables = (family === 'ip' || family === 'ip6') && TABLES.some((table) => table === event.table);
  const where = `${isXtables ? '' : `${family}/`}${event.table}:${event.chain}`;
  if (event.type === POLICY) return `${where}:policy`;
  // Without a handle it is the end of the chain that is told.
  if (event.type !== RULE || event.handle === undefined) return undefined;
  const place = places.get(`${family} ${event.table} ${event.chain} ${event.handle}`);
  return `${where}:${place ?? `handle ${event.handle}`}`;
}

/** trace_packet(), net/ipv4/netfilter/ip_tables.c: an unconditional verdict is told as `return` or `policy`, with the rule's number. */
function legacyStep({ prefix, packet }: LegacyEvent, sizes: Sizes): string | undefined {
  const found = /^TRACE: (\w+):([^:]+):(\w+):(\d+)/.exec(prefix);
  if (!found) return undefined;
  const [, table = '', chain = '', kind = '', number = ''] = found;
  const family = packet.startsWith('4') ? 4 : 6;
  const size = sizes.get(`${family} ${table} ${chain}`) ?? 0;
  if (Number(number) <= size) return `${table}:${chain}:${number}`;
  return kind === 'policy' ? `${table}:${chain}:policy` : undefined;
}

/** From `nft -j -a list ruleset`. */
export function placesOf(json: string): Places {
  const places = new Map<string, number>();
  const counts = new Map<string, number>();
  const items = (JSON.parse(json) as { nftables: { rule?: Record<string, unknown> }[] }).nftables;
  for (const { rule } of items) {
    if (!rule) continue;
    const chain = `${rule.family} ${rule.table} ${rule.chain}`;
    const place = (counts.get(chain) ?? 0) + 1;
    counts.set(chain, place);
    places.set(`${chain} ${rule.handle}`, place);
  }
  return places;
}

/** From iptables-save texts of a family. */
export function countRules(save: string, family: 4 | 6, sizes: Map<string, number>): void {
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^-A (\S+)/.exec(line)?.[1];
    if (chain === undefined) continue;
    const key = `${family} ${table} ${chain}`;
    sizes.set(key, (sizes.get(key) ?? 0) + 1);
  }
}
