/** The options that every command has, and how they are said in its help. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type InputLimits, parseLimit } from '../base/limits.ts';
import type { ColorChoice } from './terminal.ts';

export interface CommonOptions<Format extends string = string> {
  readonly format: Format;
  readonly output?: string;
  readonly color: ColorChoice;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly ignoreUnknown?: boolean;
  readonly limit?: Partial<InputLimits>;
}

export const INPUT_ARGUMENT = [
  '<input...>',
  'captures and command outputs in any mix: files, bundle directories or .tar.gz, NS:IFACE=FILE, NS:=FILE (HOST/NS:… of several hosts), - for standard input',
] as const;

/** Of every command that reads inputs. */
export const LIMIT = [
  '--limit <name=value>',
  'what an input may cost, such as dump-bytes=1G or rules=none (nettrace explain limits has all of them); may be repeated',
  (text: string, before: Partial<InputLimits> = {}): Partial<InputLimits> => {
    const limit = parseLimit(text);
    if (typeof limit === 'string') throw new InvalidArgumentError(`${limit}.`);
    return { ...before, ...limit };
  },
] as const;

/** Given once for every command, in their order. */
export const WHAT_IF = [
  '--what-if <command>',
  'what would be if this were run on the host (iptables, ip, sysctl, nft, ipset; `ip netns exec NS …` elsewhere); may be repeated',
  (command: string, before: readonly string[] = []): readonly string[] => [...before, command],
] as const;

/** The first format is the default. */
export function withCommonOptions(command: Command, formats: readonly [string, ...string[]]): Command {
  return command
    .addOption(new Option('--format <format>', 'form of the output').choices(formats).default(formats[0]))
    .option('-o, --output <file>', 'write there instead of to standard output')
    .addOption(
      new Option('--color <when>', 'colours; auto honours NO_COLOR')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('--ignore-unknown', 'files that nothing recognises are a warning, not an error')
    .option(...LIMIT)
    .option('-q, --quiet', 'no warnings and no progress on standard error')
    .option('-v, --verbose', 'everything there is to say');
}

/** Names with commas between them, as an option takes them. */
export function words(text: string): string[] {
  const list = text.split(',').map((word) => word.trim());
  if (list.some((word) => word === ''))
    throw new InvalidArgumentError('Names with commas between them, such as eth0,web:eth0.');
  return list;
}

/** A list of examples below a command's options: what to type, and what it is for. */
export function examples(list: readonly (readonly [command: string, what: string])[]): string {
  return `\nExamples:\n${list.map(([command, what]) => `  ${what}\n    $ ${command}`).join('\n')}\n`;
}

export const THREADS = [
  '--threads <count>',
  'large captures that are read at once, at most (default: one for each processor)',
] as const;

export const MAX_MEMORY = [
  '--max-memory <size>',
  'memory to stay within, as 512M or 4G; beyond it the oldest conversations that were answered are only counted (default: a quarter of the machine)',
] as const;
