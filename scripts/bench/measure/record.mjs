/** docs/bench.json: the ratios that later runs are held against, and in general words what they were measured on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './nettrace.mjs';

const FILE = join(ROOT, 'docs', 'bench.json');

/**
 * @typedef {object} Recorded
 * @property {{ processors: number, memory: string, kernel: string, node: string }} machine
 * @property {Record<string, { costs: Record<string, { cpu: number, wall: number, memory: number, runs: number }>, ratios: Record<string, number> }>} rows
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
  const machine = {
    processors: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release().replace(/^(\d+\.\d+).*/, '$1'),
    node: process.versions.node,
  };
  const rows = { ...readRecord()?.rows };
  for (const [name, { costs, goals }] of measured) {
    rows[name] = {
      costs: Object.fromEntries([...costs].map(([program, cost]) => [program, rounded(cost)])),
      ratios: Object.fromEntries(
        goals.flatMap((goal) =>
          goal.value === undefined ? [] : [[goal.name, Number(goal.value.toPrecision(3))]],
        ),
      ),
    };
  }
  writeFileSync(FILE, `${JSON.stringify({ machine, rows }, undefined, 2)}\n`);
}

function rounded({ cpu, wall, memory, runs }) {
  return {
    cpu: Number(cpu.toFixed(3)),
    wall: Number(wall.toFixed(3)),
    memory: Math.round(memory / 1024) * 1024,
    runs,
  };
}
