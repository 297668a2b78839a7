/** A scenario recorded on a real kernel: its router as a snapshot, and what the kernel traced and counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tieSteps } from '../../../src/correlate/trace-rules.ts';
import { tracedPackets } from '../../../src/correlate/traced-packet.ts';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { TracedHeader } from '../../../src/dump/trace-record.ts';
import type { DumpInput } from '../../../src/input/input.ts';
import type { Ip } from '../../../src/net/ip.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import type { Netns, Snapshot } from '../../../src/snapshot/snapshot.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import type { Topology } from '../../../src/topology/topology.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import type { Ruleset } from '../../../src/xtables/rule.ts';

export interface TracedPacket {
  readonly local: boolean;
  readonly in: string;
  readonly source: Ip;
  readonly destination: Ip;
  readonly length: number;
  readonly id: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of TCP, as far as the trace names them. */
  readonly tcpFlags?: number;
  readonly tcpSequence?: number;
}

export interface TracedSteps {
  readonly packet: TracedPacket;
  /** `table chain N`; `table chain policy`. */
  readonly steps: string[];
}

export interface KernelScenario {
  readonly snapshot: Snapshot;
  readonly topology: Topology;
  readonly ruleset: Ruleset;
  readonly traced: TracedSteps[];
  /** `table chain`: `[packets:bytes] rule`, as the kernel counted them. */
  readonly after: string;
}

export function loadScenario(folder: string): KernelScenario {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const net = JSON.parse(read('net.json')).r as Record<string, unknown>;
  const { ruleset } = parseSave(read('rules.v4.loaded'), join(folder, 'rules.v4.loaded'));
  const dumps: DumpInput[] = [];
  const add = (name: string, text: string, hint?: string) => {
    const dump = recogniseDump(name, text, hint);
    if (!dump) throw new Error(`${folder}: ${name} is not recognised`);
    dumps.push({ dump, namespace: 'r', by: 'argument' } as DumpInput);
  };
  add('links.json', JSON.stringify(net.links));
  add('addr.json', JSON.stringify(net.addr));
  add('route.json', JSON.stringify(net.route4));
  add('route6.json', JSON.stringify(net.route6));
  add('rule.json', JSON.stringify(net.rule4));
  const sockets = /# ss -lntup\n([\s\S]*?)(?=\n# |$)/.exec(read('ip.r.txt'))?.[1];
  if (sockets) add('ss.txt', sockets);
  add('sysctl.txt', 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n');
  const { snapshot } = buildSnapshot({ captures: [], dumps, issues: [] });
  const r = snapshot.namespaces.get('r');
  if (!r) throw new Error('no namespace r');
  const withRules: Netns = { ...r, rulesets4: [ruleset], rulesets6: [] };
  snapshot.namespaces.clear();
  snapshot.namespaces.set('r', withRules);
  const name = ruleset.backend === 'nft' ? 'xtables-monitor.txt' : 'kernel.log';
  const trace = recogniseDump(name, read(name));
  if (!trace) throw new Error(`${folder}: ${name} is not recognised`);
  const traced = tracedPackets([{ dump: trace, namespace: 'r', by: 'argument' }], 0).map((packet) => ({
    packet: packetOf(packet.header, packet.steps[0]?.hook === 'OUTPUT'),
    steps: tieSteps(withRules, packet).flatMap(({ kind, table, chain, number, verdict }) => {
      if (kind === 'return' || verdict === 'TRACE') return [];
      return [`${table} ${chain} ${kind === 'policy' ? 'policy' : number}`];
    }),
  }));
  return {
    snapshot,
    topology: makeTopology(snapshot.namespaces, []),
    ruleset,
    traced,
    after: read('rules.v4.after-counters'),
  };
}

/** Counters by table, chain and place, with the rule's text. */
export function readCounters(save: string): Map<string, string> {
  const counters = new Map<string, string>();
  const places = new Map<string, number>();
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^:(\S+) (\S+) \[(\d+):(\d+)\]/.exec(line);
    if (chain && chain[2] !== '-') counters.set(`${table} ${chain[1]} policy`, `${chain[3]}:${chain[4]}`);
    const rule = /^\[(\d+):(\d+)\] -A (\S+) ?(.*)$/.exec(line);
    if (!rule) continue;
    const key = `${table} ${rule[3]}`;
    const place = (places.get(key) ?? 0) + 1;
    places.set(key, place);
    counters.set(`${key} ${place} ${rule[4]}`, `${rule[1]}:${rule[2]}`);
  }
  return counters;
}

function packetOf(header: TracedHeader, local: boolean): TracedPacket {
  const { source, destination, length = 0, id = 0, tcpFlags, tcpSequence } = header;
  return {
    local,
    in: header.in ?? '',
    source,
    destination,
    length,
    id,
    ...(header.sourcePort === undefined ? {} : { sourcePort: header.sourcePort }),
    ...(header.destinationPort === undefined ? {} : { destinationPort: header.destinationPort }),
    ...(tcpFlags === undefined ? {} : { tcpFlags }),
    ...(tcpSequence === undefined ? {} : { tcpSequence }),
  };
}
