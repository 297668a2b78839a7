/** Docker's rules as they should be against those that are there, as causes use it: what is missing or stale, its lines, and its commands. */
import { once } from '../base/memo.ts';
import { machineOf } from '../snapshot/machines.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';
import {
  type ActualRule,
  type Comparison,
  compareEngine,
  type Missing,
  type Stale,
} from '../topology/engine/compare.ts';
import { type Expected, purposeText } from '../topology/engine/expected.ts';
import type { Publication } from '../topology/engine/state.ts';
import { type Case, netnsOf, type Scene } from './case.ts';
import type { Command } from './cause.ts';
import { predictWith } from './counterfactual.ts';
import type { Evidence, Finding } from './finding.ts';
import { passes } from './passes.ts';

const comparisons = once((_: Snapshot) => new Map<string, Comparison | undefined>());

/** Undefined: nothing of Docker's runs there as far as anybody dumped it. */
export function engineOf({ snapshot }: Scene, namespace: string): Comparison | undefined {
  const known = comparisons(snapshot);
  if (!known.has(namespace)) {
    const netns = snapshot.namespaces.get(namespace);
    // What a container has of rules is its own: Docker writes its rules where its bridges are.
    const machine = machineOf(snapshot, namespace);
    const isEngine = netns !== undefined && netns.container === undefined && !isBeside(machine, netns);
    known.set(namespace, isEngine ? compareEngine(machine, netns) : undefined);
  }
  return known.get(namespace);
}

/** Its links are known, and none is a bridge of Docker's. */
function isBeside({ docker }: Pick<Snapshot, 'docker'>, { links }: Netns): boolean {
  const bridges = new Set(docker.networks.flatMap(({ bridge }) => bridge ?? []));
  return links !== undefined && bridges.size > 0 && !links.some(({ name }) => bridges.has(name));
}

/** Rules that are missing for a port, and those without which none for a port works. */
export function missingFor(engine: Comparison, container: string, hostPort: number): Missing[] {
  const networks = new Set(
    engine.state.publications
      .filter((each) => each.container === container && each.hostPort === hostPort)
      .flatMap(({ targets }) => targets.map(({ network }) => network.name)),
  );
  return engine.missing.filter(({ expected: { purpose } }) => {
    if (purpose.kind === 'port') return purpose.container === container && purpose.hostPort === hostPort;
    return purpose.kind === 'engine' || networks.has(purpose.network);
  });
}

/** Rules that are missing for what a network's containers send and get. */
export function missingForNetwork(engine: Comparison, bridge: string): Missing[] {
  const network = engine.state.networks.find((each) => each.bridge === bridge);
  if (!network) return [];
  return engine.missing.filter(
    ({ expected: { purpose } }) =>
      purpose.kind === 'engine' || (purpose.kind === 'network' && purpose.network === network.name),
  );
}

/** `container web publishes 8080 → 80/tcp`, by the line of docker inspect. */
export function publicationEvidence({
  container,
  hostPort,
  containerPort,
  protocol,
  span,
}: Publication): Evidence {
  return {
    path: span.path,
    line: span.line,
    text: `container ${container} publishes ${hostPort} → ${containerPort}/${protocol}`,
  };
}

/** The dump that lacks it, in Docker's words. */
export function missingEvidence({ expected, path }: Missing): Evidence {
  return { path, text: `missing ${purposeText(expected.purpose)}: ${ruleText(expected)}` };
}

/** What the port itself needs before what all need. */
export function portsFirst(missing: readonly Missing[]): Missing[] {
  const isPort = ({ expected }: Missing) => expected.purpose.kind === 'port';
  return [...missing.filter(isPort), ...missing.filter((each) => !isPort(each))];
}

function ruleText(expected: Missing['expected']): string {
  const table = 'table' in expected ? `${expected.table} ` : '';
  return `${table}${expected.chain}: ${expected.forms[0]}`;
}

export function staleEvidence({ rule }: Stale): Evidence {
  return {
    path: rule.path,
    line: rule.rule.span.line,
    text: `${rule.table} ${rule.chain} rule ${rule.number}: ${rule.rule.text}`,
  };
}

export function findingRuleOf({
  family,
  table,
  chain,
  number,
  rule,
  path,
}: ActualRule): NonNullable<Finding['rule']> {
  return { family, table, chain, number, text: rule.text, path, line: rule.span.line };
}

/** Chains that Docker makes before it puts rules into them. */
const BUILTIN = /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/;

/**
 * The commands that write missing rules as Docker would: chains first, then what leads to them, at the beginning of base chains where
 * Docker puts itself too. Those of the nftables backend have no command here.
 */
export function commandsFor(scene: Scene, namespace: string, missing: readonly Missing[]): Command[] {
  const commands: Command[] = [];
  const made = new Set<string>();
  for (const { expected, path } of inOrder(missing)) {
    if (!('table' in expected) || expected.anyInterface) return [];
    const { family, table, chain, forms } = expected;
    const tool = `${family === 4 ? 'iptables' : 'ip6tables'}${/legacy[^/]*$/.test(path) ? '-legacy' : ''}`;
    const on = table === 'filter' ? tool : `${tool} -t ${table}`;
    const target = / -j (DOCKER\S*)$/.exec(` ${forms[0]}`)?.[1];
    for (const name of [chain, target]) {
      if (name === undefined || BUILTIN.test(name) || made.has(`${table} ${name}`)) continue;
      made.add(`${table} ${name}`);
      if (!hasChain(scene, namespace, expected, name)) commands.push({ namespace, text: `${on} -N ${name}` });
    }
    const first = isFirst(expected);
    const at = chain === 'FORWARD' ? behindUserChain(scene, namespace, expected) : '';
    commands.push({ namespace, text: `${on} -${first ? 'I' : 'A'} ${chain}${at} ${forms[0]}` });
  }
  return commands;
}

/** Before what the chain ends with: the network's DROP after its ports, RETURN after what isolates; and before DNAT what returns. */
function isFirst({ table, chain, purpose }: Expected): boolean {
  if (chain === 'FORWARD' || chain.startsWith('DOCKER-ISOLATION-')) return true;
  return chain === 'DOCKER' && (table === 'filter') === (purpose.kind === 'port');
}

/** Rules that are inserted stand in reverse: the one that is to be first comes last. */
function inOrder(missing: readonly Missing[]): Missing[] {
  const inserted = missing.filter(({ expected }) => expected.chain === 'FORWARD');
  return [...missing.filter(({ expected }) => expected.chain !== 'FORWARD'), ...inserted.toReversed()];
}

/** DOCKER-USER is asked first, if FORWARD leads there. */
function behindUserChain(scene: Scene, namespace: string, { family }: Expected): string {
  const netns = netnsOf(scene, namespace);
  const rulesets = (family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const forward = rulesets.flatMap(({ tables }) => tables.get('filter')?.chains.get('FORWARD')?.rules ?? []);
  const at = forward.findIndex(({ text }) => text.endsWith('-j DOCKER-USER'));
  return at < 0 ? '' : ` ${at + 2}`;
}

function hasChain(scene: Scene, namespace: string, { family, table }: Expected, chain: string): boolean {
  const netns = netnsOf(scene, namespace);
  const rulesets = (family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.some(({ tables }) => tables.get(table)?.chains.has(chain));
}

/** With the commands run the model carries the flow there and back. */
export function repairs(kase: Case, commands: readonly Command[]): boolean {
  if (commands.length === 0) return false;
  const prediction = predictWith(kase, commands);
  return prediction !== undefined && passes({ ...kase, prediction, hypothetical: true, kernel: [] });
}
