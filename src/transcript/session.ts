/** A paste as the commands that were typed, each with what it printed and where it ran. */
import { commandLine, continues, withoutComment } from './command-line.ts';
import { type PastedLine, pastedLines } from './lines.ts';
import { innerCommand, shortName, type Where } from './wrapper.ts';

export interface PrintedLine {
  readonly number: number;
  readonly text: string;
}

export interface SessionCommand {
  /** Line of the paste on which it begins, from 1. */
  readonly line: number;
  /** As typed, without prompt and comment; continued lines are joined. */
  readonly typed: string;
  /** Without sudo, `ip netns exec NS` and the like; empty when it only opens a shell. */
  readonly text: string;
  /** Undefined: the machine's own namespace, or nothing says. */
  readonly where?: Where;
  /** `where` is that of the shell it was typed in; had that not opened, it would run here. */
  readonly outside?: { readonly where: Where | undefined };
  /** It opens a shell there. */
  readonly opensShell?: true;
  /** The machine that its prompt, or that of the shell around it, names, by its short name; a container's prompt names none. */
  readonly host?: string;
  /** It stands behind a mere `#` and may be a remark. */
  readonly doubtful?: true;
  /** What it read from a here-document. */
  readonly input?: readonly PrintedLine[];
  readonly output: readonly PrintedLine[];
}

export interface Session {
  readonly commands: readonly SessionCommand[];
  /** Fenced blocks in which no command stands: what a person cut out and put there. */
  readonly blocks: readonly (readonly PrintedLine[])[];
  /** It says itself that it is a script: `#!/bin/sh`. */
  readonly script: boolean;
}

/** Of any text, in one pass; of a single dump without a command: no commands and no blocks. */
export function readSession(raw: string): Session {
  const lines = pastedLines(raw);
  const script = /^#!.*\b(?:ba|da|z|k|a)?sh\b/.test(lines.find(({ text }) => text.trim() !== '')?.text ?? '');
  const reader = new Reader(script);
  for (let at = 0; at < lines.length; ) at = reader.read(lines, at);
  return { commands: reader.finish(), blocks: reader.blocks, script };
}

interface Shell {
  readonly where: Where | undefined;
  /** The prompt's name and the machine before this shell was opened. */
  readonly outside: string | undefined;
  readonly machine: string | undefined;
  /** The prompt's name in it: that of a container, or of the machine that ssh led to. */
  inside?: string;
}

interface Draft {
  readonly command: Omit<SessionCommand, 'output'>;
  readonly indent: number;
  readonly fenced: boolean;
  readonly output: PrintedLine[];
}

class Reader {
  readonly blocks: PrintedLine[][] = [];
  private readonly commands: SessionCommand[] = [];
  private readonly shells: Shell[] = [];
  private draft: Draft | undefined;
  private block: PrintedLine[] | undefined;
  /** What the last prompt calls itself. */
  private host: string | undefined;
  private machine: string | undefined;
  private blanks = 0;
  private readonly script: boolean;

  constructor(script: boolean) {
    this.script = script;
  }

