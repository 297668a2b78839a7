/** What the model decides of every match and target, as the table that README shows. */
import type { ExtensionBase, Options, Support } from './extension.ts';
import { allMatches } from './matches.ts';
import { allTargets } from './targets.ts';

type Extension = Pick<ExtensionBase<unknown, Options>, 'name' | 'families' | 'support'>;

/** Markdown: two tables, each with a line for every extension of the lists. */
export function supportTables(): string {
  return [...table('match', allMatches()), '', ...table('target', [...VERDICTS, ...allTargets()])].join('\n');
}

const decided: Support = { decided: true };
/** What needs no extension. */
const VERDICTS: readonly Extension[] = [
  { name: 'ACCEPT, DROP, RETURN', support: decided },
  { name: '-j CHAIN, -g CHAIN', support: decided },
  { name: 'QUEUE', support: { decided: { never: 'a program decides' } } },
];

function table(what: string, extensions: readonly Extension[]): string[] {
  const rows = new Map<string, { families: Set<number>; support: Support }>();
  for (const { name, families = [4, 6], support } of extensions) {
    const row = rows.get(name) ?? { families: new Set(), support };
    for (const family of families) row.families.add(family);
    rows.set(name, row);
  }
  return [
    `| ${what} | IPv4 | IPv6 | decided | held against the kernel |`,
    '| --- | --- | --- | --- | --- |',
    ...[...rows].map(
      ([name, { families, support }]) =>
        `| ${name} | ${mark(families.has(4))} | ${mark(families.has(6))} | ${sayDecided(support)} | ${sayHeld(support)} |`,
    ),
  ];
}

function mark(has: boolean): string {
  return has ? 'yes' : '–';
}

function sayHeld({ decided, untried }: Support): string {
  if (untried !== undefined) return `no: ${untried}`;
  return decided !== true && 'never' in decided ? '–' : 'yes';
}

function sayDecided({ decided, except }: Support): string {
  if (decided !== true) return 'with' in decided ? `with ${decided.with}` : `unknown: ${decided.never}`;
  return except === undefined ? 'yes' : `yes, but not ${except}`;
}
