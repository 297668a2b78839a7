/** Rules that would have accepted a packet but for one condition. */
import { printable } from '../../base/printable.ts';
import type { NearRule } from '../../diagnose/near-rules.ts';
import { place } from './paths.ts';
import type { Style } from './style.ts';
import { hang } from './wrap.ts';

export const NEAR_TITLE = 'Rules that nearly accept it';

export function nearLines(
  rules: readonly NearRule[],
  shorten: (path: string) => string,
  style: Style,
  indent: number,
): string[] {
  const margin = ' '.repeat(indent);
  return rules.flatMap((rule) => [
    ...hang(
      margin,
      `${nearText(rule)}: ${place({ path: shorten(rule.path), line: rule.line })}`,
      style.width,
    ),
    `${margin}    ${style.command(printable(rule.text))}`,
  ]);
}

export function nearText({ family, table, chain, number, condition, instead }: NearRule): string {
  const name = family === undefined ? table : `${family} ${table}`;
  return `${printable(name)} ${printable(chain)} rule ${number} would have accepted it but for \`${printable(condition)}\`: ${printable(instead)}`;
}
