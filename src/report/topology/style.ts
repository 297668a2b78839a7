/** The looks of a drawing's parts, in light and in dark. Plain colours, no variables: not every viewer of SVG knows those. */
import { FONTS } from './boxes.ts';
import { MONO, SANS } from './text-width.ts';

type Pair = readonly [light: string, dark: string];

const INK: Pair = ['#1f2328', '#e6edf3'];
const FAINT: Pair = ['#59636e', '#9ea7b1'];
const ALARM: Pair = ['#cf222e', '#ff7b72'];
const WAY: Pair = ['#0969da', '#58a6ff'];
const BACK: Pair = ['#8250df', '#bc8cff'];
const SIGHT: Pair = ['#7d4e00', '#e3b341'];

/** Selector, property, colours. */
const COLORS: readonly (readonly [string, string, Pair])[] = [
  ['.ground', 'fill', ['#ffffff', '#0d1117']],
  ['text', 'fill', INK],
  ['text.note', 'fill', FAINT],
  ['text.capture', 'fill', SIGHT],
  ['text.mark', 'fill', ['#a40e26', '#ff9d96']],
  ['.sign', 'fill', SIGHT],
  ['.pupil', 'fill', ['#ffffff', '#0d1117']],
  ['.cross', 'stroke', ALARM],
  ['.machine>rect', 'fill', ['#f6f8fa', '#11161d']],
  ['.machine>rect', 'stroke', ['#afb8c1', '#3d444d']],
  ['.namespace>rect', 'fill', ['#ffffff', '#161b22']],
  ['.namespace>rect', 'stroke', ['#6e7781', '#6e7681']],
  ['.namespace.root>rect', 'fill', ['#f1f4f8', '#1b212a']],
  ['.namespace.marked>rect', 'stroke', ALARM],
  ['.network>rect', 'fill', ['#f4f0fb', '#211c2e']],
  ['.network>rect', 'stroke', ['#8a7bb8', '#8a7bb8']],
  ['.device>rect', 'fill', ['#eaf2fd', '#15243a']],
  ['.device>rect', 'stroke', ['#6f93c7', '#4a6da0']],
  ['.bridge>rect', 'fill', ['#e6f5ec', '#14291f']],
  ['.bridge>rect', 'stroke', ['#4c9a6a', '#3f7d58']],
  ['.port>rect', 'fill', ['#f7fcf9', '#101d18']],
  ['.port>rect', 'stroke', ['#a8d3ba', '#2d5a40']],
  ['.passed>rect', 'stroke', WAY],
  ['.down>rect', 'stroke', ALARM],
  ['.marked>rect', 'stroke', ALARM],
  ['.hook>rect', 'fill', ['#ffebe9', '#3c1618']],
  ['.hook>rect', 'stroke', ALARM],
  ['.device.marked>rect', 'fill', ['#ffebe9', '#3c1618']],
  ['.port.marked>rect', 'fill', ['#ffebe9', '#3c1618']],
  ['.link>path', 'stroke', ['#57606a', '#8b949e']],
  ['.link.beyond>path', 'stroke', ['#8a7bb8', '#9d8fd0']],
  ['.link.segment>path', 'stroke', ['#8a7bb8', '#9d8fd0']],
  ['.link.down>path', 'stroke', ALARM],
  ['.there>path', 'stroke', WAY],
  ['.back>path', 'stroke', BACK],
  ['.there>.arrow', 'fill', WAY],
  ['.back>.arrow', 'fill', BACK],
];

const FORMS: readonly string[] = [
  `text{font-family:${SANS};white-space:pre}`,
  ...Object.entries(FONTS).map(([role, { face, size }]) => {
    const family = face === 'mono' ? `;font-family:${MONO}` : '';
    const weight = face === 'bold' ? ';font-weight:600' : '';
    return `text.${role}{font-size:${size}px${family}${weight}}`;
  }),
  'rect{stroke-width:1}',
  '.ground{stroke:none}',
  '.inferred>rect{stroke-dasharray:5 3}',
  '.passed>rect,.marked>rect{stroke-width:1.8}',
  '.cross{stroke-width:2.4;stroke-linecap:round;fill:none}',
  '.link>path{fill:none;stroke-width:1.4}',
  '.link.tunnel>path{stroke-dasharray:7 4}',
  '.link.stacked>path{stroke-dasharray:2 3}',
  '.link.inside>path{stroke:none}',
  '.link.down>path{stroke-dasharray:4 4}',
  '.pass>path{fill:none;stroke-width:3;stroke-linecap:round}',
  '.pass.back>path{stroke-dasharray:8 5}',
  '.pass>.arrow{stroke:none}',
];

function colors(which: 0 | 1): string {
  return COLORS.map(([selector, property, pair]) => `${scoped(selector)}{${property}:${pair[which]}}`).join(
    '',
  );
}

function scoped(selector: string): string {
  return `.nt-topology ${selector}`;
}

const forms = FORMS.map((form) => {
  const at = form.indexOf('{');
  return `${form.slice(0, at).split(',').map(scoped).join(',')}${form.slice(at)}`;
}).join('');

/** Of every drawing, so that a page needs it once, and one hash for it. No `<`, `&` or `]]>`: it stands as it is in XML and in HTML. */
export const TOPOLOGY_STYLE = `${forms}${colors(0)}@media screen and (prefers-color-scheme:dark){${colors(1)}}`;
