import { Command, Option } from 'commander';
import type { InputLimits } from '../../base/limits.ts';
import type { Io } from '../io.ts';
import { examples, LIMIT } from '../options.ts';
import type { Finish } from '../program.ts';

export interface ReportOptions {
  readonly format: 'html' | 'markdown';
  readonly output?: string;
  readonly limit?: Partial<InputLimits>;
}

export function defineReport(io: Io, finish: Finish): Command {
  return new Command('report')
    .description('a page to send around, or the text of an issue, of an analysis that was written as JSON')
    .argument('<analysis>', 'what nettrace analyze --format json wrote; - for standard input')
    .addOption(
      new Option('--format <format>', 'form of the output').choices(['html', 'markdown']).default('html'),
    )
    .option('-o, --output <file>', 'write there instead of to standard output')
    .option(...LIMIT)
    .addHelpText(
      'after',
      `${examples([
        [
          'nettrace report analysis.json -o postmortem.html',
          'One file with everything in it, for a browser, a mail or a printer:',
        ],
        [
          'nettrace report analysis.json --format markdown -o issue.md',
          'For an issue or a wiki, with Mermaid diagrams; it fits into an issue of GitHub:',
        ],
        ['nettrace analyze ./bundle --format html -o report.html', 'The same at once:'],
      ])}
The page loads nothing from anywhere, and names no more than the analysis does.
`,
    )
    .action(async (file: string, options: ReportOptions) => {
      const { reportAction } = await import('../actions/report.ts');
      finish(await reportAction(file, options, io));
    });
}
