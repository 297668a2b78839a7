/** Merging the dumps that are simply lists or tables of values: sysctls, sockets, neighbours, conntrack, names. */
import type { Issue } from '../base/issue.ts';
import type { Span } from '../base/span.ts';
import { fileOrder } from '../dump/formats/sysctl-conf.ts';
import type {
  BridgeVlan,
  ConntrackCpu,
  ConntrackDump,
  Counter,
  FdbEntry,
  FrameFilter,
  IpRule,
  Neighbour,
  NexthopBucket,
  NexthopObject,
  Process,
  Qdisc,
  Resolver,
  Socket,
  Sysctl,
} from '../dump/records.ts';
import type { DumpInput } from '../input/input.ts';
import { printElement } from '../ipset/entry.ts';
import type { IpSet } from '../ipset/record.ts';
import { type Family, formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { tupleKey } from '../skb/tuple.ts';
import { contradiction } from './links.ts';
import { at } from './order.ts';
import type { Netns } from './snapshot.ts';
import { canonicalSysctl } from './sysctl.ts';

/** More than this many contradictions of one kind are counted, not listed. */
const LISTED = 5;

export function mergeSysctls(dumps: readonly DumpInput[], issues: Issue[]): Map<string, Sysctl> | undefined {
  const merged = new Map<string, Sysctl>();
  let any = false;
  const found: Issue[] = [];
  for (const { dump } of dumps) {
    if (dump.content.kind !== 'sysctls') continue;
    any = true;
    for (const [name, entry] of dump.content.sysctls) {
      const key = canonicalSysctl(name);
      const other = merged.get(key);
      if (other && isSetting(key) && words(other.value) !== words(entry.value)) {
        found.push(
          contradiction(
            entry.span,
            `${key} is ${entry.value} here and ${other.value} in ${at(other.span)}; this one is taken`,
          ),
        );
      }
      merged.set(key, entry);
    }
  }
  push(issues, found, 'more settings have different values in the two files');
  return any ? merged : undefined;
}

/** The files in the order in which they are gone through at boot; what stands and differs is said, it is not taken for a contradiction. */
export function mergeBootSysctls(
  dumps: readonly DumpInput[],
  standing: ReadonlyMap<string, Sysctl> | undefined,
  issues: Issue[],
): Map<string, Sysctl> | undefined {
  const files = dumps
    .filter(({ dump }) => dump.content.kind === 'boot-sysctls')
    .toSorted((left, right) => fileOrder(left.dump.path, right.dump.path));
  if (files.length === 0) return undefined;
  const merged = new Map<string, Sysctl>();
  for (const { dump } of files) {
    if (dump.content.kind !== 'boot-sysctls') continue;
    for (const [name, entry] of dump.content.sysctls) merged.set(canonicalSysctl(name), entry);
  }
  const found = [...merged].flatMap(([name, { value, span }]): Issue[] => {
    const now = standing?.get(name);
    if (!now || words(now.value) === words(value)) return [];
    const text = `sets ${name} to ${value} at boot; it is ${now.value} now (${at(now.span)}): not applied, or changed since`;
    return [{ severity: 'warning', code: 'sysctl-boot-differs', text, ...span }];
  });
  push(issues, found, 'more settings stand otherwise');
  return merged;
}

/** Not a meter (`nf_conntrack_count`) that differs by itself from one second to the next. */
function isSetting(name: string): boolean {
  return name.startsWith('net.') && !name.endsWith('_count');
}

export function mergeRules(
  dumps: readonly DumpInput[],
  family: Family,
  issues: Issue[],
): IpRule[] | undefined {
  let last: readonly IpRule[] | undefined;
  for (const { dump } of dumps) {
    if (dump.content.kind !== 'ip-rules' || dump.content.family !== family) continue;
    const rules = dump.content.rules;
    if (last) {
      const known = new Set(last.map((rule) => words(rule.text)));
      const extra = rules.find((rule) => !known.has(words(rule.text)));
      const here = new Set(rules.map((rule) => words(rule.text)));
      const gone = last.find((rule) => !here.has(words(rule.text)));
      if (extra) {
        issues.push(
          contradiction(extra.span, `\`${extra.text}\` is not in ${last[0]?.span.path ?? 'the other'}`),
        );
      } else if (gone) {
        issues.push(contradiction(gone.span, `\`${gone.text}\` is not in ${dump.path}`));
      }
    }
    last = rules;
  }
  return last && [...last];
}

export function mergeNexthops(dumps: readonly DumpInput[]): NexthopObject[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'nexthops' ? dump.content.nexthops : undefined)),
    ({ id }) => String(id),
  );
}

