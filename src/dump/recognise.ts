import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../base/limits.ts';
import type { Dump } from './dump.ts';
import type { Format } from './format.ts';
import { ALIKE_FORMATS, unusedOfCommand } from './formats/unused/formats.ts';
import { FORMATS, READ_FORMATS } from './formats.ts';
import { type Hint, hintOfCommand, parseHint } from './hint.ts';
import { limited } from './limited.ts';
import { parseEcho } from './prompt.ts';
import { type DumpText, isBlank, prepareText } from './text.ts';

/**
 * What a text file is and what it holds, decided by its content. `hint` is a file name of the bundle's layout or a command; it
 * decides only where the content says nothing: an empty `iptables-save.txt` is a dump of no rules. A command pasted above the
 * output counts for more. Undefined: no format recognises it; `unrecognised()` says what was looked for.
 */
export function recogniseDump(
  path: string,
  text: string,
  hint?: string,
  limits: InputLimits = DEFAULT_LIMITS,
): Dump | undefined {
  const prepared = withEcho(prepareText(path, text, limits), hint);
  const told =
    (prepared.echo && hintOfCommand(prepared.echo.command)) ??
    (hint === undefined ? undefined : parseHint(hint));
  const ofName = formatsNamed(told?.format);
  const named = ofName.find(({ id }) => id === told?.format);
  if (saysNothing(prepared)) {
    if (!named || !told) return undefined;
    const empty = { ...prepared, lines: [] };
    return dumpOf(named, empty, told, `empty; its name or command says \`${named.command}\``);
  }
  const command = prepared.echo?.command ?? hint?.trim() ?? '';
  const unused = unusedOfCommand(command);
  if (unused) return dumpOf(unused, prepared, told, `the command \`${command.slice(0, 72)}\``);
  // Nearly always it is what its name says: then V8 has fifty expressions less to compile.
  const own = named ? ofName : [];
  // A bundle's sysctl.txt is what `sysctl` printed, whatever somebody did to it since.
  const others = () =>
    told?.format === 'sysctl' ? FORMATS().filter(({ id }) => id !== 'sysctl-conf') : FORMATS();
  const found =
    recognisedBy(named ? [...ALIKE_FORMATS, ...own] : [], [prepared], told) ??
    recognisedBy(own, withoutDamaged(prepared), told) ??
    recognisedBy(others(), [prepared], told) ??
    recognisedBy(others(), withoutDamaged(prepared), told);
  if (found) return dumpOf(found.format, prepared, told, found.why);
  if (!named || !told || !prepared.lines.every((line) => /^\s*(?:[#;]|$)/.test(line))) return undefined;
  return dumpOf(named, prepared, told, `only comments; its name or command says \`${named.command}\``);
}

function recognisedBy(
  formats: readonly Format[],
  texts: Iterable<DumpText>,
  told: Hint | undefined,
): { readonly format: Format; readonly why: string } | undefined {
  for (const text of texts) {
    for (const format of formats) {
      const why = format.recognise(text, isNamed(format, told) ? told : undefined);
      if (why !== undefined) return { format, why };
    }
  }
  return undefined;
}

/** The command that a session or a manifest names counts as one pasted above the output, which may be nothing without it. */
function withEcho(text: DumpText, hint: string | undefined): DumpText {
  const command = hint?.trim() ?? '';
  if (text.echo || hintOfCommand(command) === undefined) return text;
  const echo = parseEcho(command, true);
  return echo ? { ...text, echo } : text;
}

/** The issue of a file that `recogniseDump` gave nothing for. */
export function unrecognised(path: string): Issue {
  // The JSON form of a command is looked for wherever its text is.
  const plain = FORMATS()
    .filter(({ unused }) => !unused)
    .map(({ command }) => command.replace(' -j ', ' ').replace('-azj', '-az'));
  const commands = [...new Set(plain)].toSorted().join(', ');
  return {
    severity: 'error',
    code: 'dump-unknown',
    text: `not the output of a command that is read here; looked for ${commands}`,
    path,
  };
}

/** A text of so few lines that one of them decides what it is. */
const FEW_LINES = 8;

/**
 * What is left of a text without what may be damaged, by which it is told where the first record or all of few lines say nothing, or
 * look like another's: without the first element of its list; of few lines one, or two that were one.
 */
function* withoutDamaged(text: DumpText): Generator<DumpText> {
  yield* withoutFirst(text);
  const { lines } = text;
  if (text.json || lines.length > FEW_LINES) return;
  for (const many of [1, 2])
    for (let at = 0; at + many <= lines.length; at++) {
      const rest = lines.toSpliced(at, many);
      if (rest.some((line) => line.trim() !== '')) yield { ...text, lines: rest };
    }
}

/** What a damaged element, whose brackets end the list, may be taken for. */
const MOST_OF_ONE = 3;

/** A list of JSON without its first element, or the first ones that were one; none: it is no list, or has no other. */
function withoutFirst(text: DumpText): DumpText[] {
  const { json } = text;
  if (!json || !Array.isArray(json.values[0])) return [];
  const elements = json.values.flat();
  const most = Math.min(MOST_OF_ONE, elements.length - 1);
  return Array.from({ length: most }, (_, index) => ({
    ...text,
    json: { ...json, values: [elements.slice(index + 1)] },
  }));
}

function isNamed({ id }: Format, told: Hint | undefined): boolean {
  return told !== undefined && (id === told.format || id === `${told.format}-json`);
}

const byName = new Map<string, readonly Format[]>();

/** The text and the JSON form of what a name or a command tells. */
function formatsNamed(name: string | undefined): readonly Format[] {
  if (name === undefined) return [];
  const known = byName.get(name);
  if (known) return known;
  const isOf = (format: Format) => isNamed(format, { format: name });
  const read = READ_FORMATS.filter(isOf);
  const found = read.length > 0 ? read : FORMATS().filter(isOf);
  byName.set(name, found);
  return found;
}

/** Nothing at all, or JSON without a record: `[]`, `[{}]`. */
function saysNothing(text: DumpText): boolean {
  if (isBlank(text)) return true;
  return text.json !== undefined && text.json.errors.length === 0 && text.json.values.every(isEmpty);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isEmpty);
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function dumpOf(format: Format, text: DumpText, told: Hint | undefined, why: string): Dump {
  const own = isNamed(format, told) ? told : undefined;
  const { content, issues } = limited(format.parse(text, own), text.path, text.limits);
  return {
    format: format.id,
    command: format.command,
    path: text.path,
    why,
    ...(text.echo?.namespace === undefined ? {} : { namespace: text.echo.namespace }),
    ...(text.echo?.host === undefined ? {} : { host: text.echo.host }),
    content,
    issues: [...text.issues, ...issues],
  };
}
