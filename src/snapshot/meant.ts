/** What a command that was refused was probably meant to be. */
import { nearest } from '../base/nearest.ts';
import { correctRule } from '../xtables/correct.ts';
import { TABLES } from '../xtables/rule.ts';
import { splitShell } from '../xtables/tokens.ts';
import type { Problem } from './apply/words.ts';
import type { Snapshot } from './snapshot.ts';

export function meantCommand(
  snapshot: Snapshot,
  namespace: string,
  text: string,
  lack?: Problem,
): string | undefined {
  const words = splitShell(text).map((token) => token.text);
  const [program = ''] = words;
  if (/^ip6?tables/.test(program)) return meantRule(words);
  if (/^ip (?:-\S+ )*l(?:ink)? set (?:dev )?\S+$/.test(text)) return `${text} up`;
  if (lack?.interface === undefined) return undefined;
  const other = otherEnd(snapshot, namespace, lack.interface);
  if (other !== undefined && / netns /.test(text)) return replaced(text, lack.interface, other);
  const names = (snapshot.namespaces.get(namespace)?.links ?? []).map(({ name }) => name);
  const name = nearest(lack.interface, names);
  return name === undefined
    ? elsewhere(snapshot, lack.interface, text)
    : replaced(text, lack.interface, name);
}

function meantRule(words: readonly string[]): string | undefined {
  const [program = '', ...rest] = words;
  const at = rest.findIndex((word) => word === '-t' || word === '--table');
  const table = TABLES.find((name) => name === (at < 0 ? 'filter' : rest[at + 1])) ?? 'filter';
  const spec = at < 0 ? rest : rest.filter((_, i) => i !== at && i !== at + 1);
  return correctRule(spec, table, program.startsWith('ip6') ? 6 : 4);
}

/** Of a pair whose one end was moved away already, the end that is still here. */
function otherEnd(snapshot: Snapshot, namespace: string, device: string): string | undefined {
  const all = [...snapshot.namespaces.values()];
  const moved = all.flatMap(({ links = [] }) => links).find(({ name }) => name === device);
  if (moved?.pair === undefined) return undefined;
  const here = snapshot.namespaces.get(namespace)?.links ?? [];
  return here.find(({ pair, name }) => pair === moved.pair && name !== device)?.name;
}

/** The device is there, in another namespace. */
function elsewhere(snapshot: Snapshot, device: string, text: string): string | undefined {
  for (const { name, links } of snapshot.namespaces.values()) {
    if (!links?.some((link) => link.name === device)) continue;
    return name === 'host' ? text : text.replace(/^ip /, `ip -n ${name} `);
  }
  return undefined;
}

function replaced(text: string, wrong: string, right: string): string {
  return text
    .split(' ')
    .map((word) => (word === wrong ? right : word))
    .join(' ');
}
