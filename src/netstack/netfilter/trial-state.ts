/** The packet, and what the rules remember, for trying one way out of several: nothing of it comes back. */
import type { Skb } from '../../skb/skb.ts';
import type { RuleState } from './tables.ts';
import type { Trial } from './trial.ts';

/** Copied when something asks for it: few rules remember anything. */
export class LazyRuleState implements RuleState {
  private readonly of: RuleState;
  private copiedRule: RuleState['rule'] | undefined;
  private copiedShared: RuleState['shared'] | undefined;

  constructor(of: RuleState) {
    this.of = of;
  }

  get rule(): RuleState['rule'] {
    this.copiedRule ??= copyMap(this.of.rule);
    return this.copiedRule;
  }

  get shared(): RuleState['shared'] {
    this.copiedShared ??= copyMap(this.of.shared);
    return this.copiedShared;
  }
}

export function copyRuleState(state: RuleState): RuleState {
  return { rule: copyMap(state.rule), shared: copyMap(state.shared) };
}

/** Keys are compared by identity and stay; values are plain data. */
function copyMap<K>(map: ReadonlyMap<K, unknown>): Map<K, unknown> {
  const copy = new Map<K, unknown>();
  for (const [key, value] of map) {
    copy.set(key, value instanceof Map ? copyMap(value) : structuredClone(value));
  }
  return copy;
}

export function copyForTrial(skb: Skb): Skb {
  const { conntrack } = skb;
  const copy = { ...skb, bytes: skb.bytes.slice() };
  if (conntrack?.entry) {
    const entry = { ...conntrack.entry, labels: new Set(conntrack.entry.labels) };
    copy.conntrack = { ...conntrack, entry };
  }
  return copy;
}

export function giveUp(trial: Trial): void {
  trial.undecided = true;
  trial.search.differs = true;
}
