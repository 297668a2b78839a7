import { readFileSync } from 'node:fs';
import { reportPage } from '../../../src/report/html/report.ts';
import { analysisMarkdown } from '../../../src/report/markdown/analysis.ts';
import { readAnalysis } from '../../../src/report/read-analysis.ts';
import { renderAnalysis } from '../../../src/report/text/analysis.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'analysis',
  about: 'an analysis as JSON: what fits its schema makes a text, a page and Markdown',
  longest: 32_768,
  seeds: () => [readFileSync('test/fuzz/analysis.json', 'utf8')],
  async run(text) {
    const analysis = readAnalysis(text, 'x');
    if (!('flows' in analysis)) return;
    renderAnalysis(analysis, { width: 80, color: false, unicode: true });
    analysisMarkdown(analysis);
    await reportPage(analysis);
  },
});
