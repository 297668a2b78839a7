/** How often each rule of a case's namespaces was matched. */
import type { Hop, Trace } from '../../netstack/hop.ts';
import { isCovered } from '../../netstack/netfilter/nft-chains.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';

export interface CoveredRule {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** `filter FORWARD 3`, `inet fw forward 2`, `filter FORWARD policy`. */
  readonly name: string;
  readonly text: string;
  /** A chain's policy: it is shown, and not counted among the rules. */
  readonly policy: boolean;
  hits: number;
}

/** All rules of the namespaces, by the place where they stand. Those that the case's own commands made stand nowhere, and aren't among them. */
export class RuleCoverage {
  readonly #rules = new Map<string, CoveredRule>();

  constructor({ namespaces }: Snapshot) {
    for (const netns of namespaces.values()) {
      for (const ruleset of [...(netns.rulesets4 ?? []), ...(netns.rulesets6 ?? [])])
        for (const table of ruleset.tables.values())
          for (const chain of table.chains.values()) {
            if (chain.policy !== undefined && chain.span)
              this.#add(chain.span, `${table.name} ${chain.name} policy`, `policy ${chain.policy}`, true);
            for (const [index, { span, text }] of chain.rules.entries())
              this.#add(span, `${table.name} ${chain.name} ${index + 1}`, text, false);
          }
      for (const table of netns.nft?.tables ?? []) {
        if (isCovered(netns, table)) continue;
        for (const chain of table.chains)
          for (const [index, { span, text }] of chain.rules.entries())
            this.#add(span, `${table.family} ${table.name} ${chain.name} ${index + 1}`, text, false);
      }
    }
  }

  #add({ path, line }: { path: string; line: number }, name: string, text: string, policy: boolean): void {
    this.#rules.set(keyOf(path, line, name), { path, line, name, text, policy, hits: 0 });
  }

  /** A packet's whole way, and those of the answers that the kernel gave it. */
  trace({ hops, answers }: Trace): void {
    this.hops(hops);
    for (const answer of answers) this.trace(answer);
  }

  hops(hops: readonly Hop[]): void {
    for (const { steps } of hops)
      for (const step of steps) {
        if (!('path' in step) || step.path === undefined || step.line === undefined) continue;
        const name = nameOf(step);
        const rule = name === undefined ? undefined : this.#rules.get(keyOf(step.path, step.line, name));
        if (rule) rule.hits++;
      }
  }

  get rules(): CoveredRule[] {
    return [...this.#rules.values()];
  }
}

function nameOf(step: Hop['steps'][number]): string | undefined {
  switch (step.kind) {
    case 'rule':
      return `${step.table} ${step.chain} ${step.number}`;
    case 'policy':
      return `${step.table} ${step.chain} policy`;
    case 'nft-rule':
      return `${step.family} ${step.table} ${step.chain} ${step.number}`;
    default:
      return undefined;
  }
}

function keyOf(path: string, line: number, name: string): string {
  return `${path}\n${line}\n${name}`;
}
