/** The rules that tests of matches and targets are about. */
import { readdirSync, readFileSync } from 'node:fs';

export function ruleRows(): { table: string; rule: string }[] {
  const rows = readdirSync('test/xtables/rows')
    .toSorted()
    .flatMap((file) => readFileSync(`test/xtables/rows/${file}`, 'utf8').split('\n'));
  return rows
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
    .map(([, table = '', rule = '']) => ({ table, rule }))
    .filter((_, at) => at % 4 === 0);
}

/** What iptables printed of them: `-L` in three forms, and rules as `-S` has them. */
export function listings(): string[] {
  return ['4-legacy', '4-nft', '6-legacy', '6-nft'].flatMap((name) => {
    const { tables } = JSON.parse(readFileSync(`test/xtables/listing/run-${name}.json`, 'utf8')) as Run;
    return tables.flatMap(({ saved, ...forms }) => [
      ...Object.values(forms)
        .filter((lines): lines is readonly string[] => Array.isArray(lines))
        .map((lines) => `${lines.slice(0, 14).join('\n')}\n`),
      ['-P FORWARD DROP', '-N foo', ...saved.slice(0, 14)].join('\n'),
    ]);
  });
}

interface Run {
  readonly tables: readonly ({ readonly saved: readonly string[] } & Record<string, unknown>)[];
}
