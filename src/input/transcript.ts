/** A pasted session or a set-up script as inputs: the dumps that its commands printed, and the commands that change something. */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, formatBytes, type InputLimits, limitIssue } from '../base/limits.ts';
import { unusedOfCommand } from '../dump/formats/unused/formats.ts';
import { hintOfCommand } from '../dump/hint.ts';
import { recogniseDump } from '../dump/recognise.ts';
import { bannerOf } from '../tcpdump/banner.ts';
import { tcpdumpFlags } from '../tcpdump/command.ts';
import { isTcpdumpText } from '../tcpdump/recognise.ts';
import { changes, isPlaceholder, shows } from '../transcript/changes.ts';
import { expand, type Statement } from '../transcript/expand.ts';
import { refusalIn } from '../transcript/refusal.ts';
import {
  isSession,
  type PrintedLine,
  readSession,
  type Session,
  type SessionCommand,
} from '../transcript/session.ts';
import { unmodelled } from '../transcript/unmodelled.ts';
import { innerCommand, type Where } from '../transcript/wrapper.ts';
import type { CommandInput } from './input.ts';
import type { RecognisedDump } from './placed.ts';
import type { TextCaptureInput } from './text-capture.ts';

/** `host`: the machine that the prompt names. */
export interface Transcript {
  readonly dumps: readonly (RecognisedDump & { readonly host?: string })[];
  readonly commands: readonly (CommandInput & { readonly host?: string })[];
  /** Packets that tcpdump printed, command by command. */
  readonly captures: readonly TextCaptureInput[];
  readonly issues: readonly Issue[];
}

/**
 * Undefined where the text is no session: a single dump, with its command above it or without. `namespace` is where it was
 * typed if its commands don't say otherwise.
 */
export function readTranscript(
  path: string,
  text: string,
  namespace = 'host',
  limits: InputLimits = DEFAULT_LIMITS,
): Transcript | undefined {
  if (text.length > limits.sessionBytes) return readBeginning(path, text, namespace, limits);
  const session = readSession(text);
  const changing = session.commands.some(({ text: inner }) => changes(inner));
  const captures = [...printedCaptures(path, session, namespace)];
  if (captures.length === 0 && !isSession(session) && !changing) return undefined;
  if (captures.length === 0 && isRemarked(session, path, text)) return undefined;
  const told = new DumpRoom(path, limits);
  const dumps = [...printedDumps(path, session, namespace, told)];
  const { commands, issues } = changingCommands(path, session, namespace);
  if (dumps.length === 0 && commands.length === 0 && captures.length === 0) return undefined;
  const alone = dumps.length <= 1 && commands.length === 0 && captures.length === 0;
  if (alone && !session.script && !tellsMore(session)) return undefined;
  return { dumps, commands, captures, issues: [...issues, ...told.issues()] };
}

/** Longer texts are dumps, unless their first lines are a session's. */
function readBeginning(
  path: string,
  text: string,
  namespace: string,
  limits: InputLimits,
): Transcript | undefined {
  const upTo = (most: number) => text.slice(0, text.lastIndexOf('\n', most) + 1);
  const free = { ...limits, sessionBytes: Number.POSITIVE_INFINITY };
  if (!readTranscript(path, upTo(Math.min(LOOK, limits.sessionBytes)), namespace, free)) return undefined;
  const beginning = upTo(limits.sessionBytes);
  const transcript = readTranscript(path, beginning, namespace, free);
  const found = `the session has ${formatBytes(text.length)}`;
  const line = beginning.split('\n').length;
  const issue = limitIssue('sessionBytes', limits, found, 'this line and those behind it are not read', {
    ...{ severity: 'error', path, line },
  });
  return transcript && { ...transcript, issues: [...transcript.issues, issue] };
}

const LOOK = 1 << 16;

/**
 * A rules or settings file with commands in its remarks: each stands behind a mere `#`, and none of them prints such a file; or not
 * all of it is what one of them printed; or one that prints nothing has something behind it.
 */
