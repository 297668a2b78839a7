/**
 * Text of inputs within Markdown (CommonMark, GitHub's and GitLab's): shown as it is, whatever it holds. A backslash would not do: the
 * forges look for mentions, references, links and emoji in what they have rendered already, where it is gone, and pass over code alone.
 * So prose is words, numbers and punctuation, and everything else in it becomes code: addresses, names, options, markup.
 */
import { printable } from '../../base/printable.ts';

/** Characters that somebody reads of one text; commands, which are there to be copied, are never cut. */
const LONGEST = 2000;

/** A code span whose fence is longer than any run of backticks in it; nothing of nothing. */
export function code(text: string): string {
  const shown = cut(printable(text));
  if (shown.trim() === '') return '';
  const fence = '`'.repeat(longestRun(shown) + 1);
  // A space on both sides is taken off again.
  const room = /^[ `]|[ `]$/.test(shown) ? ' ' : '';
  return `${fence}${room}${shown}${room}${fence}`;
}

/** A block of code that nothing in its lines ends; each stays one line. */
export function fenced(language: string, lines: readonly string[]): string {
  const shown = lines.map((line) => printable(line));
  const fence = '`'.repeat(Math.max(3, ...shown.map((line) => longestRun(line) + 1)));
  return [`${fence}${language}`, ...shown, fence].join('\n');
}

/** A table with Markdown in its cells, the pipes in those escaped. Right-aligned: the columns of those numbers. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [
    line(head),
    `| ${head.map((_, index) => (right.includes(index) ? '---:' : '---')).join(' | ')} |`,
    ...rows.map(line),
  ].join('\n');
}

/** In code, too, a backslash keeps a pipe from ending its cell (GFM 4.10); behind another backslash nothing does. */
function cell(markdown: string): string {
  return markdown.replace(/(?<=\\)\|/g, '\\x7c').replaceAll('|', '\\|');
}

/** The one HTML that there is: GitHub and GitLab fold it up. `title`: of our own words. */
export function details(title: string, body: string, isOpen = false): string {
  return `<details${isOpen ? ' open' : ''}><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

/** Words between spaces: what stands before and behind it in a sentence, and whether it is code. */
interface Item {
  readonly lead: string;
  readonly core: string;
  readonly trail: string;
  isCode: boolean;
}

export function prose(text: string): string {
  const items = cut(printable(text))
    .split(/((?<=^|\s)[("'“‘]*`[^`]+`\S*)/u)
    .flatMap((part, index) =>
      index % 2 === 1
        ? [quoted(part)]
        : part
            .split(/\s+/)
            .filter((word) => word !== '')
            .map(itemOf),
    );
  takeAlong(items);
  const words: string[] = [];
  let span: Item | undefined;
  const end = () => {
    if (span) words.push(`${span.lead}${code(span.core)}${span.trail}`);
    span = undefined;
  };
  for (const item of items) {
    if (item.isCode && span && span.trail === '' && item.lead === '') {
      span = { ...item, lead: span.lead, core: `${span.core} ${item.core}` };
      continue;
    }
    end();
    if (item.isCode) span = item;
    else words.push(`${item.lead}${item.core}${item.trail}`);
  }
  end();
  // What would begin a list.
  return words.join(' ').replace(/^(\d+)([.)])/, '$1\\$2');
}

/** What texts of our own have in backticks; with anything but punctuation around it, all of it is code. */
function quoted(part: string): Item {
  const [, lead = '', core = '', trail = ''] = /^([("'“‘]*)`([^`]+)`([)"'”’.,;:!?]*)$/u.exec(part) ?? [];
  return core.trim() === ''
    ? { lead: '', core: part, trail: '', isCode: true }
    : { lead, core, trail, isCode: true };
}

function itemOf(word: string): Item {
  // Of iptables, where an option follows.
  if (word === '!') return { lead: '', core: word, trail: '', isCode: false };
  const [, lead = '', core = '', trail = ''] =
    /^([("'“‘]*)(.*?)((?:[)"'”’.,;!?…]|(?<!:):)*)$/u.exec(word) ?? [];
  // `web (container)` is words, `f(x)` is one.
  if (core.includes('(') && !core.includes(')') && trail.startsWith(')'))
    return { lead, core: `${core})`, trail: trail.slice(1), isCode: true };
  return { lead, core, trail, isCode: core !== '' && !isPlain(core) };
}

const NUMBER = /^(?:\d{1,6}|\d{1,3}(?:,\d{3})+)(?:\.\d{1,9})?%?$/;
const MOMENT = /^(?:\d{4}-\d{2}-\d{2}|\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)$/;
const SIGNS: ReadonlySet<string> = new Set(['–', '—', '→', '←', '·', '…', '%', '±', '×', '✓', '✗', '=']);
const OWN_WORDS: ReadonlySet<string> = new Set(['IPv4', 'IPv6', 'ICMPv6', 'IPv4’s', 'IPv6’s']);
/** What the forges take for the hash of a commit. */
const HASH = /^[0-9a-f]{7,40}$/i;

function isPlain(core: string): boolean {
  if (SIGNS.has(core) || OWN_WORDS.has(core) || NUMBER.test(core) || MOMENT.test(core)) return true;
  return /^[\p{L}\p{M}]+(?:['’/-][\p{L}\p{M}]+)*$/u.test(core) && !HASH.test(core);
}

const OPTION = /^--?[A-Za-z]/;
const OPERATORS: ReadonlySet<string> = new Set(['→', '=', '>', '<']);

/** An option takes its argument along into its code (`-P` has two), and the `!` before it; an operator what is on both of its sides. */
function takeAlong(items: readonly Item[]): void {
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    const before = items[index - 1];
    if (next?.lead !== '') continue;
    const word = `${item.lead}${item.core}`;
    if (item.trail !== '') continue;
    if (word === '!' && OPTION.test(next.core)) item.isCode = true;
    else if (OPERATORS.has(word) && before?.isCode && before.trail === '') {
      item.isCode = true;
      next.isCode ||= next.core !== '';
    } else if (item.isCode && (OPTION.test(item.core) || before?.core === '-P'))
      next.isCode ||= next.core !== '';
  }
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${Array.from(text.slice(0, LONGEST)).slice(0, -1).join('')}…`;
}
