/** `trace --steps`: the commands of a session or script, each with what becomes of the packet after it. */
import { printable } from '../../base/printable.ts';
import type { TraceStep } from '../trace-report.ts';
import type { Style } from './style.ts';
import { hang } from './wrap.ts';

/** Where the outcome stays as it was, the command stands alone. */
export function stepLines(
  steps: readonly TraceStep[],
  style: Style,
  shorten: (path: string) => string,
): string[] {
  if (steps.length === 0) return [];
  const lines = ['', style.bold('Step by step')];
  const wide = Math.max(...steps.map(({ line }) => String(line).length));
  let path = '';
  let before = '';
  for (const step of steps) {
    if (step.path !== path) lines.push(`  ${style.dim(printable(shorten(step.path)))}`);
    path = step.path;
    const number = String(step.line).padStart(wide);
    lines.push(...hang(`  ${number}  `, printable(step.command), style.width));
    const indent = `  ${' '.repeat(wide)}  `;
    if (step.refusal) {
      const { reason, meant } = step.refusal;
      lines.push(
        ...hang(`${indent}✗ `, printable(`changes nothing: ${reason}`), style.width).map(style.doubtful),
      );
      if (meant !== undefined) lines.push(...hang(`${indent}  `, `meant: ${printable(meant)}`, style.width));
    }
    if (step.outcome !== before) {
      const paint = step.passes ? style.good : style.bad;
      lines.push(...hang(`${indent}→ `, printable(step.outcome), style.width).map(paint));
    }
    before = step.outcome;
  }
  return lines;
}
