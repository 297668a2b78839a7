/** A scenario recorded on a real kernel: its router as a snapshot, and what the kernel traced and counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { DumpInput } from '../../../src/input/input.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import type { Netns, Snapshot } from '../../../src/snapshot/snapshot.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import type { Topology } from '../../../src/topology/topology.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import type { Ruleset } from '../../../src/xtables/rule.ts';
import { readKernelLog, readXtablesMonitor, type TracedSteps } from './kernel-trace.ts';

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
  const count = (table: string, chain: string) =>
    ruleset.tables.get(table as 'raw')?.chains.get(chain)?.rules.length ?? 0;
  const traced =
    ruleset.backend === 'nft'
      ? readXtablesMonitor(read('xtables-monitor.txt'))
      : readKernelLog(read('kernel.log'), count);
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
