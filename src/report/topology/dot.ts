/**
 * A drawing in Graphviz's language (graphviz.org/doc/info/lang.html): clusters for machines and namespaces, and nodes with HTML-like
 * labels whose rows are the ports of bridges, so that links end at the row.
 */
import type { Drawing, DrawnDevice, DrawnLine, DrawnLink, DrawnNamespace, Look } from './drawing.ts';
import { xmlText } from './xml.ts';

export function drawDot(drawing: Drawing): string {
  const { machines, namespaces, networks, links, title, notes } = drawing;
  const inMachine = (id: string | undefined, indent: string) =>
    namespaces
      .filter(({ machine }) => machine === id)
      .flatMap((namespace) => clusterLines(namespace, indent));
  const outside = networks.filter(({ kind }) => kind !== 'tunnel').map(({ id }) => id);
  return `${[
    'graph topology {',
    `  label=<${[title, ...notes].map(escaped).join('<BR/>')}>`,
    '  rankdir=LR',
    '  fontname="Helvetica"',
    '  nodesep=0.15',
    '  ranksep=0.7',
    '  node [shape=plain fontname="Helvetica" fontsize=10]',
    '  edge [color="#57606a"]',
    ...networks.map(
      ({ id, lines }) =>
        `  ${id} [label=<${table(rowOf(lines), 'STYLE="ROUNDED" BGCOLOR="#f4f0fb" COLOR="#8a7bb8"')}>]`,
    ),
    ...(outside.length === 0 ? [] : [`  { rank=min; ${outside.join('; ')} }`]),
    ...machines.flatMap(({ id, name }) => [
      `  subgraph cluster_${id} {`,
      `    label=<${escaped(name)}>`,
      '    style="rounded,filled"',
      '    fillcolor="#f6f8fa"',
      '    color="#afb8c1"',
      ...inMachine(id, '    '),
      '  }',
    ]),
    ...inMachine(undefined, '  '),
    ...links.map(linkLine),
    '}',
  ].join('\n')}\n`;
}

function clusterLines(namespace: DrawnNamespace, indent: string): string[] {
  const { id, lines, devices, look, root } = namespace;
  const style = look.inferred ? 'rounded,filled,dashed' : 'rounded,filled';
  return [
    `${indent}subgraph cluster_${id} {`,
    `${indent}  label=<${lines.map(lineText).join('<BR/>')}>`,
    `${indent}  style="${style}"`,
    `${indent}  fillcolor="${root ? '#f1f4f8' : '#ffffff'}"`,
    `${indent}  color="${look.marked ? '#cf222e' : '#6e7781'}"`,
    ...(devices.length === 0 ? [`${indent}  ${id}_ [style=invis label=""]`] : []),
    ...devices.map((device) => `${indent}  ${device.id} [label=<${deviceTable(device)}>]`),
    `${indent}}`,
  ];
}

function deviceTable(device: DrawnDevice): string {
  const rows = [
    ...(device.lines.length === 0 ? [] : [rowOf(device.lines, 'self')]),
    ...device.ports.map(({ id, lines, look }) => rowOf(lines, portName(id), look)),
  ];
  const fill = device.look.marked
    ? '#ffebe9'
    : device.ports.length > 0 || device.kind === 'bridge'
      ? '#e6f5ec'
      : '#eaf2fd';
  return table(
    rows.join(''),
    `${device.look.inferred ? 'STYLE="DASHED" ' : ''}BGCOLOR="${fill}" COLOR="${colorOf(device.look)}"`,
  );
}

function table(rows: string, attributes: string): string {
  return `<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" ${attributes}>${rows}</TABLE>`;
}

function rowOf(lines: readonly DrawnLine[], port?: string, look: Look = {}): string {
  const fill = look.marked ? ' BGCOLOR="#ffebe9"' : '';
  const side = port === undefined || port === 'self' ? '' : ' BORDER="1" SIDES="T"';
  return `<TR><TD ALIGN="LEFT" BALIGN="LEFT"${port === undefined ? '' : ` PORT="${port}"`}${side}${fill}>${lines.map(lineText).join('<BR/>')}</TD></TR>`;
}

function colorOf({ marked, down, passed }: Look): string {
  if (marked || down) return '#cf222e';
  return passed ? '#0969da' : '#6f93c7';
}

const SIGNS: Partial<Record<DrawnLine['role'], string>> = { capture: '◉ ', mark: '✗ ' };

function lineText({ role, text }: DrawnLine): string {
  const words = `${SIGNS[role] ?? ''}${escaped(text)}`;
  if (role === 'title' || role === 'name') return `<B>${words}</B>`;
  if (role === 'capture') return `<FONT COLOR="#7d4e00">${words}</FONT>`;
  if (role === 'mark') return `<FONT COLOR="#a40e26"><B>${words}</B></FONT>`;
  return role === 'note' ? `<FONT COLOR="#59636e">${words}</FONT>` : words;
}

const LONGEST = 120;

/** An empty text would be an empty element, which Graphviz refuses. A backslash is none to it within HTML-like labels. */
function escaped(text: string): string {
  const shown = text.length > LONGEST ? `${Array.from(text).slice(0, LONGEST).join('')}…` : text;
  return shown === '' ? ' ' : xmlText(shown);
}

function linkLine({ from, to, kind, passes, down, count }: DrawnLink): string {
  const forward = passes.some((pass) => pass.forward);
  const back = passes.some((pass) => !pass.forward);
  const attributes = [
    ...(passes.length > 0
      ? ['color="#0969da"', 'penwidth=2.5', `dir=${forward && back ? 'both' : back ? 'back' : 'forward'}`]
      : []),
    ...(passes.length === 0 && down ? ['color="#cf222e"'] : []),
    ...(down || kind === 'tunnel' ? ['style=dashed'] : kind === 'stacked' ? ['style=dotted'] : []),
    ...(count > 1 ? [`label="${count}"`] : []),
  ];
  return `  ${endOf(from)} -- ${endOf(to)}${attributes.length === 0 ? '' : ` [${attributes.join(' ')}]`}`;
}

/** `n0d1p2` is row `p2` of node `n0d1`. */
function endOf(id: string): string {
  const box = id.replace(/p\d+$/, '');
  return box === id ? (id.startsWith('x') ? id : `${id}:self`) : `${box}:${portName(id)}`;
}

function portName(id: string): string {
  return /p\d+$/.exec(id)?.[0] ?? 'self';
}
