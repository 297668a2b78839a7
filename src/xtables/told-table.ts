/** Which table a listing shows: `iptables -L` and `-S` don't print its name. */
import { BUILTIN_CHAINS, HOOKS, TABLES, type TableName } from './rule.ts';
import { findTarget } from './targets.ts';

export interface ToldTable {
  readonly name: TableName;
  /** Nothing in the listing tells it from another table. */
  readonly assumed: boolean;
}

/** Tables that can hold these chains and targets; the most common of them that has all built-in chains shown. */
export function tellTable(chains: readonly string[], targets: ReadonlySet<string>): ToldTable {
  const builtin = HOOKS.filter((hook) => chains.includes(hook));
  const able = TABLES.filter(
    (name) =>
      builtin.every((hook) => BUILTIN_CHAINS[name].includes(hook)) &&
      [...targets].every(
        (target) => (findTarget(target, 4) ?? findTarget(target, 6))?.tables?.includes(name) ?? true,
      ),
  );
  const whole = able.filter((name) => BUILTIN_CHAINS[name].length === builtin.length);
  // nat had no INPUT chain before Linux 2.6.36.
  const old = able.filter((name) => name === 'nat' && builtin.join() === 'PREROUTING,OUTPUT,POSTROUTING');
  const [name = 'filter'] = ORDER.filter((each) =>
    [whole, old, able].find((list) => list.length > 0)?.includes(each),
  );
  const rivals = whole.length > 0 ? whole.filter((each) => each !== 'security') : able;
  return { name, assumed: old.length === 0 && rivals.length !== 1 };
}

const ORDER: readonly TableName[] = ['filter', 'nat', 'mangle', 'raw', 'security'];
