import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../base/limits.ts';
import { type JsonDocument, parseJson } from './json.ts';
import { type Echo, isIdlePrompt, parseEcho } from './prompt.ts';

/** A text file made ready for the formats: no BOM, no colours, no CR, the pasted command line taken off. */
export interface DumpText {
  readonly path: string;
  /** Line n is `lines[n - 1]`; lines that are not the dump's own are empty. */
  readonly lines: readonly string[];
  /** Its command line, if it was pasted with it. */
  readonly echo?: Echo;
  /** Present when the content begins as JSON. */
  readonly json?: JsonDocument;
  readonly issues: readonly Issue[];
  readonly limits: InputLimits;
}

/** CSI and OSC sequences and the two-character escapes (ECMA-48); of CSI those that terminals know, which end with a letter. */
const ESCAPE_SEQUENCE = /\x1b(?:\[[0-9;:?]*[ !"$']?[@A-Za-z~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

/** The lines of a text without byte order mark, colours and carriage returns. */
export function plainLines(raw: string): string[] {
  let text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  if (text.includes('\x1b')) text = text.replace(ESCAPE_SEQUENCE, '');
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.endsWith('\r')) lines[i] = line.replace(/\r+$/, '');
  }
  return lines;
}

export function prepareText(path: string, raw: string, limits = DEFAULT_LIMITS): DumpText {
  const lines = plainLines(raw);
  const issues: Issue[] = [];
  const first = lines.findIndex((line) => line.trim() !== '');
  const echo = first < 0 ? undefined : parseEcho(lines[first] as string, true);
  if (echo) lines[first] = '';
  dropIdlePrompt(lines);
  cutAtNextCommand(path, lines, echo, issues);
  const start = lines.findIndex((line) => line.trim() !== '');
  const opening = start < 0 ? '' : (lines[start] as string).trimStart()[0];
  const json = opening === '[' || opening === '{' ? parseJson(lines.join('\n'), limits) : undefined;
  return { path, lines, ...(echo ? { echo } : {}), ...(json ? { json } : {}), issues, limits };
}

export function isBlank(text: DumpText): boolean {
  return text.lines.every((line) => line.trim() === '');
}

function dropIdlePrompt(lines: string[]): void {
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i] as string;
    if (line.trim() === '') continue;
    if (!isIdlePrompt(line)) return;
    lines[i] = '';
  }
}

/** Commands whose output may follow another's of the same kind in one file. */
const REPEATABLE =
  /^(?:ip (?:-\S+ )*r(?:o(?:u(?:te?)?)?)?\b|sysctl\b|cat \/proc\/sys\/|head .*\/proc\/sys\/)/;

function cutAtNextCommand(path: string, lines: string[], echo: Echo | undefined, issues: Issue[]): void {
  const repeatable = echo !== undefined && REPEATABLE.test(echo.command);
  // A prompt stands no further in than the text does: what is deeper is a line of the output.
  const margin = indentOf(lines.find((line) => line.trim() !== '') ?? '');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (!/[$#%>❯➜]/u.test(line.slice(0, 200)) || indentOf(line) > margin) continue;
    const next = parseEcho(line, false);
    if (!next) continue;
    if (repeatable && REPEATABLE.test(next.command)) {
      if (!next.command.startsWith('cat ')) lines[i] = '';
      continue;
    }
    const cut = lines.slice(i).filter((rest) => rest.trim() !== '').length;
    issues.push({
      severity: 'warning',
      code: 'second-command',
      text: `\`${next.command}\` begins here; only what stands before it was read as one dump (${cut} lines left out)`,
      path,
      line: i + 1,
    });
    lines.length = i;
    return;
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** A line for a message: short, without control characters. */
export function quote(line: string): string {
  const visible = line
    .trim()
    .slice(0, 72)
    .replace(/[\x00-\x1f\x7f-\x9f]/g, (char) => (char === '\t' ? ' ' : '\ufffd'));
  return `\`${visible}${line.trim().length > 72 ? '…' : ''}\``;
}
