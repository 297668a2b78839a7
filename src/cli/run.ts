import { existsSync } from 'node:fs';
import { CommanderError } from 'commander';
import { printable, printableText } from '../base/printable.ts';
import { type Io, isUsageError, type Status } from './io.ts';
import { tell } from './messages.ts';
import { createProgram } from './program.ts';

/** A bug of ours, as sysexits.h numbers it; none of the contract's three. */
export const INTERNAL_ERROR = 70;

/** Runs a command line (without `node` and the script's name) and gives the exit status. */
export async function runCli(words: readonly string[], io: Io): Promise<number> {
  let status: Status = 0;
  const finish = (result: Status) => {
    status = result;
    io.setStatus(result);
  };
  const program = createProgram(io, finish, words[0]);
  try {
    if (words.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'commander.unknownCommand' && existsSync(words[0] ?? '')) {
        io.stderr.write(`To analyse that file: nettrace analyze ${printable(words.join(' '))}\n`);
      }
      return error.exitCode === 0 ? 0 : 2;
    }
    if (isUsageError(error)) {
      tell(io, 'error', error.message, {});
      if (error.hint !== undefined) io.stderr.write(`${printableText(error.hint)}\n`);
      return 2;
    }
    // It loads Node's module loader.
    const { sourceStack } = await import('./source-stack.ts');
    const text = error instanceof Error ? sourceStack(error.stack ?? error.message) : String(error);
    io.stderr.write(
      `nettrace: internal error, please report it with what follows:\n${printableText(text)}\n`,
    );
    return INTERNAL_ERROR;
  }
}
