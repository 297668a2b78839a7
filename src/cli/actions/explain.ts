import { nearest } from '../../base/nearest.ts';
import { printable } from '../../base/printable.ts';
import type { CheckPage } from '../../lint/check.ts';
import { LINT_PAGES } from '../../lint/lint.ts';
import { pageMarkdown as checkMarkdown, plainPage, renderPage as renderCheck } from '../../lint/page.ts';
import { catalogue } from '../../report/catalogue.ts';
import { type CataloguePage, pageMarkdown, partsOf } from '../../report/cause-page.ts';
import { jsonText } from '../../report/json.ts';
import { limitsData, limitsTable } from '../../report/limits.ts';
import { renderCatalogue, renderPage } from '../../report/text/catalogue.ts';
import { renderLimits } from '../../report/text/limits.ts';
import type { ExplainOptions } from '../commands/explain.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';

/** Exit status 2: nothing of that name, and nothing that speaks of it. */
export function explainAction(words: readonly string[], options: ExplainOptions, io: Io): Status {
  if (words.length === 1 && words[0] === 'limits') return explainLimits(options, io);
  const checks = LINT_PAGES.filter(({ id }) => words.includes(id));
  if (words.length > 0 && checks.length === words.length) return explainChecks(checks, options, io);
  const pages = catalogue();
  const chosen = words.length === 0 ? pages : [...new Set(words.flatMap((word) => lookUp(word, pages)))];
  const output = openOutput(io, options.output, []);
  const text = textOptions(io, options);
  const whole = chosen.length === 1 || words.every((word) => pages.some(({ id }) => id === word));
  if (options.format === 'json')
    output.write(`${jsonText({ schema: 'nettrace-causes/1', causes: chosen }, 2)}\n`);
  else if (options.format === 'markdown') output.write(chosen.map(pageMarkdown).join('\n'));
  else if (words.length > 0 && whole) output.write(chosen.map((page) => renderPage(page, text)).join('\n'));
  else output.write(renderCatalogue(chosen, text));
  output.end();
  return 0;
}

function explainLimits(options: ExplainOptions, io: Io): Status {
  const output = openOutput(io, options.output, []);
  if (options.format === 'json') output.write(`${jsonText(limitsData(), 2)}\n`);
  else if (options.format === 'markdown') output.write(`${limitsTable()}\n`);
  else output.write(renderLimits(textOptions(io, options)));
  output.end();
  return 0;
}

/** What `nettrace lint` says is explained in the same way. */
function explainChecks(checks: readonly CheckPage[], options: ExplainOptions, io: Io): Status {
  const output = openOutput(io, options.output, []);
  output.write(checksText(checks, options, io));
  output.end();
  return 0;
}

function checksText(checks: readonly CheckPage[], options: ExplainOptions, io: Io): string {
  if (options.format === 'json')
    return `${jsonText({ schema: 'nettrace-checks/1', checks: checks.map(plainPage) }, 2)}\n`;
  if (options.format === 'markdown') return checks.map(checkMarkdown).join('\n');
  return checks.map((check) => renderCheck(check, textOptions(io, options))).join('\n');
}

/** The page of that id, else all pages that have the word. */
function lookUp(word: string, pages: readonly CataloguePage[]): CataloguePage[] {
  const exact = pages.find(({ id }) => id === word);
  if (exact) return [exact];
  const wanted = word.toLowerCase();
  const within = pages.filter((page) => textOf(page).includes(wanted));
  if (within.length > 0) return within;
  const near = nearest(
    word,
    [...pages, ...LINT_PAGES].map(({ id }) => id),
  );
  throw new UsageError(
    `${printable(word)}: no cause of the catalogue is called so, and none speaks of it`,
    near === undefined ? 'nettrace explain lists them all.' : `Did you mean ${near}?`,
  );
}

function textOf(page: CataloguePage): string {
  return [page.id, page.title, ...partsOf(page).flatMap(([, text]) => text)].join('\n').toLowerCase();
}