function isRemarked({ commands, blocks, script }: Session, path: string, text: string): boolean {
  if (script || blocks.length > 0 || !commands.every(({ doubtful }) => doubtful)) return false;
  const whole = recogniseDump(path, text);
  if (!whole) return false;
  if (commands.every((each) => hintOfCommand(each.text)?.format !== whole.format.replace(/-json$/, '')))
    return true;
  const printed = new Set(commands.flatMap(({ output }) => output.map(({ number }) => number)));
  const own = text.split('\n').some((line, at) => /^\s*[^#\s]/.test(line) && !printed.has(at + 1));
  return (
    own || commands.some((each) => changes(each.text) && each.output.length > 0 && !refusalIn(each.output))
  );
}

/** A dump with one remark that looks like a command is a dump. */
function tellsMore({ commands, blocks }: Session): boolean {
  return commands.filter(({ output }) => output.length > 0).length > 1 || blocks.length > 1;
}

/** An output costs the lines before it, since it keeps its own numbers: each five thousand of them count as another one. */
const LINES_OF_ONE = 5000;

/** Room for outputs of commands: those that it has none for are counted. */
class DumpRoom {
  readonly limits: InputLimits;
  readonly #path: string;
  #taken = 0;
  #cost = 0;
  #passed = 0;
  #line: number | undefined;

  constructor(path: string, limits: InputLimits) {
    this.#path = path;
    this.limits = limits;
  }

  /** `line`: where the output's command, or the output itself, begins. */
  takes(line: number): boolean {
    if (this.#cost < this.limits.sessionDumps) {
      this.#cost += Math.floor(line / LINES_OF_ONE);
      return true;
    }
    this.#line ??= line;
    this.#passed++;
    return false;
  }

  take(): void {
    this.#taken++;
    this.#cost++;
  }

  issues(): Issue[] {
    if (this.#line === undefined) return [];
    const found = `${this.#taken.toLocaleString('en')} outputs of commands stand before this one`;
    const skipped = `it and ${(this.#passed - 1).toLocaleString('en')} more are not read`;
    const place = { severity: 'error', path: this.#path, line: this.#line } as const;
    return [limitIssue('sessionDumps', this.limits, found, skipped, place)];
  }
}

function* printedDumps(
  path: string,
  session: Session,
  home: string,
  room: DumpRoom,
): Generator<Transcript['dumps'][number]> {
  for (const command of session.commands) {
    const named = placeOf(command.where, home);
    const printed =
      command.input && /^ip6?tables\S*-restore\b/.test(command.text) ? command.input : command.output;
    if (printed.length === 0 || isTcpdump(command) || !room.takes(command.line)) continue;
    const hint = command.input ? command.text.replace('-restore', '-save') : command.text;
    const dump = recogniseDump(
      path,
      padded(printed),
      shows(hint) || unusedOfCommand(hint) ? hint : undefined,
      room.limits,
    );
    if (!dump) continue;
    room.take();
    yield {
      dump: { ...dump, why: `line ${command.line} \`${command.typed.slice(0, 72)}\`` },
      namespace: dump.namespace ?? named,
      by: 'inference',
      step: command.line,
      ...(command.host === undefined ? {} : { host: command.host }),
    };
  }
  for (const block of session.blocks) {
    const [first] = block;
    if (!first || isTcpdumpText(block.map((line) => line.text)) || !room.takes(first.number)) continue;
    const dump = recogniseDump(path, padded(block), undefined, room.limits);
    if (!dump) continue;
    room.take();
    yield { dump, namespace: dump.namespace ?? home, by: 'assumed', step: first.number };
  }
}

function isTcpdump({ text, output }: SessionCommand): boolean {
  return /(?:^|[\s/])tcpdump(?:\s|$)/.test(text) && isTcpdumpText(output.map((line) => line.text));
}

/** Each tcpdump of the session is a capture of its own, at the interface that its command or its banner names. */
function* printedCaptures(path: string, session: Session, home: string): Generator<TextCaptureInput> {
  const why = (line: number, typed: string) =>
    typed === '' ? 'its lines are packets as tcpdump prints them' : `line ${line} \`${typed.slice(0, 72)}\``;
  for (const command of session.commands) {
    if (!isTcpdump(command)) continue;
    const lines = command.output.map(({ number, text }) => ({ number, text }));
    const device = tcpdumpFlags(command.text)?.interfaceName ?? bannerDevice(lines);
    yield {
      capture: {
        path,
        namespace: placeOf(command.where, home),
        ...(device !== undefined && { interface: device }),
        by: 'session',
        ...(command.host !== undefined && { host: command.host }),
        command: command.text,
        step: command.line,
        why: why(command.line, command.typed),
      },
      lines,
    };
  }
  for (const block of session.blocks) {
    if (!isTcpdumpText(block.map((line) => line.text))) continue;
    yield { capture: { path, namespace: home, by: 'assumed', why: why(0, '') }, lines: block };
  }
}

function bannerDevice(lines: readonly PrintedLine[]): string | undefined {
  return lines.map(({ text }) => bannerOf(text)?.interfaceName).find((name) => name !== undefined);
}

/** The lines at their own numbers, so that what is read of them can be cited. */
function padded(lines: readonly PrintedLine[]): string {
  let before = 1;
  const parts = lines.map(({ number, text }) => {
    const gap = '\n'.repeat(Math.max(0, number - before));
    before = number;
    return gap + text;
  });
  return parts.join('');
}

function changingCommands(
  path: string,
  session: Session,
  home: string,
): Pick<Transcript, 'commands' | 'issues'> {
  const { statements, skipped } = expand(session.commands);
  const commands: Transcript['commands'][number][] = [];
  for (const { command, typed } of statements) {
    const { text, where = command.where } = innerCommand(typed);
    const host = where?.host ?? command.host;
    const opens = text === '' && command.opensShell && where?.namespace !== undefined;
    if ((!changes(text) && !opens) || isPlaceholder(text)) continue;
    const refused = refusalIn(command.output);
    // A loop comes back to lines before: its commands stay in the order in which they run.
    const step = Math.max(commands.at(-1)?.step ?? 0, command.line);
    commands.push({
      ...{ path, line: command.line, step, namespace: placeOf(where, home), typed, text },
      ...(command.outside && { outside: placeOf(command.outside.where, home) }),
      ...(refused && { refused }),
      ...(host === undefined ? {} : { host }),
    });
  }
  const issues: Issue[] = skipped
    .filter(({ command }) => session.script || changes(innerCommand(command.typed).text))
    .map(({ command, reason }): Issue => skippedLine(path, command, reason));
  issues.push(...unmodelledIn(path, session, statements));
  // Shells alone change nothing.
  return { commands: commands.some(({ text }) => text !== '') ? commands : [], issues };
}

/** One issue for each command's kind and machine; a dump behind it that shows what it changed makes it good. */
function unmodelledIn(path: string, session: Session, statements: readonly Statement[]): Issue[] {
  const issues: Issue[] = [];
  const told = new Set<string>();
  for (const { command, typed } of statements) {
    const { text } = innerCommand(typed);
    const found = isPlaceholder(text) || command.input ? undefined : unmodelled(text);
    const key = `${command.host} ${found?.changes}`;
    // `sysctl -p` prints what it sets.
    const prints = /^sysctl /.test(text) && command.output.length > 0;
    if (!found || prints || told.has(key) || refusalIn(command.output)) continue;
    const shown = found.shownBy.split(/, | or /).map((each) => hintOfCommand(each)?.format);
    const later = session.commands.filter(
      (each) => each.line > command.line && each.host === command.host && each.output.length > 0,
    );
    if (later.some((each) => shown.includes(hintOfCommand(each.text)?.format ?? ''))) continue;
    told.add(key);
    issues.push({
      severity: 'warning',
      code: 'not-modelled',
      text: `what \`${typed.slice(0, 72)}\` does is not modelled: ${found.changes}; ${found.shownBy} would show it`,
      path,
      line: command.line,
    });
  }
  return issues;
}

function skippedLine(path: string, { line, typed }: SessionCommand, reason: string): Issue {
  const text = `\`${typed.slice(0, 72)}\` is passed over: it needs ${reason}`;
  return { severity: 'warning', code: 'script-line', text, path, line };
}

function placeOf(where: Where | undefined, home: string): string {
  if (!where) return home;
  return where.namespace ?? where.container ?? (where.pid === undefined ? home : `pid-${where.pid}`);
}
