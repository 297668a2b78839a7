/** `nettrace lint --fix`: the rules file without what no packet comes to, printed or put in place. */
import { readFileSync } from 'node:fs';
import type { Issue } from '../../../base/issue.ts';
import { printable, printableText } from '../../../base/printable.ts';
import type { InputSet } from '../../../input/input.ts';
import type { Severity } from '../../../lint/finding.ts';
import { fixRuleset, withoutLines } from '../../../lint/fix.ts';
import type { LintResult } from '../../../lint/lint.ts';
import { nameOfRule } from '../../../lint/rules.ts';
import type { Rule, Ruleset } from '../../../xtables/rule.ts';
import type { LintOptions } from '../../commands/lint.ts';
import { type Io, type Status, UsageError } from '../../io.ts';
import { tell } from '../../messages.ts';
import { openBinaryOutput } from '../../staged-output.ts';

export function checkFix({ fix, inPlace, output, format }: LintOptions): void {
  if (inPlace && !fix)
    throw new UsageError('--in-place belongs to --fix', 'nettrace lint FILE --fix --in-place');
  if (inPlace && output !== undefined)
    throw new UsageError('--in-place and -o: the fixed file has one place');
  if (fix && format !== 'text')
    throw new UsageError(
      '--fix prints the ruleset',
      'Leave --format out; a second run reports what is left.',
    );
}

/** Standard input can be read once: what comes of it is kept for the fix. */
export function rememberedInput(io: Io): { readonly io: Io; bytes(): Uint8Array } {
  const pieces: Uint8Array[] = [];
  async function* kept(): AsyncGenerator<Uint8Array> {
    for await (const piece of io.stdin) {
      pieces.push(Uint8Array.from(piece));
      yield piece;
    }
  }
  const own: Io = {
    stdout: io.stdout,
    stderr: io.stderr,
    env: io.env,
    now: () => io.now(),
    setStatus: (status) => io.setStatus(status),
    get stdin() {
      return kept();
    },
  };
  return { io: own, bytes: () => Buffer.concat(pieces) };
}

interface FixJob {
  readonly words: readonly string[];
  readonly options: LintOptions;
  readonly io: Io;
  piped(): Uint8Array;
  /** Does a finding of that level count? */
  fails(severity: Severity): boolean;
}

/** Exit status 1 where something that is told stays. */
export function fixFiles(
  result: LintResult,
  inputs: InputSet,
  unusable: readonly Issue[],
  { words, options, io, piped, fails }: FixJob,
): Status {
  const files = inputs.dumps.flatMap(({ dump, step }) =>
    dump.format === 'iptables-save' && dump.content.kind === 'ruleset' && step === undefined
      ? [dump.content.ruleset]
      : [],
  );
  const wanted = options.inPlace
    ? files.filter((file) =>
        result.findings.some(({ at }) => 'rule' in at && at.rule.span.path === file.path),
      )
    : files;
  if (files.length === 0)
    throw new UsageError(
      '--fix needs a file as iptables-save prints it',
      'Of what else is given the report has commands.',
    );
  if (!options.inPlace && files.length > 1)
    throw new UsageError(
      '--fix prints one file',
      'Name a single one, or let each be written back with --in-place.',
    );
  const removed = new Set<Rule>();
  for (const ruleset of wanted) {
    const bytes = readBytes(ruleset, piped);
    const fixed = fixRuleset(Buffer.from(bytes).toString(), ruleset, result.findings);
    const left = withoutLines(bytes, fixed.lines);
    for (const { rule } of fixed.removed) removed.add(rule);
    for (const { ref, why } of fixed.left)
      tell(
        io,
        'warning',
        `${printable(ruleset.path)}: line ${ref.rule.span.line}: ${nameOfRule(ref)} is left: ${why}`,
        options,
      );
    const count = fixed.removed.length === 1 ? '1 rule' : `${fixed.removed.length} rules`;
    if (!options.quiet) io.stderr.write(`nettrace: ${printable(ruleset.path)}: ${count} taken out\n`);
    if (!options.inPlace) print(left, words, options, io);
    else if (fixed.removed.length > 0) write(ruleset.path, left, [], io);
  }
  const open = result.findings.some(
    ({ at, severity }) => fails(severity) && !('rule' in at && removed.has(at.rule)),
  );
  const status = unusable.length > 0 ? 2 : open ? 1 : 0;
  io.setStatus(status);
  return status;
}

function readBytes({ path }: Ruleset, piped: () => Uint8Array): Uint8Array {
  if (path === '-') return piped();
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new UsageError(`${printable(path)} is no file of its own`, '--fix takes plain files.');
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new UsageError(`${printable(path)} is packed`, '--fix takes plain files: unpack it first.');
  return bytes;
}

function print(bytes: Uint8Array, words: readonly string[], { output }: LintOptions, io: Io): void {
  if (output === undefined || output === '-')
    io.stdout.write(io.stdout.isTTY ? printableText(Buffer.from(bytes).toString()) : bytes);
  else write(output, bytes, words, io);
}

/** The file is there whole at any moment. */
function write(path: string, bytes: Uint8Array, inputs: readonly string[], io: Io): void {
  if (path === '-')
    throw new UsageError('--in-place: standard input has no place', 'Leave it out, or name a file.');
  const output = openBinaryOutput(io, path, inputs);
  try {
    output.write(bytes);
    output.finish();
  } catch (error) {
    output.abandon();
    throw error;
  }
}
