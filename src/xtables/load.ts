/** What loading a ruleset does in its namespace, whether its rules are ever reached or not: the extensions' check functions. */
import { once } from '../base/memo.ts';
import { isUnparsed, type MatchDefinition, type TargetDefinition } from './extension.ts';
import { findMatch } from './matches.ts';
import type { Rule, Ruleset } from './rule.ts';
import { findTarget } from './targets.ts';

interface Loaded {
  readonly info: unknown;
  readonly definition: MatchDefinition | TargetDefinition;
}

/** Does it start connection tracking for its family? */
export const conntrackUsers = once((ruleset: Ruleset): boolean =>
  someExtension(ruleset, ({ definition, info }) => {
    const starts = definition.conntrack ?? false;
    return typeof starts === 'boolean' ? starts : starts(info);
  }),
);

/** Does it start defragmentation? Connection tracking does as well. */
export const defragmentUsers = once((ruleset: Ruleset): boolean =>
  someExtension(ruleset, ({ definition }) => definition.defragments === true),
);

type Load = (shared: Map<string, unknown>) => void;

/** Lays out what the rules keep by name in the namespace; of rules that share a name, the first one's word holds. */
export function loaderOf(rulesets: readonly Ruleset[]): Load {
  const loads = rulesets.flatMap(loadsOf);
  return (shared) => {
    for (const load of loads) load(shared);
  };
}

const loadsOf = once((ruleset: Ruleset): Load[] => {
  const loads: Load[] = [];
  someExtension(ruleset, ({ definition, info }) => {
    if ('match' in definition && definition.load) {
      loads.push((shared) => definition.load?.(info, ruleset.family, shared));
    }
    return false;
  });
  return loads;
});

/** In the order of the dump, which is the order they are loaded in. */
function someExtension({ tables, family }: Ruleset, test: (loaded: Loaded) => boolean): boolean {
  for (const table of tables.values()) {
    for (const chain of table.chains.values()) {
      for (const rule of chain.rules) if (extensionsOf(rule, family).some(test)) return true;
    }
  }
  return false;
}

function extensionsOf({ matches, target }: Rule, family: Ruleset['family']): Loaded[] {
  const loaded: Loaded[] = [];
  const add = (info: unknown, definition: Loaded['definition'] | undefined): void => {
    if (definition && !isUnparsed(info)) loaded.push({ info, definition });
  };
  for (const match of matches) add(match.info, findMatch(match.name, family));
  if (target?.kind === 'extension') add(target.info, findTarget(target.name, family));
  return loaded;
}
