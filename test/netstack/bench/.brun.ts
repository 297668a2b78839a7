import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Bench } from '/work/h/bridge/test/netstack/bench/bench.ts';
import { BENCH_CASES } from '/work/h/bridge/test/netstack/bench/cases.ts';
import { compareBench } from '/work/h/bridge/test/netstack/bench/compare.ts';

const [pattern = '', mode = 'live'] = process.argv.slice(2);
const store = '/tmp/brun.json';

import { readBench, writeBench } from '/work/h/bridge/test/netstack/bench/recordings.ts';

const cache =
  mode === 'rec'
    ? Object.fromEntries(readBench().map((r) => [r.name, r]))
    : existsSync(store)
      ? JSON.parse(readFileSync(store, 'utf8'))
      : {};
const bench = mode === 'live' ? new Bench() : undefined;
let good = 0,
  bad = 0;
for (const kase of BENCH_CASES.filter(({ name }) => name.includes(pattern))) {
  try {
    const seen = bench ? await bench.record(kase) : cache[kase.name];
    if (!seen) continue;
    cache[kase.name] = seen;
    const found = compareBench(seen);
    if (found.length === 0) {
      good++;
      continue;
    }
    bad++;
    console.log(`## ${kase.name}: ${found.length}`);
    for (const each of found.slice(0, Number(process.env.N ?? 6))) console.log('   ' + each.slice(0, 900));
  } catch (error) {
    bad++;
    console.log(
      `## ${kase.name}: ${String((error as Error).stack).slice(0, 800)} ${String((error as any).stderr ?? '')}`,
    );
  }
}
console.log({ good, bad });
bench?.close();
if (process.env.SAVE) {
  const old = new Map(readBench().map((r) => [r.name, r]));
  for (const kase of BENCH_CASES)
    if (kase.name.includes(pattern) && cache[kase.name]) old.set(kase.name, cache[kase.name]);
  writeBench(BENCH_CASES.flatMap(({ name }) => old.get(name) ?? []));
}
if (mode === 'live') writeFileSync(store, JSON.stringify(cache));
