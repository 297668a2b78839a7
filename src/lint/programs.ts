/** Rules that a program writes, all alike on every host: what is idle or dead among them is for the program to say. */
import { once } from '../base/memo.ts';
import { makerOf, makerOfInterface } from '../topology/makers.ts';
import type { Table } from '../xtables/rule.ts';
import { isJump, type RuleRef } from './rules.ts';

export function isOfProgram({ rule, chain, table }: RuleRef): boolean {
  const maker = makerOf({ chain: chain.name, text: rule.text, chains: table.chains });
  if (maker !== undefined && maker.id !== 'docker-user') return true;
  if (chain.name !== 'FORWARD') return false;
  const bridges = dockerBridges(table);
  return [rule.in, rule.out].some((device) => device !== undefined && bridges.has(device.name));
}

/** A bridge that a program makes, by its name. */
export function isProgramDevice(name: string): boolean {
  return makerOfInterface(name) !== undefined;
}

/** Docker’s bridges may be called anything: those that it has a jump to its own chains for. */
const dockerBridges = once((table: Table): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { rules } of table.chains.values()) {
    for (const { target, out } of rules) {
      if (isJump(target) && /^DOCKER(-(?!USER)|$)/.test(target.chain) && out && !out.invert)
        names.add(out.name);
    }
  }
  return names;
});