  /** Takes the line at `at`, and those that belong to it; the next one to take. */
  read(lines: readonly PastedLine[], at: number): number {
    const line = lines[at];
    if (!line) return at + 1;
    if (line.boundary) this.boundary(line.fenced || (lines[at + 1]?.fenced ?? false));
    const { text: whole, next } = joined(lines, at);
    const typed = this.script ? scriptLine(whole) : commandLine(whole, line.fenced);
    if (!typed) {
      this.printed(line);
      return at + 1;
    }
    const { text } = typed;
    const heredoc = /<<-?\s*(['"]?)(\w+)\1/.exec(text);
    const read = heredoc ? readTo(lines, next, heredoc[2] ?? '') : undefined;
    this.command(line, typed, withoutComment(text), read?.lines);
    return read?.next ?? next;
  }

  finish(): readonly SessionCommand[] {
    this.end();
    if (this.block) this.boundary(false);
    return this.commands;
  }

  private command(
    line: PastedLine,
    { indent, host, doubtful }: { readonly indent: number; readonly host?: string; readonly doubtful?: true },
    typed: string,
    input: readonly PrintedLine[] | undefined,
  ): void {
    this.end();
    this.block = undefined;
    this.enter(host);
    if (/^(?:exit|logout)\b/.test(typed)) {
      this.leave();
      return;
    }
    const inner = innerCommand(typed);
    const shell = inner.where ? undefined : this.shells.at(-1);
    const { host: other, ...place } = inner.where ?? shell?.where ?? {};
    const where = Object.keys(place).length === 0 ? undefined : place;
    const machine = other ?? this.machine;
    if (inner.opensShell) {
      this.shells.push({ where, outside: this.host, machine: this.machine });
      this.machine = machine;
    }
    this.draft = {
      command: {
        ...{ line: line.number, typed, text: inner.text },
        ...(where && { where }),
        ...(shell?.where && { outside: { where: this.shells.findLast((each) => each !== shell)?.where } }),
        ...(inner.opensShell && { opensShell: true as const }),
        ...(machine !== undefined && { host: machine }),
        ...(doubtful && { doubtful }),
        ...(input && { input }),
      },
      indent,
      fenced: line.fenced,
      output: [],
    };
    this.blanks = 0;
  }

  /** The prompt tells that a shell was left, and that another machine is spoken of. */
  private enter(host: string | undefined): void {
    if (host === undefined || host === this.host) return;
    const back = this.shells.findIndex(({ outside }) => outside === host);
    const shell = this.shells.at(-1);
    const isId = /^[0-9a-f]{12}$/.test(host);
    if (back >= 0) {
      this.machine = this.shells[back]?.machine;
      this.shells.length = back;
    } else if (shell && shell.where?.namespace === undefined && shell.inside === undefined) {
      shell.inside = host;
      // The name that a machine gives itself, not the one by which ssh was told to find it.
      if (!shell.where) this.machine = shortName(host);
    } else if (isId) {
      // From one container's prompt to another's, as terminals side by side are pasted.
      const other = shell?.where?.container === undefined ? undefined : this.shells.pop();
      const { outside, machine } = other ?? { outside: this.host, machine: this.machine };
      this.shells.push({ where: { container: host }, outside, machine, inside: host });
    } else if (shell?.inside !== host) {
      this.shells.length = 0;
      this.machine = shortName(host);
    }
    this.host = host;
  }

  private leave(): void {
    const shell = this.shells.pop();
    if (!shell) return;
    this.machine = shell.machine;
    this.host = shell.outside ?? this.host;
  }

  private printed(line: PastedLine): void {
    const { number, text } = line;
    const trimmed = text.trim();
    if (/^(?:exit|logout)$/.test(trimmed) && this.shells.length > 0) {
      this.end();
      this.leave();
      return;
    }
    this.block?.push({ number, text });
    const { draft } = this;
    if (!draft) return;
    this.blanks = trimmed === '' ? this.blanks + 1 : 0;
    const shallower = trimmed !== '' && draft.indent >= 2 && indentOf(text) < Math.min(draft.indent, 4);
    if (!draft.fenced && (this.blanks > 1 || shallower || isRemark(trimmed))) {
      this.end();
      return;
    }
    const own = text.slice(Math.min(indentOf(text), draft.indent));
    draft.output.push({ number, text: own });
  }

  private boundary(opens: boolean): void {
    this.end();
    if (this.block?.some(({ text }) => text.trim() !== '')) this.blocks.push(this.block);
    this.block = opens ? [] : undefined;
  }

  private end(): void {
    const { draft } = this;
    this.draft = undefined;
    if (draft) this.commands.push({ ...draft.command, output: withoutEnd(draft.output) });
  }
}

function indentOf(text: string): number {
  return /^[ \t]*/.exec(text)?.[0].length ?? 0;
}

/** A remark between two commands: `# For ns1`. What programs print behind a `#` is something else. */
function isRemark(text: string): boolean {
  return (
    /^#\s/.test(text) && !/^# (?:Generated by|Completed on|Warning: ip|Table `|\w+ tables present)/.test(text)
  );
}

function withoutEnd(lines: readonly PrintedLine[]): readonly PrintedLine[] {
  const last = lines.findLastIndex(({ text }) => text.trim() !== '');
  return lines.slice(0, last + 1);
}

/** In a script every line that is no remark is a command. */
function scriptLine(text: string): { text: string; indent: number } | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return undefined;
  return { text: trimmed, indent: 0 };
}

/** A line with those that a backslash joins to it. */
function joined(lines: readonly PastedLine[], at: number): { readonly text: string; readonly next: number } {
  let text = lines[at]?.text ?? '';
  let next = at + 1;
  while (continues(text) && next < lines.length && next - at < 100) {
    const more = lines[next]?.text.trim().replace(/^> /, '') ?? '';
    text = `${text.trimEnd().slice(0, -1).trimEnd()} ${more}`;
    next++;
  }
  return { text: continues(text) ? text.trimEnd().slice(0, -1).trimEnd() : text, next };
}

function readTo(
  lines: readonly PastedLine[],
  from: number,
  word: string,
): { readonly lines: readonly PrintedLine[]; readonly next: number } {
  let at = from;
  const read: PrintedLine[] = [];
  for (; at < lines.length && lines[at]?.text.trim() !== word; at++) {
    const line = lines[at];
    if (line) read.push({ number: line.number, text: line.text.replace(/^> /, '') });
  }
  return { lines: read, next: at + 1 };
}

/** Is a text worth being taken apart: more than one command, or one that isn't its first line, or fences with something in them. */
export function isSession({ commands, blocks, script }: Session): boolean {
  return script || commands.length > 1 || blocks.length > 1 || (blocks.length === 1 && commands.length === 1);
}
