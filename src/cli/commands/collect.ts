import { Command, InvalidArgumentError, Option } from 'commander';
import type { InputLimits } from '../../base/limits.ts';
import type { Io } from '../io.ts';
import { examples, LIMIT, words } from '../options.ts';
import type { Finish } from '../program.ts';
import type { ColorChoice } from '../terminal.ts';

export interface CollectCommandOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly capture?: readonly string[];
  readonly duration: number;
  readonly filter?: string;
  readonly snaplen: number;
  readonly maxSize: number;
  readonly packets?: number;
  readonly promiscuous: boolean;
  readonly only?: readonly string[];
  readonly hostNamespace: 'init' | 'own';
  readonly redact?: boolean;
  readonly from?: string;
  readonly printScript?: boolean;
  readonly color: ColorChoice;
  readonly quiet?: boolean;
  readonly limit?: Partial<InputLimits>;
}

export function defineCollect(io: Io, finish: Finish): Command {
  return new Command('collect')
    .description(
      'gathers a bundle for nettrace analyze from this host: all network namespaces, Docker and Podman, on request with captures',
    )
    .option(
      '-o, --output <file>',
      'the archive to write, or with a / at its end a folder (default: nettrace-HOST-TIME.tar.gz)',
    )
    .option('--force', 'replace that file where it exists')
    .option(
      '--capture <points>',
      'capture meanwhile: interfaces of the host or NS:IFACE, with commas; IFACE may be any',
      words,
    )
    .addOption(new Option('--duration <time>', 'how long: 30s, 5m').argParser(duration).default(30, '30s'))
    .option('--filter <expression>', 'which packets, as tcpdump has it')
    .option('--snaplen <bytes>', 'so much of each packet; 0 is all of it', whole, 0)
    .addOption(
      new Option('--max-size <size>', 'end a capture when its file has this size')
        .argParser(size)
        .default(100e6, '100M'),
    )
    .option('--packets <number>', 'end a capture with so many packets', positive)
    .option(
      '--no-promiscuous',
      'leave the interfaces as they are: what is for others is not seen (and a bridge shows only its own traffic)',
    )
    .option('--only <names>', 'these namespaces and containers alone, with commas', words)
    .addOption(
      new Option(
        '--host-namespace <which>',
        'which namespace is the host: that of process 1, or the one this runs in',
      )
        .choices(['init', 'own'])
        .default('init'),
    )
    .option('--redact', 'public addresses, names and what packets carry are replaced, alike everywhere')
    .option('--from <bundle>', 'with --redact: take this bundle instead of the host')
    .option('--print-script', 'print a POSIX shell script that does the same on a host without Node')
    .addOption(
      new Option('--color <when>', 'colours; auto honours NO_COLOR')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option(...LIMIT)
    .option('-q, --quiet', 'say nothing but errors')
    .addHelpText(
      'after',
      `${examples([
        ['sudo nettrace collect', 'Everything there is to know, at once:'],
        [
          "sudo nettrace collect --capture eth0,docker0,web:eth0 --filter 'port 53' --duration 1m",
          'The same, with packets at three points while the fault is tried out:',
        ],
        [
          'nettrace collect --print-script > collect.sh',
          'For a host without Node (copy it there, run it as root):',
        ],
        [
          'nettrace collect --redact --from bundle.tar.gz -o public.tar.gz',
          'Of a bundle, one that may be shown around:',
        ],
      ])}
It reads and changes nothing: no rule, no module, no setting. Ctrl-C ends a
capture early, and the bundle is whole; a second Ctrl-C leaves nothing behind.
Environment, labels, mounts and commands of containers are left out always.

Exit status: 0 everything was read, 1 the bundle lacks something (it is said
what, and why), 2 nothing was written.
`,
    )
    .action(async (options: CollectCommandOptions) => {
      const { collectAction } = await import('../actions/collect.ts');
      finish(await collectAction(options, io));
    });
}

function duration(text: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text) ?? [];
  const seconds = Number(number) * ({ s: 1, m: 60, h: 3600 }[unit] ?? 1);
  if (!(seconds > 0) || seconds > 86_400)
    throw new InvalidArgumentError('A time up to a day, such as 30s or 5m.');
  return seconds;
}

function size(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kMG])?B?$/.exec(text) ?? [];
  const bytes = Number(number) * ({ '': 1, k: 1e3, M: 1e6, G: 1e9 }[unit] ?? 1);
  if (!(bytes >= 1000)) throw new InvalidArgumentError('A size of 1k or more, such as 100M or 2G.');
  return bytes;
}

function whole(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('A number of bytes, such as 128; 0 for all.');
  return Number(text);
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('A number of packets, such as 1000.');
  return Number(text);
}
