import { Command } from 'commander';
import { printable } from '../base/printable.ts';
import { VERSION } from '../version.ts';
import { defineAnalyze } from './commands/analyze.ts';
import { defineAnnotate } from './commands/annotate.ts';
import { defineCollect } from './commands/collect.ts';
import { defineDiff } from './commands/diff.ts';
import { defineExplain } from './commands/explain.ts';
import { defineLint } from './commands/lint.ts';
import { defineLive } from './commands/live.ts';
import { defineReplay } from './commands/replay.ts';
import { defineReport } from './commands/report.ts';
import { defineScan } from './commands/scan.ts';
import { defineShow } from './commands/show.ts';
import { defineTest } from './commands/test.ts';
import { defineTopology } from './commands/topology.ts';
import { defineTrace } from './commands/trace.ts';
import { defineWhy } from './commands/why.ts';
import type { Io, Status } from './io.ts';
import { examples } from './options.ts';

export type Finish = (status: Status) => void;

const COMMANDS = {
  analyze: defineAnalyze,
  why: defineWhy,
  topology: defineTopology,
  trace: defineTrace,
  replay: defineReplay,
  diff: defineDiff,
  annotate: defineAnnotate,
  show: defineShow,
  report: defineReport,
  explain: defineExplain,
  lint: defineLint,
  test: defineTest,
  collect: defineCollect,
  live: defineLive,
  scan: defineScan,
};
const HIDDEN: readonly string[] = ['scan'];

/**
 * The command tree. Its commands load what they run on when they are run. Of a command line that begins with a command, the others
 * aren't made.
 */
export function createProgram(io: Io, finish: Finish, first = ''): Command {
  const program = new Command('nettrace')
    .description(
      'Where did my packet go, and why did no answer come back? nettrace reads packet captures and the outputs of ip, ' +
        'iptables-save, sysctl, docker inspect and others, runs every packet through a model of the kernel, and names the ' +
        'rule or setting that stopped it together with the command that repairs it.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command')
    .helpCommand('help [command]', 'explain a command')
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(`nettrace: ${parserMessage(text)}\n`),
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 80, 100),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? 80, 100),
      // Commander would ask Node's streams.
      getOutHasColors: () => io.stdout.isTTY === true,
      getErrHasColors: () => io.stderr.isTTY === true,
    })
    .exitOverride()
    .addHelpText(
      'after',
      `${examples([
        [
          'nettrace analyze br0.pcap eth0.pcap rules.v4 routes.txt sysctl.txt',
          'What happened to the traffic, and why:',
        ],
        ['nettrace trace ./bundle --from red --to 8.8.8.8', 'What would happen to a packet of my own:'],
        ['nettrace topology ./bundle', 'How everything is wired:'],
      ])}
Exit status: 0 nothing wrong found, 1 problems found, 2 the command line or an\ninput is unusable.
`,
    );
  const alone = Object.hasOwn(COMMANDS, first);
  for (const [name, define] of Object.entries(COMMANDS)) {
    if (alone && name !== first) continue;
    program.addCommand(inherit(define(io, finish), program), { hidden: HIDDEN.includes(name) });
  }
  return program;
}

/** Commander's own line breaks are before a suggestion and at the end; others are of the words that it complains of. */
function parserMessage(text: string): string {
  return text
    .trimEnd()
    .split(/\n(?=\(Did you mean )/)
    .map(printable)
    .join('\n');
}

function inherit(command: Command, program: Command): Command {
  return command.copyInheritedSettings(program).helpOption('-h, --help', 'explain this command');
}
