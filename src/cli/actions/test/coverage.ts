/** `--coverage`: written where it was asked for. Text goes with the rest, unless it is given a file. */
import { printable } from '../../../base/printable.ts';
import type { CoverageSummary } from '../../../cases/coverage/files.ts';
import { isEnough } from '../../../cases/coverage/files.ts';
import { coverageHtml } from '../../../cases/report/coverage-html.ts';
import { renderCoverage } from '../../../cases/report/coverage-text.ts';
import { coverageJson } from '../../../cases/report/json.ts';
import { lcovText } from '../../../cases/report/lcov.ts';
import { jsonText } from '../../../report/json.ts';
import type { TestOptions } from '../../commands/test.ts';
import type { Io } from '../../io.ts';
import { textOptions } from '../../terminal.ts';
import { refuseInput, writeWholeFile } from '../../whole-file.ts';

const FILES = {
  html: 'nettrace-coverage.html',
  json: 'nettrace-coverage.json',
  lcov: 'nettrace-coverage.info',
};

export function writeCoverage(
  summary: CoverageSummary,
  options: TestOptions,
  inputs: readonly string[],
  io: Io,
): void {
  const { coverage: form = 'text', coverageOutput, format, quiet } = options;
  const file = coverageOutput ?? (form === 'text' ? undefined : FILES[form]);
  if (file === undefined) {
    // Data has it in itself.
    if (format !== 'text' && options.coverage === 'text')
      io.stderr.write(renderCoverage(summary, textOptions(io, options)));
    return;
  }
  refuseInput(file, inputs);
  const text = coverageText(summary, form, { ...options, output: file }, io);
  writeWholeFile(file, text);
  const { hit, rules, percent, threshold } = summary;
  const missed = isEnough(summary) ? '' : `, less than ${threshold} %`;
  if (!quiet || missed !== '')
    io.stderr.write(
      `nettrace: ${printable(file)}: ${hit} of ${rules} rules matched, ${percent} %${missed}\n`,
    );
}

function coverageText(
  summary: CoverageSummary,
  form: NonNullable<TestOptions['coverage']>,
  options: TestOptions,
  io: Io,
): string {
  switch (form) {
    case 'html':
      return coverageHtml(summary);
    case 'json':
      return `${jsonText(coverageJson(summary), 2)}\n`;
    case 'lcov':
      return lcovText(summary);
    case 'text':
      return renderCoverage(summary, textOptions(io, options));
  }
}
