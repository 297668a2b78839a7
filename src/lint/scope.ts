/** What is looked at together: the rulesets of one namespace, and what else is known of it. */
import type { Issue } from '../base/issue.ts';
import type { DumpInput, InputSet } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import { machineOf } from '../snapshot/machines.ts';
import type { Netns, PlayedCommand, Snapshot } from '../snapshot/snapshot.ts';
import type { Ruleset } from '../xtables/rule.ts';

export interface Scope {
  readonly namespace: string;
  readonly netns: Netns;
  /** The machine's: Docker's view and its processes. */
  readonly snapshot: Pick<Snapshot, 'docker' | 'processes'>;
  /** Of both families and backends. */
  readonly rulesets: readonly Ruleset[];
  /** What the readers had to say of files that iptables-restore is to load. */
  readonly issues: readonly Issue[];
  /** Of a session or script: what was typed there, and refused. */
  readonly refused: readonly PlayedCommand[];
}

/**
 * One for each namespace with rules. Rules files of the same tables that are named together are alternatives (of several hosts, or
 * before and after): each is looked at by itself, on what is known of the namespace.
 */
export function scopesOf(inputs: InputSet, snapshot: Snapshot): Scope[] {
  return [...snapshot.namespaces.values()].flatMap((netns) => scopesIn(inputs, snapshot, netns));
}

function scopesIn(inputs: InputSet, snapshot: Snapshot, netns: Netns): Scope[] {
  const dumps = inputs.dumps.filter(
    ({ namespace, dump }) => namespace === netns.name && dump.content.kind === 'ruleset',
  );
  const machine = machineOf(snapshot, netns.name);
  const refused = (snapshot.commands ?? []).filter(
    ({ namespace, refusal }) => namespace === netns.name && refusal !== undefined,
  );
  const common = { namespace: netns.name, snapshot: machine, refused };
  if (!areAlternatives(dumps)) {
    const rulesets = [...(netns.rulesets4 ?? []), ...(netns.rulesets6 ?? [])];
    if (rulesets.length === 0 && dumps.length === 0 && refused.length === 0 && !netns.nft) return [];
    return [{ ...common, netns, rulesets, issues: dumps.flatMap(issuesOf) }];
  }
  // What stands beside all of them is looked at once.
  const { rulesets4: _4, rulesets6: _6, ...beside } = netns;
  const nft = netns.nft ? [{ ...common, netns: beside, rulesets: [], issues: [], refused: [] }] : [];
  const each = dumps.flatMap((input) => {
    const { dump } = input;
    if (dump.content.kind !== 'ruleset') return [];
    const { ruleset } = dump.content;
    return [
      {
        ...common,
        netns: withOnly(netns, ruleset),
        rulesets: [ruleset],
        issues: issuesOf(input),
        refused: [],
      },
    ];
  });
  return [...each, ...nft];
}

function issuesOf({ dump }: DumpInput): readonly Issue[] {
  return dump.format === 'iptables-save' ? dump.issues : [];
}

/** Two of them have the same table of the same family and backend. */
function areAlternatives(dumps: readonly DumpInput[]): boolean {
  const seen = new Set<string>();
  for (const { dump, step } of dumps) {
    if (dump.content.kind !== 'ruleset' || dump.content.ruleset.listing || step !== undefined) continue;
    const { family, backend, tables } = dump.content.ruleset;
    for (const name of tables.keys()) {
      const key = `${family} ${backend} ${name}`;
      if (seen.has(key)) return true;
      seen.add(key);
    }
  }
  return false;
}

function withOnly(netns: Netns, ruleset: Ruleset): Netns {
  const { rulesets4: _4, rulesets6: _6, nft: _nft, ...rest } = netns;
  return { ...rest, ...(ruleset.family === 4 ? { rulesets4: [ruleset] } : { rulesets6: [ruleset] }) };
}

export function rulesetsOf({ rulesets }: Scope, family: Family): readonly Ruleset[] {
  return rulesets.filter((ruleset) => ruleset.family === family);
}

/** All devices are known by their names: from `ip link` or `ip addr`, not from a script that makes some of them. */
export function knownLinks({ netns }: Scope): readonly NonNullable<Netns['links']>[number][] | undefined {
  if (netns.partial || netns.inferred || !netns.links) return undefined;
  return netns.links.some(({ inferred }) => !inferred) ? netns.links : undefined;
}
