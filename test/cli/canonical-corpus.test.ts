/** `show --format canonical` on rulesets found in the wild, as a person calls it: read in place where they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run } from './harness.ts';

const CORPUS = '../shared/corpus';
const RULESETS = `${CORPUS}/rulesets`;

/** Files that say nothing of their family: they are IPv6 rulesets and are taken for IPv4. A usage text that "loaded". */
const NOT_TO_BE_KNOWN =
  /^jdstrand-ufw__tests\.old__ipv6__(?:logging__result\.emb9|rules64__result\.emb644)$|unsupported_command/;

function loadable(): string[] {
  if (!existsSync(RULESETS)) return [];
  const [head = '', ...rows] = readFileSync(`${CORPUS}/rulesets-kernel.tsv`, 'utf8').split('\n');
  const columns = head.split('\t');
  const [file, loads] = [columns.indexOf('file'), columns.indexOf('loads_nft')];
  const loaded = rows.map((row) => row.split('\t')).filter((row) => row[loads] === 'yes');
  const there = new Set(readdirSync(RULESETS));
  return loaded.map((row) => row[file] ?? '').filter((name) => there.has(`${name}.kernel-normalized`));
}

describe.runIf(existsSync(RULESETS))('rulesets that the kernel loads', () => {
  const names = loadable();

  it('are printed as it saves them', async () => {
    const differ: string[] = [];
    for (const name of names) {
      const { stdout } = await run(['show', `${RULESETS}/${name}`, '--format', 'canonical', '-q']);
      const wanted = readFileSync(`${RULESETS}/${name}.kernel-normalized`, 'utf8');
      const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      if (lines(stdout).join('\n') !== lines(wanted).join('\n')) differ.push(name);
    }
    expect(differ.filter((name) => !NOT_TO_BE_KNOWN.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(100);
  });
});
