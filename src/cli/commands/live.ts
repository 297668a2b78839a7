import { Command, InvalidArgumentError, Option } from 'commander';
import type { InputLimits } from '../../base/limits.ts';
import type { Io } from '../io.ts';
import { examples, LIMIT, words } from '../options.ts';
import type { Finish } from '../program.ts';
import type { ColorChoice } from '../terminal.ts';

export interface LiveCommandOptions {
  readonly interfaces: readonly string[];
  readonly only: readonly string[];
  readonly filter?: string;
  readonly snaplen: number;
  readonly promiscuous: boolean;
  readonly hostNamespace: 'init' | 'own';
  readonly backend: 'auto' | 'tcpdump' | 'cap';
  readonly headless?: boolean;
  readonly format: 'text' | 'jsonl';
  readonly exitOnFinding?: boolean;
  readonly duration?: number;
  /** A port of 127.0.0.1, 0 for any that is free. */
  readonly metrics?: number;
  readonly write?: string;
  readonly writeLimit: number;
  readonly color: ColorChoice;
  readonly quiet?: boolean;
  readonly limit?: Partial<InputLimits>;
}

export function defineLive(io: Io, finish: Finish): Command {
  return new Command('live')
    .description(
      'follows this host: captures where packets pass, and shows while it happens where they die, and why',
    )
    .addOption(
      new Option(
        '-i, --interfaces <points>',
        'where to capture, with commas: interfaces of the host or NS:IFACE; IFACE may be any',
      )
        .argParser(words)
        .default([], 'bridges, uplinks, veths'),
    )
    .addOption(
      new Option('--only <names>', 'these namespaces and containers alone, with commas')
        .argParser(words)
        .default([], 'all'),
    )
    .option('--filter <expression>', 'which packets, as tcpdump has it')
    .addOption(new Option('--snaplen <bytes>', 'so much of each packet').argParser(snaplen).default(256))
    .option('--no-promiscuous', 'leave the interfaces as they are: what is for others is not seen')
    .addOption(
      new Option(
        '--host-namespace <which>',
        'which namespace is the host: that of process 1, or the one this runs in',
      )
        .choices(['init', 'own'])
        .default('init'),
    )
    .addOption(
      new Option(
        '--backend <which>',
        'what captures: tcpdump, which has the kernel’s times and tells what it dropped, or the package cap, where it was built',
      )
        .choices(['auto', 'tcpdump', 'cap'])
        .default('auto'),
    )
    .option('--headless', 'no screen: what happens is printed')
    .addOption(
      new Option('--format <format>', 'of what is printed').choices(['text', 'jsonl']).default('text'),
    )
    .option('--exit-on-finding', 'end with the first finding, with status 1')
    .addOption(new Option('--duration <time>', 'end after a time: 30s, 5m, 2h').argParser(duration))
    .addOption(
      new Option(
        '--write <dir>',
        'keep all that is captured there, as bundles that analyze reads: one for each state of the host',
      ),
    )
    .addOption(
      new Option('--write-limit <size>', 'of the packets in it; the oldest bundles go beyond it: 500M, 4G')
        .argParser(size)
        .default(2 ** 30, '1G'),
    )
    .addOption(
      new Option('--metrics [port]', 'serve Prometheus’ text on 127.0.0.1, at /metrics; 0 is any free port')
        .argParser(port)
        .preset(`${METRICS_PORT}`),
    )
    .addOption(
      new Option('--color <when>', 'colours; auto honours NO_COLOR')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option(...LIMIT)
    .option('-q, --quiet', 'say nothing but findings and errors')
    .addHelpText(
      'after',
      `${examples([
        ['sudo nettrace live', 'The screen, where packets pass (? tells its keys, q quits):'],
        ['sudo nettrace live -i docker0,eth0,web:eth0,red:any', 'At points of your own:'],
        ['sudo nettrace live --headless', 'What goes wrong, as lines:'],
        [
          'sudo nettrace live --headless --format jsonl -i docker0,eth0,web:eth0 --exit-on-finding',
          'For a script, until the first finding:',
        ],
      ])}
The host is read as nettrace collect does it, and again when it changes; nothing
of it is changed. Bundles and reports that keys save go where it was started.

Exit status: 0 nothing wrong found, 1 something was, 2 nothing could be captured.
`,
    )
    .action(async (options: LiveCommandOptions) => {
      const { liveAction } = await import('../actions/live.ts');
      finish(await liveAction(options, io));
    });
}

/** Of those that exporters have, one that nobody took. */
const METRICS_PORT = 9735;

function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new InvalidArgumentError('A port, 0 to 65535.');
  return number;
}

function snaplen(text: string): number {
  const bytes = Number(text);
  // Headers of a tunnel's outer and inner packet, and a DNS answer's beginning.
  if (!/^\d{1,6}$/.test(text) || bytes < 96)
    throw new InvalidArgumentError('A number of bytes, 96 or more: less would cut headers.');
  return bytes;
}

function duration(text: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/.exec(text) ?? [];
  const seconds = Number(number) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1);
  if (!(seconds > 0)) throw new InvalidArgumentError('A time such as 30s, 5m, 2h or 7d.');
  return seconds;
}

function size(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  const bytes =
    Number(number) * ({ k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }[unit.toLowerCase()] ?? 1);
  if (!(bytes >= 2 ** 20)) throw new InvalidArgumentError('A size of at least 1M, such as 500M or 4G.');
  return bytes;
}
