import { Command, InvalidArgumentError, Option } from 'commander';
import type { InputLimits } from '../../base/limits.ts';
import type { Io } from '../io.ts';
import { examples, LIMIT } from '../options.ts';
import type { Finish } from '../program.ts';
import type { ColorChoice } from '../terminal.ts';

export interface TestOptions {
  readonly format: 'text' | 'junit' | 'tap' | 'json';
  readonly output?: string;
  readonly color: ColorChoice;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly limit?: Partial<InputLimits>;
  readonly only?: readonly string[];
  readonly strict?: boolean;
  readonly update?: boolean;
  readonly watch?: boolean;
  readonly coverage?: 'text' | 'html' | 'json' | 'lcov';
  readonly coverageOutput?: string;
  readonly coverageThreshold?: number;
}

export function defineTest(io: Io, finish: Finish): Command {
  return new Command('test')
    .description('cases: rulesets, dumps and captures, and what is to become of their packets')
    .argument('[dir...]', 'folders that hold cases (expect.yaml, NAME.expect.yaml), or such files', ['.'])
    .option(
      '--only <name>',
      'the cases and rows whose names hold this text, * stands for anything; may be repeated',
      (name: string, before: readonly string[] = []): readonly string[] => [...before, name],
    )
    .option('--strict', 'what rests on an assumption fails')
    .option('--update', 'write what holds into the cases where they expect something else, or nothing yet')
    .option('--watch', 'go on, and run what a changed file concerns')
    .addOption(
      new Option('--coverage <form>', 'which rules the cases matched, and which none ever did').choices([
        'text',
        'html',
        'json',
        'lcov',
      ]),
    )
    .option(
      '--coverage-output <file>',
      'where that goes (default: text to the output, nettrace-coverage.html, .json, .info)',
    )
    .option('--coverage-threshold <percent>', 'fail when a smaller part of the rules was matched', percent)
    .addOption(
      new Option('--format <format>', 'form of the output')
        .choices(['text', 'junit', 'tap', 'json'])
        .default('text'),
    )
    .option('-o, --output <file>', 'write there instead of to standard output')
    .addOption(
      new Option('--color <when>', 'colours; auto honours NO_COLOR')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option(...LIMIT)
    .option('-q, --quiet', 'no warnings on standard error')
    .option('-v, --verbose', 'rows that pass as well, and what the readers of the inputs noticed')
    .addHelpText(
      'after',
      `${examples([
        ['nettrace test', 'All cases in this folder and below it:'],
        [
          'nettrace test firewall --only gateway --watch',
          'One of them, again whenever its rules or the case are saved:',
        ],
        [
          'nettrace test firewall --coverage text --coverage-threshold 80',
          'Rules that no case ever matched, and a bar for CI:',
        ],
        ['nettrace test firewall --format junit -o nettrace.xml', 'For a CI system:'],
        ['nettrace test firewall --update', 'Accept what holds now; read the diff before it is committed:'],
      ])}
A case is a folder with captures, dumps or rulesets and an expect.yaml, or a
NAME.expect.yaml beside its NAME.rules:

  packets:
    - from red to 8.8.8.8:443/tcp: delivered via eth0 as 172.31.13.55
    - from wan0 to host:8080/tcp: dropped by filter INPUT policy
  flows:
    - tcp 10.0.0.2 > 8.8.8.8:53: dropped by fwd-ip-forward-off

docs/testing.md has the whole language. Exit status: 0 all as expected, 1 a row
is not or the coverage is too small, 2 a case or its inputs can't be used.
`,
    )
    .action(async (dirs: string[], options: TestOptions) => {
      const { testAction } = await import('../actions/test.ts');
      finish(await testAction(dirs, options, io));
    });
}

function percent(text: string): number {
  const value = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (value <= 100) return value;
  throw new InvalidArgumentError('A number from 0 to 100.');
}
