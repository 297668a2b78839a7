/** The shell's part of a script, as far as set-up scripts need it: variables, `for` over words, `&&` and `;`. Nothing is run. */
import type { SessionCommand } from './session.ts';

export interface Statement {
  /** The command that it is part of. */
  readonly command: SessionCommand;
  /** One simple command with its variables filled in, without comment. */
  readonly typed: string;
}

export interface Expanded {
  readonly statements: readonly Statement[];
  /** Why a line of the script was passed over: what of the shell it needs. */
  readonly skipped: readonly { readonly command: SessionCommand; readonly reason: string }[];
}

/** A loop over a hostile list of words ends somewhere. */
const MOST_STATEMENTS = 20_000;
const MOST_LENGTH = 16_384;

export function expand(commands: readonly SessionCommand[]): Expanded {
  const statements: Statement[] = [];
  const skipped: { command: SessionCommand; reason: string }[] = [];
  const parts = commands.flatMap((command) => split(command.typed).map((text) => ({ command, text })));
  const skip = (command: SessionCommand, reason: string): void => {
    if (skipped.at(-1)?.command !== command) skipped.push({ command, reason });
  };
  const ends = loopEnds(parts);
  const run = (from: number, to: number, variables: Map<string, string>): void => {
    for (let at = from; at < to && statements.length < MOST_STATEMENTS; at++) {
      const part = parts[at];
      if (!part) continue;
      const { command, text } = part;
      const loop = /^for\s+([A-Za-z_]\w*)\s+in\s+(.*)$/s.exec(text);
      const word = /^(\w+)(?:\s|$|\()/.exec(text)?.[1] ?? '';
      if (loop) {
        const end = ends[at] ?? to - 1;
        const list = fill(loop[2] ?? '', variables);
        if (list === undefined || /[*?`]|\$\(/.test(list)) skip(command, 'a list that only the shell knows');
        else {
          for (const value of words(list)) run(at + 1, end, variables.set(loop[1] ?? '', value));
        }
        at = end;
      } else if (OPENING.has(word)) {
        skip(command, `\`${word}\` is not followed`);
        at = word === 'for' || word === 'while' || word === 'until' ? (ends[at] ?? to - 1) : at;
      } else if (CLOSING.has(text)) continue;
      else {
        const body = text.replace(/^(?:do|then|else)\s+/, '');
        const assigned = /^(?:export\s+|local\s+|readonly\s+)?([A-Za-z_]\w*)=(\S*|"[^"]*"|'[^']*')$/.exec(
          body,
        );
        const filled = fill(assigned ? (assigned[2] ?? '') : body, variables);
        if (assigned && filled !== undefined) variables.set(assigned[1] ?? '', unquoted(filled));
        else if (assigned) variables.delete(assigned[1] ?? '');
        else if (filled === undefined) skip(command, 'a variable or substitution that only the shell knows');
        else statements.push({ command, typed: filled });
      }
    }
  };
  run(0, parts.length, new Map());
  return { statements, skipped };
}

const OPENING = new Set(['if', 'elif', 'while', 'until', 'case', 'select', 'function', 'for']);
const CLOSING = new Set([
  'do',
  'done',
  'then',
  'else',
  'fi',
  'esac',
  '{',
  '}',
  ';;',
  'set -e',
  'set -x',
  'set -ex',
  'set -eux',
]);

/** For each part that begins a loop, the `done` that ends it. */
function loopEnds(parts: readonly { readonly text: string }[]): (number | undefined)[] {
  const ends: (number | undefined)[] = new Array(parts.length);
  const open: number[] = [];
  for (const [at, { text }] of parts.entries()) {
    if (/^(?:do\s+)?(?:for|while|until)\s/.test(text)) open.push(at);
    else if (/^done\b/.test(text)) {
      const start = open.pop();
      if (start !== undefined) ends[start] = at;
    }
  }
  return ends;
}

/** At `;`, `&&`, `||` and newlines outside quotes; pipes stay. */
function split(typed: string): string[] {
  const parts: string[] = [];
  let quote = '';
  let start = 0;
  const cut = (end: number, next: number): void => {
    const text = typed.slice(start, end).trim();
    if (text !== '') parts.push(text);
    start = next;
  };
  for (let i = 0; i < typed.length; i++) {
    const char = typed[i] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote === '"') i++;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else if (char === '\\') i++;
    else if (char === ';' || char === '\n') cut(i, i + 1);
    else if ((char === '&' || char === '|') && typed[i + 1] === char) {
      cut(i, i + 2);
      i++;
    }
  }
  cut(typed.length, typed.length);
  return parts;
}

/** `$NAME`, `${NAME}`, `${NAME:-word}`; undefined where one isn't known. Single quotes keep theirs. */
function fill(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  let unknown = false;
  const filled = text.replace(
    /'[^']*'|\\.|\$\(|`|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^}]*))?\})/g,
    (whole, plain?: string, braced?: string, other?: string) => {
      if (whole.startsWith("'") || whole.startsWith('\\')) return whole;
      const value = variables.get(plain ?? braced ?? '') ?? other;
      if (value === undefined) unknown = true;
      return value ?? '';
    },
  );
  return unknown || filled.length > MOST_LENGTH ? undefined : filled;
}

function words(list: string): string[] {
  return list
    .split(/\s+/)
    .filter((word) => word !== '' && word !== 'do')
    .flatMap((word) => {
      const range = /^\{(\d{1,4})\.\.(\d{1,4})\}$/.exec(word);
      if (!range) return [unquoted(word)];
      const [first, last] = [Number(range[1]), Number(range[2])];
      return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) =>
        String(first <= last ? first + i : first - i),
      );
    });
}

function unquoted(text: string): string {
  return text.replace(/^(['"])(.*)\1$/s, '$2');
}
