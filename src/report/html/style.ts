/** The page's style sheet: light and dark, narrow and wide, on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #fff; --text: #1d2125; --soft: #5b6570; --line: #d9dde1; --code: #f1f3f4;
  --shade: #0003; --bad: #b3261e; --bad-soft: #fdecea; --good: #1b6e3c; --good-soft: #e6f4ea; --doubt: #8a5a00; --doubt-soft: #fff4dc; --link: #1a56a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1c2024; --text: #e4e7ea; --soft: #9aa5b0; --line: #363d44; --code: #252a2f;
    --shade: #fff3; --bad: #ff8a80; --bad-soft: #3a1f1d; --good: #7fd49b; --good-soft: #17301f; --doubt: #ffcf70; --doubt-soft: #362a10; --link: #8ab4f8;
  }
}
* { box-sizing: border-box; }
body, .page { --under: var(--page); }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
code, pre { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999em; background: var(--card); padding: .5em 1em; }
.skip:focus { left: 1em; top: 1em; z-index: 1; }
.page { max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
h1 { font-size: clamp(1.35rem, 1rem + 1.6vw, 2rem); line-height: 1.25; margin: .4rem 0 .8rem; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 1rem; }
h3 { font-size: 1.15rem; line-height: 1.35; margin: .3rem 0 .6rem; overflow-wrap: anywhere; }
h4 { font-size: .95rem; margin: 1.5rem 0 .5rem; }
h5 { font-size: .9rem; margin: 1rem 0 .5rem; color: var(--soft); }
.mark { margin: 0; color: var(--soft); }
.facts, .kind, figcaption p { color: var(--soft); font-size: .92rem; margin: .3rem 0; }
.besides { color: var(--doubt); }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin-top: .8rem; }
.pill { display: inline-block; border-radius: 1em; padding: .05em .7em; font-size: .82rem; font-weight: 600; background: var(--code); color: var(--soft); }
.pill.bad, .pill.error { background: var(--bad-soft); color: var(--bad); }
.pill.good { background: var(--good-soft); color: var(--good); }
.pill.warning, .pill.none { background: var(--doubt-soft); color: var(--doubt); }
.finding { --under: var(--card); background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--soft); border-radius: 8px; padding: 1.1rem 1.3rem 1.3rem; margin-bottom: 1.5rem; }
.finding.error { border-left-color: var(--bad); }
.finding.warning { border-left-color: var(--doubt); }
p, li, .stack td { overflow-wrap: anywhere; }
.whole { white-space: nowrap; }
.why, .fix p { max-width: 50em; }
.part { display: inline-block; max-width: 100%; margin-right: .5em; }
.affected { list-style: none; margin: .5rem 0; padding: 0; color: var(--soft); font-size: .95rem; }
.affected code { color: var(--text); }
.fix { border: 1px solid var(--line); border-radius: 8px; padding: .2rem 1rem .6rem; margin: 1.2rem 0; }
.fix h4 { margin-top: .7rem; }
.fix p { margin: .6rem 0; }
.commands { position: relative; }
pre { background: var(--code); border-radius: 6px; padding: .8rem 5rem .8rem 1rem; margin: .4rem 0; white-space: pre-wrap; }
button { font: inherit; font-size: .88rem; color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .25em .8em; cursor: pointer; }
button:disabled { opacity: .45; cursor: default; }
[data-copy] { position: absolute; right: .6rem; top: .55rem; }
.proof { font-weight: 600; }
.proof.good, dd.good { color: var(--good); }
.proof.doubtful { color: var(--doubt); }
figure { margin: 1.2rem 0; }
.stops { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.4rem; counter-reset: stop; }
.stops.one { grid-template-columns: minmax(0, 1fr); }
.stops.pairs { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.stops:not(.one) .name::before { counter-increment: stop; content: counter(stop) " "; color: var(--soft); font-weight: 400; }
.stop { position: relative; border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem .7rem; min-width: 0; }
.stop:not(:last-child)::after { content: "→"; position: absolute; right: -1.2rem; top: 50%; translate: 0 -50%; color: var(--soft); font-weight: 700; }
.stop.dead { border: 2px solid var(--bad); }
.stop .name { color: var(--link); overflow-wrap: anywhere; }
dl { margin: .35rem 0 0; font-size: .9rem; display: grid; grid-template-columns: fit-content(10.5rem) minmax(0, 1fr); column-gap: .9rem; }
dl div { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; padding: .12rem 0; }
dt { color: var(--soft); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; }
.good dd { color: var(--good); }
.bad dd, .death dt, .death dd, li.bad { color: var(--bad); }
.death { background: var(--bad-soft); border-radius: 4px; padding: .25rem .4rem; margin: .15rem -.4rem; font-weight: 600; }
.doubtful dd { color: var(--doubt); }
.dim dd, li.dim { color: var(--soft); }
.beyond { list-style: none; padding: 0; margin: .7rem 0 0; font-size: .9rem; }
.legend { color: var(--soft); font-size: .85rem; margin: .5rem 0; }
.wide {
  overflow-x: auto;
  background: linear-gradient(to right, var(--under) 40%, transparent) left / 2.4rem 100%, linear-gradient(to left, var(--under) 40%, transparent) right / 2.4rem 100%,
    linear-gradient(to right, var(--shade), transparent) left / .7rem 100%, linear-gradient(to left, var(--shade), transparent) right / .7rem 100%;
  background-repeat: no-repeat;
  background-attachment: local, local, scroll, scroll;
}
.topology .wide { --under: var(--card); background-color: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.topology svg { display: block; }
.topology .nt-topology .ground { fill: none; }
.tree { font-size: .82rem; white-space: pre; overflow-x: auto; padding-right: 1rem; line-height: 1.35; }
.tree, .tree * { overflow-wrap: normal; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
th button { font: inherit; color: inherit; border: 0; background: none; padding: 0; }
th button::after { content: " ↕"; opacity: .5; }
[aria-sort=ascending] button::after { content: " ↑"; opacity: 1; }
[aria-sort=descending] button::after { content: " ↓"; opacity: 1; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
th.number, td.number { padding-right: 1.4rem; }
#flow-table { font-size: .88rem; }
#flow-table td { font-variant-numeric: tabular-nums; }
.moment { white-space: nowrap; }
.end { min-width: 13em; overflow-wrap: anywhere; }
.evidence td:first-child { min-width: 13em; }
.rules td:nth-child(3) { min-width: 8.5em; }
.rules td:nth-child(5) { min-width: 10em; }
.missing td:first-child { min-width: 9rem; }
.inputs td { min-width: 7.5rem; }
.inputs td { padding-top: .2rem; padding-bottom: .2rem; }
tr.deciding td { background: var(--bad-soft); }
tr.near code { color: var(--soft); }
.miss { margin: .15em 0 0; font-size: .9rem; }
details { margin: 1rem 0; }
summary { cursor: pointer; }
summary h4 { display: inline; }
.tools { display: flex; flex-wrap: wrap; gap: .8rem 1.4rem; margin-bottom: .6rem; }
[hidden] { display: none !important; }
input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .25em .6em; }
input { min-width: min(20rem, 60vw); }
.pager { display: flex; align-items: center; gap: .8rem; margin-top: .8rem; }
.warnings { padding-left: 1.2rem; }
footer { color: var(--soft); font-size: .88rem; margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; }
svg { font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--text); }
.sequence svg { display: block; }
.column line { stroke: var(--line); stroke-width: 1.5; }
.column rect { fill: var(--code); stroke: var(--line); }
.column.end rect { fill: none; }
.column text, .what, .sighting text, .rewrite { text-anchor: middle; }
.column text { font-weight: 600; }
.column .note { font-size: 11px; }
.column .note, .time, .sighting text { fill: var(--soft); font-weight: 400; }
.time { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: 11px; }
.arrow line { stroke: var(--text); stroke-width: 1.5; }
.arrow .tip { fill: var(--text); }
.reply .arrow line { stroke: var(--link); }
.reply .tip, .reply .sighting circle { fill: var(--link); }
.arrow.assumed line { stroke: var(--soft); stroke-dasharray: 2 4; }
.arrow.assumed .tip { fill: var(--soft); }
.packet .arrow.missing line { stroke: var(--bad); stroke-dasharray: 6 5; }
.arrow.missing path { stroke: var(--bad); stroke-width: 2.5; fill: none; }
.refusal .what { fill: var(--bad); }
.rewrite { fill: var(--doubt); font-size: 11px; }
.what, .rewrite, .sighting text { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
@media (min-width: 1100px) { .fits svg { max-width: 100%; height: auto; } }
@media (min-width: 1001px) { .many .stop:nth-child(3n)::after { display: none; } }
@media (max-width: 1000px) { .stops.many { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (min-width: 641px) and (max-width: 1000px) { .many .stop:nth-child(2n)::after { display: none; } }
@media (min-width: 641px) { .pairs .stop:nth-child(2n)::after { display: none; } }
@media (max-width: 640px) {
  .page { padding: 1rem .9rem 2rem; }
  .stops.stops { grid-template-columns: minmax(0, 1fr); }
  .stops .stop:not(:last-child)::after { content: "↓"; right: 50%; top: auto; bottom: -1.5rem; translate: 50% 0; }
  .finding { padding: .9rem .9rem 1.1rem; }
  .wide table { min-width: 36rem; }
  dl { grid-template-columns: fit-content(7.4rem) minmax(0, 1fr); column-gap: .7rem; }
  pre { padding-right: 1rem; }
  [data-copy] { position: static; margin: .1rem 0 .3rem; }
  .stack table, .stack tbody, .stack tr, .stack.stack td { display: block; min-width: 0; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  .stack td, .inputs td { border: 0; padding: .05rem 0; }
  .stack td:empty { display: none; }
  .rules .stack.stack td:nth-child(-n+3), .sequence .stack.stack td:nth-child(-n+3) { display: inline-block; padding-right: .8rem; color: var(--soft); }
  tr.deciding, tr.near { padding-left: .5rem; padding-right: .5rem; }
  tr.deciding { background: var(--bad-soft); }
  .stack.inputs td:not(:first-child) { display: inline-block; padding-right: 1rem; color: var(--soft); }
  .inputs .number:not(:empty)::after { content: " packets"; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root { --page: #fff; --card: #fff; }
  body { font-size: 10.5pt; }
  table, #flow-table, dl, td .pill, .miss { font-size: 8.5pt; }
  .inputs td, .missing td:first-child { min-width: 0; }
  .end { min-width: 10.5em; }
  th.number, td.number { padding-right: .6rem; }
  th, td { padding: .2rem .6rem .2rem 0; }
  nav, .tools, [data-copy], [data-back], [data-on], .skip, .other { display: none !important; }
  summary { list-style: none; }
  th button::after { content: none; }
  details::details-content { display: block; content-visibility: visible; height: auto; overflow: visible; }
  .stop, tr, .commands, .path { break-inside: avoid; }
  h2, h3, h4, h5, thead { break-after: avoid; }
  .finding { border-width: 0 0 0 4px; border-radius: 0; padding: 0 0 0 1rem; }
  pre { padding-right: 1rem; }
  .page { max-width: none; padding: 0; }
  .wide, .tree { overflow: visible; background: none; }
  .what, .rewrite, .sighting text { stroke: none; }
  svg { max-width: 100%; height: auto; }
  a { color: inherit; text-decoration: none; }
}
`;
