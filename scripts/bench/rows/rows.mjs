/** What is measured. A row is one entry here; `measure` gives what it cost and the goals that are held against it. */
import { analyze, boundedMemory } from './analyze.mjs';
import { diff } from './diff.mjs';
import { correlation, threads } from './points.mjs';
import { count, large, scan, text } from './read.mjs';
import { kernelWalk, rules } from './rules.mjs';
import { help, start } from './start.mjs';

/**
 * @typedef {object} Measured
 * @property {Map<string, import('../measure/race.mjs').Cost>} costs program → cost, ours first
 * @property {readonly import('../measure/goal.mjs').Goal[]} goals
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} title
 * @property {(context: import('../measure/context.mjs').Context) => Promise<Measured>} measure
 */

/** @type {readonly Row[]} */
export const ROWS = [
  count,
  scan,
  large,
  text,
  analyze,
  boundedMemory,
  correlation,
  threads,
  rules,
  kernelWalk,
  diff,
  help,
  start,
];
