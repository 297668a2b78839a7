/** The host as its dumps and captures show it: what packets can be sent through. */
import type { Issue } from '../base/issue.ts';
import { type BuiltState, type CaseState, changedState } from '../cases/run/state.ts';
import { isCapture } from '../correlate/points.ts';
import type { AnalysisTopology } from '../report/analysis.ts';
import { describeTopology } from '../topology/describe.ts';
import type { Ruleset } from '../xtables/rule.ts';
import { UsageError } from './errors.ts';

/**
 * A host (or several) at one moment: namespaces, links, addresses, routes, rules. It never changes; each `simulate` begins with the
 * connections and counters that were dumped, whatever was simulated before.
 */
export interface Snapshot {
  /** The host's name, where the bundle's manifest says it. */
  readonly host?: string;
  /** Namespaces with their links, addresses and routes, how they are connected, and what is `missing`: the `topology` of an analysis. */
  readonly topology: AnalysisTopology;
  /** What was doubtful in the dumps, what contradicts itself, what could not be read. */
  readonly issues: readonly Issue[];
  /** The iptables and ip6tables rules of a namespace, by family and backend; empty where none were dumped, or no such namespace is known. Default: `host`. */
  rulesets(namespace?: string): readonly Ruleset[];
  /**
   * The host as it would be after commands that are run on it in their order: `iptables`, `nft`, `ip`, `sysctl`, `ipset` …, in the root namespace, or
   * elsewhere with `ip netns exec NS …`. Throws a `UsageError` for one that can't be run, and says why.
   */
  apply(...commands: readonly string[]): Snapshot;
}

/** What a snapshot keeps to itself. */
const STATES = new WeakMap<Snapshot, BuiltState>();

export function snapshotOf(state: BuiltState, issues: readonly Issue[]): Snapshot {
  let topology: AnalysisTopology | undefined;
  const { host, namespaces } = state.snapshot;
  const snapshot: Snapshot = {
    ...(host !== undefined && { host }),
    get topology() {
      topology ??= describeTopology(state.topology, state.points.filter(isCapture), state.inputs);
      return topology;
    },
    issues,
    rulesets(namespace = 'host') {
      const netns = namespaces.get(namespace);
      return [...(netns?.rulesets4 ?? []), ...(netns?.rulesets6 ?? [])];
    },
    apply(...commands) {
      const changed = changedState(
        state,
        commands.map((value, index) => ({ value, place: { path: '', line: index + 1, column: 1 } })),
      );
      if (!('text' in changed)) return snapshotOf(changed, issues);
      const text = commands[changed.line - 1] ?? '';
      throw new UsageError(changed.text, 'command', { part: { text, at: 0, length: text.length } });
    },
  };
  STATES.set(snapshot, state);
  return snapshot;
}

/** Undefined: it isn't one that this library made. */
export function stateOf(snapshot: object): CaseState | undefined {
  return STATES.get(snapshot as Snapshot);
}
