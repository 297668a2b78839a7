import type { Issue } from '../base/issue.ts';
import { once } from '../base/memo.ts';
import type { DumpContent } from './dump.ts';
import type { Hint } from './hint.ts';
import { isObject, type JsonObject, lineOf } from './json.ts';
import { type DumpText, quote } from './text.ts';

/** One form of one command's output. A new one is a file in formats/ and a line in formats.ts. */
export interface Format {
  readonly id: string;
  /** The command that prints it, as a person would type it. */
  readonly command: string;
  /** Recognised to say why nothing is taken from it. */
  readonly unused?: true;
  /** Why this text is taken for that, or undefined. Looks at a bounded part of the text. `hint` is of this very format. */
  recognise(text: DumpText, hint?: Hint): string | undefined;
  /** Also of an empty text: the command's output when there is nothing. `hint` is of this very format. */
  parse(text: DumpText, hint?: Hint): Parsed;
}

export interface Parsed {
  readonly content: DumpContent;
  readonly issues: readonly Issue[];
}

/** A line (or JSON object) that could not be read; its record is lost, the others are not. */
export function badLine(path: string, line: number, found: string, expected: string): Issue {
  return {
    severity: 'warning',
    code: 'dump-line',
    text: `${quote(found)}: expected ${expected}`,
    path,
    line,
  };
}

const SAMPLE_LINES = 60;
const SAMPLE_WIDTH = 1000;

interface SampleLine {
  readonly line: string;
  readonly number: number;
}

/** The first lines with content, cut to a bounded width, with their numbers. Every format asks for them. */
export const sample = once((text: DumpText): readonly SampleLine[] => {
  const lines: SampleLine[] = [];
  for (let i = 0; i < text.lines.length && lines.length < SAMPLE_LINES; i++) {
    const line = text.lines[i] as string;
    if (line === '' || line.trim() === '') continue;
    lines.push({ line: line.slice(0, SAMPLE_WIDTH), number: i + 1 });
  }
  return lines;
});

export function because(number: number, line: string): string {
  return `line ${number} ${quote(line)}`;
}

/** The first sampled line that matches. */
export function firstLine(text: DumpText, pattern: RegExp): string | undefined {
  if (text.json && text.json.values.length > 0 && text.json.errors.length === 0) return undefined;
  for (const { line, number } of sample(text)) if (pattern.test(line)) return because(number, line);
  return undefined;
}

/** The first line that matches, if at least half of the sampled lines do; `ignore` names lines that say nothing. */
export function mostLines(text: DumpText, pattern: RegExp, ignore?: RegExp): string | undefined {
  let why: string | undefined;
  let matched = 0;
  let seen = 0;
  for (const { line, number } of sample(text)) {
    if (ignore?.test(line)) continue;
    seen++;
    if (!pattern.test(line)) continue;
    matched++;
    why ??= because(number, line);
  }
  return matched * 2 >= seen ? why : undefined;
}

/** Every object of the file's lists (or standing alone), without the empty ones that `ip -j` prints for filtered entries. */
export const jsonRecords = once((text: DumpText): readonly JsonObject[] => {
  const records: JsonObject[] = [];
  for (const value of text.json?.values ?? []) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (isObject(item) && Object.keys(item).length > 0) records.push(item);
    }
  }
  return records;
});

/** Recognises by the file's first object. */
export function firstRecord(
  text: DumpText,
  test: (record: JsonObject) => boolean,
  what: string,
): string | undefined {
  const [record] = jsonRecords(text);
  return record && test(record) ? `JSON, line ${lineOf(record)}: an object with ${what}` : undefined;
}

export function has(record: JsonObject, ...keys: string[]): boolean {
  return keys.every((key) => key in record);
}

/** Errors in the JSON, with what they cost. */
export function jsonIssues({ json, path }: DumpText): Issue[] {
  return (json?.errors ?? []).map(({ line, text, limit, resumed }) => {
    const rest =
      resumed === undefined ? 'the records before it were read' : `reading goes on in line ${resumed}`;
    return limit
      ? { ...limit, path }
      : { severity: 'warning', code: 'dump-json', text: `broken JSON: ${text}; ${rest}`, path, line };
  });
}