export function mergeNexthopBuckets(dumps: readonly DumpInput[]): NexthopBucket[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'nexthop-buckets' ? dump.content.buckets : undefined)),
    ({ group, index }) => `${group} ${index}`,
  );
}

export function mergeNeighbours(dumps: readonly DumpInput[], issues: Issue[]): Neighbour[] | undefined {
  const found: Issue[] = [];
  const merged = unite(
    dumps.map(({ dump }) => (dump.content.kind === 'neighbours' ? dump.content.neighbours : undefined)),
    (entry) => `${entry.dev} ${entry.address} ${entry.proxy}`,
    (older, newer) => {
      if (older.mac === undefined || newer.mac === undefined || older.mac === newer.mac) return;
      found.push(
        contradiction(
          newer.span,
          `${formatIp(newer.address)} has the MAC address ${formatMac(newer.mac)} here and ${formatMac(older.mac)} in ${at(older.span)}`,
        ),
      );
    },
  );
  push(issues, found, 'more neighbours have different MAC addresses in the two files');
  return merged;
}

export function mergeFdb(dumps: readonly DumpInput[]): FdbEntry[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'fdb' ? dump.content.entries : undefined)),
    (entry) =>
      `${entry.mac} ${entry.dev} ${entry.vlan} ${entry.self} ${entry.master !== undefined} ${entry.remote}`,
  );
}

export function mergeMdb(dumps: readonly DumpInput[]): Netns['mdb'] {
  const contents = dumps.flatMap(({ dump }) => (dump.content.kind === 'mdb' ? [dump.content] : []));
  if (contents.length === 0) return undefined;
  const entries = unite(
    contents.map((content) => content.entries),
    (entry) => `${entry.bridge} ${entry.port} ${entry.group} ${entry.source} ${entry.vlan}`,
  );
  const routers = unite(
    contents.map((content) => content.routers),
    (router) => `${router.bridge} ${router.port}`,
  );
  return { entries: entries ?? [], ...(routers ? { routers } : {}) };
}

export function mergeBridgeVlans(dumps: readonly DumpInput[]): BridgeVlan[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'bridge-vlans' ? dump.content.vlans : undefined)),
    (entry) => `${entry.dev} ${entry.vid}`,
  );
}

/** The last of each tool. */
export function mergeFrameFilters(dumps: readonly DumpInput[]): FrameFilter[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'frame-filter' ? [dump.content.filter] : undefined)),
    ({ tool }) => tool,
  );
}

export function mergeQdiscs(dumps: readonly DumpInput[]): Qdisc[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'qdiscs' ? dump.content.qdiscs : undefined)),
    ({ dev, kind, handle, parent }) => `${dev} ${kind} ${handle} ${parent}`,
  );
}

/** By name; what shows a set's elements counts for more than what doesn't. */
export function mergeIpsets(dumps: readonly DumpInput[], issues: Issue[]): IpSet[] | undefined {
  const found: Issue[] = [];
  const lists = dumps.map(({ dump }) => (dump.content.kind === 'ipsets' ? dump.content.sets : undefined));
  const listed = [...lists].sort((a, b) => Number(isListed(a)) - Number(isListed(b)));
  const merged = unite(
    listed,
    (set) => set.name,
    (older, newer) => {
      const odd = oddElement(newer, older) ?? oddElement(older, newer);
      if (odd)
        found.push(
          contradiction(odd.span, `set ${newer.name} has ${odd.text} here, but not in ${odd.other}`),
        );
    },
  );
  push(issues, found, 'more sets have different elements in the two files');
  return merged;
}

function isListed(sets: readonly IpSet[] | undefined): boolean {
  return sets?.every(({ entries }) => entries !== undefined) ?? false;
}

