/** Differentiated services code points: a number 0..63 or a class of RFC 2474, 2597, 3246. */
import { wordTable } from '../../base/word-table.ts';
import type { Value } from '../extension.ts';
import { number } from './number.ts';
import { oneOf } from './text.ts';

const classes: Record<string, number> = { EF: 0x2e, BE: 0 };
for (let i = 0; i < 8; i++) classes[`CS${i}`] = i << 3;
for (let i = 1; i <= 4; i++) for (let j = 1; j <= 3; j++) classes[`AF${i}${j}`] = (i << 3) | (j << 1);
const CLASSES = wordTable(classes);

export const dscpNumber: Value<number> = number(63);
export const dscpClass: Value<number> = oneOf(CLASSES);
