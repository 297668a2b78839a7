// What kube-proxy's rules cost the model: `node scripts/bench/rules.mjs [--quick] [RULES …]` prints JSON, a result for each number of
// rules and the goals they are held against. Times are µs of CPU of this process, medians.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundled } from './measure/bundled.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, quick: { type: 'boolean' } },
});
const usual = values.quick ? [2000, 20_000] : [2000, 20_000, 50_000, 100_000];
const sizes = positionals.length > 0 ? positionals.map(Number) : usual;
const { measure } = await bundled({
  entryPoints: [fileURLToPath(new URL('rules/measure.mjs', import.meta.url))],
});
const results = sizes.map((size) => measure(size, Number(values.runs ?? 9)));
const of = (size) => results[sizes.indexOf(size)];
const [usualSize, largest] = [of(20_000), of(100_000)];
const goals = [
  { name: 'µs a packet, 20,000 rules', value: usualSize?.traversal, most: 1 },
  {
    name: '100,000 rules / 20,000',
    value: usualSize && largest && largest.traversal / usualSize.traversal,
    most: 2,
  },
];
process.stdout.write(`${JSON.stringify({ goals, results }, undefined, 2)}\n`);
