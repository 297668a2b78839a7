/** Every target there is: one file each, one line each here. The verdicts and jumps need no definition. */
import type { Family } from '../net/ip.ts';
import type { TargetDefinition } from './extension.ts';
import { optionNames } from './options.ts';
import { DNAT } from './targets/DNAT.ts';
import { LOG } from './targets/LOG.ts';
import { MARK } from './targets/MARK.ts';
import { MASQUERADE } from './targets/MASQUERADE.ts';
import { REDIRECT } from './targets/REDIRECT.ts';
import { REJECT, REJECT6 } from './targets/REJECT.ts';
import { SNAT } from './targets/SNAT.ts';

export const TARGETS: readonly TargetDefinition[] = [
  DNAT,
  LOG,
  MARK,
  MASQUERADE,
  REDIRECT,
  REJECT,
  REJECT6,
  SNAT,
];

const BY_NAME = new Map<string, TargetDefinition>();
for (const target of TARGETS) {
  for (const family of target.families ?? ([4, 6] as const)) {
    for (const name of [target.name, ...(target.aliases ?? [])]) BY_NAME.set(`${family} ${name}`, target);
  }
}

export function findTarget(name: string, family: Family): TargetDefinition | undefined {
  return BY_NAME.get(`${family} ${name}`);
}

/** Why a name that is a target elsewhere is none in this family. */
export function knownExtension(name: string, family: Family): string | undefined {
  const other = family === 4 ? 6 : 4;
  return BY_NAME.has(`${other} ${name}`) && !BY_NAME.has(`${family} ${name}`)
    ? `target ${name} exists for IPv${other} only`
    : undefined;
}

export function targetsWithOption(option: string, family: Family): string[] {
  return TARGETS.filter(
    (target) => (target.families ?? [family]).includes(family) && optionNames(target.options).has(option),
  ).map((target) => target.name);
}
