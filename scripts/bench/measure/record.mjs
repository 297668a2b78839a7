/** docs/bench.json: the ratios that later runs are held against, and in general words what they were measured on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { figure } from './goal.mjs';
import { ROOT } from './nettrace.mjs';

const FILE = join(ROOT, 'docs', 'bench.json');
/** Shows them in a table. */
const PAGE = join(ROOT, 'docs', 'performance.md');

/**
 * @typedef {object} Recorded
 * @property {{ processors: number, memory: string, kernel: string, node: string }} machine
 * @property {Record<string, RecordedRow>} rows
 *
 * @typedef {object} RecordedRow
 * @property {string} title
 * @property {Record<string, { cpu: number, wall: number, memory: number, runs: number }>} costs
 * @property {Record<string, number>} ratios by the goal's name
 * @property {Record<string, { most?: number, least?: number }>} targets
 */

/** @returns {Recorded | undefined} */
export function readRecord() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Rows that were measured now replace those recorded; the others stay. */
export function writeRecord(measured) {
  const record = { machine: machine(), rows: recordedRows(measured) };
  writeFileSync(FILE, `${JSON.stringify(record, undefined, 2)}\n`);
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(/(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/, `$1${figuresTable(record)}$2`),
  );
}

function machine() {
  return {
    processors: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release().replace(/^(\d+\.\d+).*/, '$1'),
    node: process.versions.node,
  };
}

function recordedRows(measured) {
  const rows = { ...readRecord()?.rows };
  for (const [name, { title, costs, goals }] of measured) {
    rows[name] = {
      title,
      costs: Object.fromEntries([...costs].map(([program, cost]) => [program, rounded(cost)])),
      ratios: Object.fromEntries(
        goals.flatMap((goal) =>
          goal.value === undefined ? [] : [[goal.name, Number(goal.value.toPrecision(3))]],
        ),
      ),
      targets: Object.fromEntries(goals.map(({ name: goal, most, least }) => [goal, { most, least }])),
    };
  }
  return rows;
}

/** One line a ratio, in Markdown. */
function figuresTable({ rows }) {
  const lines = Object.values(rows).flatMap(({ title, ratios, targets }) =>
    Object.entries(ratios).map(([name, value]) => {
      const { most, least } = targets[name] ?? {};
      const target =
        most !== undefined
          ? `at most ${figure(most)}`
          : least !== undefined
            ? `at least ${figure(least)}`
            : '';
      return `| ${title} | ${name} | ${figure(value)} | ${target} |`;
    }),
  );
  return `| work | ratio | recorded | target |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function rounded({ cpu, wall, memory, runs }) {
  return {
    cpu: Number(cpu.toFixed(3)),
    wall: Number(wall.toFixed(3)),
    memory: Math.round(memory / 1024) * 1024,
    runs,
  };
}
