/** Text of inputs within Markdown (CommonMark, GitHub): shown as it is, whatever it holds. */
import { printable } from '../../base/printable.ts';

/** ASCII punctuation may be escaped by a backslash (CommonMark 2.4); what begins HTML becomes an entity. */
export function escaped(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]|~#!@]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A code span whose fence is longer than any run of backticks in it. */
export function code(text: string): string {
  const shown = printable(text);
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 ? `${fence} ${shown} ${fence}` : `${fence}${shown}${fence}`;
}
