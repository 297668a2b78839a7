/** The files that the golden list is about. */
import { existsSync, readdirSync, statSync } from 'node:fs';

function within(folder: string, fits: (name: string) => boolean = () => true): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(fits)
    .map((name) => `${folder}/${name}`);
}

const bundles = (folder: string): string[] =>
  within(folder)
    .map((path) => `${path}/bundle`)
    .filter((path) => existsSync(path));

const groups = {
  'our own': [...bundles('captures'), ...within('rulesets'), 'docs/examples/firewall/rules'],
  'the corpus': within('../shared/corpus/rulesets', (name) => !name.includes('.kernel-normalized')),
  'listings of the corpus': within('../shared/corpus/dumps', (name) => /^iptables-[LS]__/.test(name)),
  scenarios: bundles('../shared/scenarios'),
};

/** Snapshots of one large firewall at several dates: one of them is tried, the others when they are asked for. */
const LARGE = 300_000;

/** LINT_GOLDEN=write writes the list anew, LINT_GOLDEN=all tries every file. */
export const writing = process.env.LINT_GOLDEN === 'write';
export const every = writing || process.env.LINT_GOLDEN === 'all';

function tried(paths: readonly string[]): string[] {
  const large = paths.filter((path) => statSync(path).isFile() && statSync(path).size > LARGE);
  return every ? [...paths] : paths.filter((path) => !large.slice(1).includes(path));
}

/** By group; a checkout without the corpora has the first alone. */
export const GOLDEN: readonly (readonly [group: string, paths: readonly string[]])[] = Object.entries(
  groups,
).map(([group, paths]) => [group, tried(paths)]);
