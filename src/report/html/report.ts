/** `--format html`: an analysis as one page for people: the verdict, each finding with path, packets, rules and fix, and what it went by. */
import { VERSION } from '../../version.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { sentence } from '../text/sentence.ts';
import { TOPOLOGY_STYLE } from '../topology/style.ts';
import { viewOf } from '../view.ts';
import { documentText } from './document.ts';
import { findingSection } from './finding.ts';
import { flowSection } from './flows.ts';
import { html } from './html.ts';
import { masthead } from './masthead.ts';
import { inputSection, missingSection, warningSection } from './notes.ts';
import { pageCode } from './page-code.ts';
import { STYLE } from './style.ts';
import { topologyFigure } from './topology.ts';

export interface ReportOptions {
  /** Flows that follow those of the analysis: the ones that were only counted. */
  readonly more?: Iterable<AnalysisFlow>;
}

export async function reportPage(analysis: Analysis, { more = [] }: ReportOptions = {}): Promise<string> {
  const view = viewOf(analysis);
  const { findings } = analysis;
  const sections = [
    [
      'findings',
      'Findings',
      findings.length > 0 && findings.map((finding, index) => findingSection(finding, index, view)),
    ],
    ['topology', 'Topology', await topologyFigure(analysis)],
    ['flows', 'Flows', flowSection(view, more)],
    ['unknown', 'What is not known', missingSection(view)],
    ['warnings', 'Warnings', warningSection(view)],
    ['inputs', 'Inputs', inputSection(view)],
  ] as const;
  const shown = sections.filter(([, , content]) => content !== undefined && content !== false);
  const body = html`<a class="skip" href="#main">Skip to the report</a>
<div class="page">
${masthead(
  view,
  shown.map(([id, title]) => ({ id, title })),
)}
<main id="main" tabindex="-1">
${shown.map(
  ([
    id,
    title,
    content,
  ]) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}
</section>
`,
)}</main>
<footer>Made by nettrace ${VERSION}, which replays what was captured through a model of the kernel.</footer>
</div>`;
  return documentText({
    title: titleOf(analysis),
    body,
    style: `${STYLE}${TOPOLOGY_STYLE}`,
    script: pageCode(),
  });
}

function titleOf({ findings }: Analysis): string {
  const [first] = findings;
  return first ? `${sentence(first.title)} – nettrace` : 'nettrace report';
}
