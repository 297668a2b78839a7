/**
 * Measures nettrace against its peers and against what was recorded: `npm run bench -- [ROW…] [--list] [--runs N] [--quick] [--record]`,
 * `npm run bench -- growth [TABLE…]` for how cost grows, `npm run bench -- hostile [INPUT…]` for what a byte of inputs made to be expensive costs, `npm run bench -- make [CAPTURE…]` to have the captures alone. Exit status 1 when a
 * target or the recorded ratio is missed.
 */
import { parseArgs } from 'node:util';
import { CAPTURES } from './captures/definitions.mjs';
import { captureFolder } from './captures/make.mjs';
import { growth, TABLES } from './growth.mjs';
import { HOSTILE } from './hostile/tables.mjs';
import { hostile } from './hostile.mjs';
import { createContext } from './measure/context.mjs';
import { costLines, goalLines } from './measure/print.mjs';
import { readRecord, writeRecord } from './measure/record.mjs';
import { ROWS } from './rows/rows.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});
const runs = Math.max(1, Number.parseInt(values.runs, 10) || 5);
const [first, ...others] = positionals;
const known =
  first === 'make'
    ? Object.keys(CAPTURES)
    : first === 'growth'
      ? Object.keys(TABLES)
      : first === 'hostile'
        ? Object.keys(HOSTILE)
        : ROWS.map(({ name }) => name);
const wanted = ['make', 'growth', 'hostile'].includes(first) ? others : positionals;
const unknown = wanted.filter((name) => !known.includes(name));

if (values.list) {
  for (const { name, title } of ROWS) console.log(`${name.padEnd(12)} ${title}`);
  console.log(`${'growth'.padEnd(12)} (alone) how cost grows with packets, flows, rules and capture points`);
  console.log(`${'hostile'.padEnd(12)} (alone) what a byte costs of inputs that were made to be expensive`);
} else if (unknown.length > 0) {
  console.error(
    `no such ${{ make: 'capture', growth: 'table', hostile: 'input' }[first] ?? 'row'}: ${unknown.join(', ')}; there are ${known.join(', ')}`,
  );
  process.exitCode = 2;
} else if (first === 'make') {
  for (const name of wanted.length > 0 ? wanted : known) console.log(captureFolder(name, values.quick));
} else if (first === 'growth') {
  await growth(createContext({ runs, quick: values.quick }), wanted);
} else if (first === 'hostile') {
  process.exitCode = (await hostile(createContext({ runs: 1, quick: values.quick }), wanted)) ? 1 : 0;
} else {
  process.exitCode = (await measureAll()) ? 1 : 0;
}

/** @returns {Promise<boolean>} whether a target or a recorded ratio was missed */
async function measureAll() {
  const context = createContext({ runs, quick: values.quick });
  const record = readRecord();
  const measured = new Map();
  let failed = false;
  for (const row of ROWS) {
    if (wanted.length > 0 && !wanted.includes(row.name)) continue;
    console.log(`${row.name}: ${row.title}${values.quick ? ' (a tenth: not held against targets)' : ''}`);
    try {
      const { costs, goals } = await row.measure(context);
      measured.set(row.name, { title: row.title, costs, goals });
      for (const line of costLines(costs)) console.log(line);
      const told = goalLines(goals, record?.rows[row.name]?.ratios, !values.quick);
      for (const line of told.lines) console.log(line);
      failed ||= told.failed;
    } catch (error) {
      console.log(`  failed: ${error instanceof Error ? error.message : error}`);
      failed = true;
    }
  }
  if (context.missing.size > 0) console.log(`not there, left out: ${[...context.missing].join(', ')}`);
  if (values.record && !values.quick) writeRecord(measured);
  return failed;
}
