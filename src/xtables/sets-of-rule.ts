/** Names of the IP sets that a rule asks or changes: those it holds a reference to. */
import { isUnparsed } from './extension.ts';
import type { SetReference } from './matches/set.ts';
import type { Rule } from './rule.ts';

export function setsOfRule({ matches, target }: Rule): string[] {
  const infos: object[] = matches.filter(({ name }) => name === 'set').map(({ info }) => info as object);
  if (target?.kind === 'extension' && target.name === 'SET') infos.push(target.info as object);
  return infos.filter((info) => !isUnparsed(info)).flatMap(referencesOf);
}

interface References extends Partial<SetReference> {
  readonly add?: SetReference;
  readonly del?: SetReference;
  readonly map?: SetReference;
}

function referencesOf({ name, add, del, map }: References): string[] {
  return [name, add?.name, del?.name, map?.name].filter((each) => each !== undefined);
}
