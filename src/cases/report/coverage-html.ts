/** Coverage as one page that loads nothing: each file with its rules, and how often a packet of a case matched them. */

import { documentText } from '../../report/html/document.ts';
import { type Html, html } from '../../report/html/html.ts';
import { STYLE } from '../../report/html/style.ts';
import type { CoveredRule } from '../coverage/coverage.ts';
import { type CoverageSummary, type CoveredFile, isEnough } from '../coverage/files.ts';
import { ruleText } from './coverage-text.ts';
import { counted } from './text.ts';

const OWN_STYLE = `
.meter { display: block; height: .55rem; border-radius: .3rem; background: var(--line); overflow: hidden; }
.meter rect { fill: var(--good); }
.source td { padding-top: .2rem; padding-bottom: .2rem; }
.source .never td { background: var(--bad-soft); }
.source .policy td { color: var(--soft); }
.source .hits { white-space: nowrap; }
section h3 { margin-top: 2.2rem; }
@media (max-width: 640px) { .wide .files, .wide .source { min-width: 0; } .files .meter { width: 60px; } }
.never .hits { color: var(--bad); font-weight: 600; }
.hit .hits { color: var(--good); }
`;

export function coverageHtml(summary: CoverageSummary): string {
  const { rules, hit, percent, files, threshold } = summary;
  const enough = isEnough(summary);
  const bar =
    threshold === undefined
      ? undefined
      : html`<p class="facts">Wanted are at least ${threshold} %: <span class="pill ${enough ? 'good' : 'bad'}">${enough ? 'reached' : 'missed'}</span></p>`;
  const body = html`<a class="skip" href="#files">To the files</a>
<div class="page">
<header>
<p class="mark">nettrace test</p>
<h1>${percent} % of the rules were matched by a packet of a case</h1>
<p class="facts">${hit} of ${counted(rules, 'rule')} in ${counted(files.length, 'file')}. A policy is shown and not counted.</p>
${bar}
</header>
<main id="files">
<h2>Files</h2>
<div class="wide"><table class="files"><thead><tr><th scope="col">file</th><th scope="col">matched</th><th scope="col" class="number">rules</th><th scope="col" class="number">%</th></tr></thead>
<tbody>${files.map(fileRow)}</tbody></table></div>
${files.map(fileSection)}
</main>
<footer>Rules that no case matches are not tested: breaking them would go unnoticed.</footer>
</div>`;
  return documentText({
    title: `Coverage of rules: ${percent} %`,
    body,
    style: STYLE + OWN_STYLE,
    script: '',
  });
}

function fileRow({ path, total, hit, percent }: CoveredFile, index = 0): Html {
  return html`<tr><td><a href="#file-${index}">${path}</a></td><td>${meter(percent)}</td><td class="number">${hit} / ${total}</td><td class="number">${percent}</td></tr>`;
}

/** A drawing, since a width can't be in a style attribute here. */
function meter(percent: number): Html {
  return html`<svg class="meter" width="140" height="9" viewBox="0 0 100 9" preserveAspectRatio="none" role="img" aria-label="${percent} %"><rect width="${percent}" height="9"/></svg>`;
}

function fileSection({ path, rules, hit, total }: CoveredFile, index = 0): Html {
  return html`<section aria-labelledby="file-${index}"><h3 id="file-${index}">${path}</h3>
<p class="facts">${hit} of ${counted(total, 'rule')} matched</p>
<div class="wide"><table class="source"><thead><tr><th scope="col" class="number">line</th><th scope="col" class="number">matched</th><th scope="col">rule</th></tr></thead>
<tbody>${rules.map(ruleRow)}</tbody></table></div></section>`;
}

function ruleRow({ line, hits, name, text, policy }: CoveredRule): Html {
  const kind = policy ? 'policy' : hits === 0 ? 'never' : 'hit';
  const shown = ruleText(name, text);
  return html`<tr class="${kind}"><td class="number">${line}</td><td class="number hits">${hits === 0 && !policy ? 'never' : `${hits} ×`}</td><td><code>${shown}</code></td></tr>`;
}