/** An element that only the first of the two has. Timeouts and counters go on by themselves. */
function oddElement(
  { header, entries }: IpSet,
  other: IpSet,
): { text: string; span: Span; other: string } | undefined {
  if (!entries || !other.entries) return undefined;
  const known = new Set(other.entries.map(({ parts }) => printElement(parts, other.header)));
  for (const { parts, span } of entries) {
    const text = printElement(parts, header);
    if (!known.has(text)) return { text, span, other: other.span.path };
  }
  return undefined;
}

export function mergeSockets(dumps: readonly DumpInput[]): Socket[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'sockets' ? dump.content.sockets : undefined)),
    (entry) =>
      `${entry.protocol} ${entry.state} ${entry.family} ${entry.address} ${entry.device} ${entry.port} ${entry.peer?.address} ${entry.peer?.port} ${entry.pid}`,
  );
}

export function mergeConntrack(dumps: readonly DumpInput[]): ConntrackDump[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'conntrack' ? dump.content.entries : undefined)),
    ({ entry }) => tupleKey(entry.original),
  );
}

export function mergeProcesses(dumps: readonly DumpInput[]): Process[] | undefined {
  return unite(
    dumps.map(({ dump }) => (dump.content.kind === 'processes' ? dump.content.processes : undefined)),
    (entry) => `${entry.pid} ${entry.command}`,
  );
}

export function mergeCounters(dumps: readonly DumpInput[]): Map<string, Counter> | undefined {
  const contents = dumps.flatMap(({ dump }) => {
    if (dump.content.kind === 'counters') return [dump.content.counters];
    return dump.content.kind === 'conntrack-stats' ? [overCpus(dump.content.cpus)] : [];
  });
  return contents.length === 0 ? undefined : new Map(contents.flatMap((counters) => [...counters]));
}

/** Sums over all CPUs, as `conntrack insert_failed`; the place is that of the CPU that counted the most. */
function overCpus(cpus: readonly ConntrackCpu[]): Map<string, Counter> {
  const sums = new Map<string, Counter & { most: number }>();
  for (const [name, { value, span }] of cpus.flatMap(({ counters }) => [...counters])) {
    const key = `conntrack ${name}`;
    const sum = sums.get(key) ?? { value: 0, span, most: -1 };
    sums.set(key, {
      value: sum.value + value,
      ...(value > sum.most ? { span, most: value } : { span: sum.span, most: sum.most }),
    });
  }
  return new Map([...sums].map(([key, { value, span }]) => [key, { value, span }]));
}

/** resolv.conf, hosts and nsswitch.conf each fill their part; of two of one kind the last counts. */
export function mergeResolver(dumps: readonly DumpInput[]): Resolver | undefined {
  const parts = dumps.flatMap(({ dump }) =>
    dump.content.kind === 'resolver' ? [dump.content.resolver] : [],
  );
  return parts.length === 0 ? undefined : Object.assign({}, ...parts.map(withoutUndefined));
}

function withoutUndefined(resolver: Resolver): Resolver {
  return Object.fromEntries(Object.entries(resolver).filter(([, value]) => value !== undefined));
}

/** All lists together; of entries with one key the last is kept, in the place of the first. Undefined when there is no list. */
function unite<T>(
  lists: readonly (readonly T[] | undefined)[],
  keyOf: (entry: T) => string,
  clash?: (older: T, newer: T) => void,
): T[] | undefined {
  const present = lists.filter((list) => list !== undefined);
  const [first] = present;
  if (!first) return undefined;
  if (present.length === 1) return [...first];
  const merged = new Map<string, T>();
  for (const list of present) {
    for (const entry of list) {
      const key = keyOf(entry);
      const other = merged.get(key);
      if (other !== undefined) clash?.(other, entry);
      merged.set(key, entry);
    }
  }
  return [...merged.values()];
}

function push(issues: Issue[], found: readonly Issue[], more: string): void {
  issues.push(...found.slice(0, LISTED));
  const [next] = found.slice(LISTED);
  if (next) issues.push({ ...next, text: `${next.text}; ${found.length - LISTED} ${more}` });
}

function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
