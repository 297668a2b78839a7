/**
 * A drawing as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html): a subgraph for each machine, namespace and bridge. Labels are
 * Mermaid's quoted strings.
 */
import { mermaidText as text } from '../mermaid-text.ts';
import type { Drawing, DrawnDevice, DrawnLine, DrawnLink, DrawnNamespace, Look } from './drawing.ts';

export function drawMermaid(drawing: Drawing): string {
  const { machines, namespaces, networks, links, notes } = drawing;
  const inMachine = (id: string | undefined, indent: string) =>
    namespaces
      .filter(({ machine }) => machine === id)
      .flatMap((namespace) => namespaceLines(namespace, indent));
  return `${[
    'flowchart LR',
    ...comment(drawing.title),
    ...notes.flatMap(comment),
    ...networks.map(({ id, lines }) => `  ${id}(["${labelOf(lines)}"])`),
    ...machines.flatMap(({ id, name }) => [
      `  subgraph ${id}["${text(name)}"]`,
      ...inMachine(id, '    '),
      '  end',
    ]),
    ...inMachine(undefined, '  '),
    ...links.map(linkLine),
    ...looks(drawing),
  ].join('\n')}\n`;
}

function namespaceLines({ id, lines, devices }: DrawnNamespace, indent: string): string[] {
  if (devices.length === 0) return [`${indent}${id}["${labelOf(lines)}"]`];
  return [
    `${indent}subgraph ${id}["${titleOf(lines)}"]`,
    ...devices.flatMap((device) => deviceLines(device, `${indent}  `)),
    `${indent}end`,
  ];
}

/** A bridge is a subgraph with itself and its ports in it: links can lead to either. */
function deviceLines(device: DrawnDevice, indent: string): string[] {
  const { id, name, lines, ports, hook } = device;
  const label = labelOf(lines);
  const own = lines.length === 0 ? [] : [hook ? `${id}{{"${label}"}}` : `${id}["${label}"]`];
  const below = ports.map((port) => `${port.id}["${labelOf(port.lines)}"]`);
  if (ports.length === 0 || own.length === 0) return [...own, ...below].map((line) => indent + line);
  return [
    `${indent}subgraph ${id}b["${text(name)}"]`,
    ...[...own, ...below, ...ports.map((port) => `${id} --- ${port.id}`)].map((line) => `${indent}  ${line}`),
    `${indent}end`,
  ];
}

function linkLine({ from, to, kind, count, passes, down }: DrawnLink): string {
  const label = [count > 1 ? `${count} links` : '', down ? 'down' : '']
    .filter((word) => word !== '')
    .join(', ');
  const there = passes.some(({ forward }) => forward);
  const back = passes.some(({ forward }) => !forward);
  const [first, second] = back && !there ? [to, from] : [from, to];
  const plain = kind === 'tunnel' || kind === 'stacked' || down ? '-.-' : '---';
  const drawn = passes.length === 0 ? plain : there && back ? '<==>' : '==>';
  return `  ${first} ${drawn}${label === '' ? '' : `|"${label}"|`} ${second}`;
}

function looks({ namespaces }: Drawing): string[] {
  const boxes = namespaces.flatMap((namespace) => [
    ...(namespace.devices.length === 0 ? [namespace] : []),
    ...namespace.devices.flatMap((device) => [
      ...(device.lines.length === 0 ? [] : [device]),
      ...device.ports,
    ]),
  ]);
  const look = (name: string, form: string, chosen: (look: Look) => boolean | undefined): string[] => {
    const ids = boxes.filter((box) => chosen(box.look)).map(({ id }) => id);
    return ids.length === 0 ? [] : [`  classDef ${name} ${form}`, `  class ${ids.join(',')} ${name}`];
  };
  return [
    ...look('marked', 'stroke:#cf222e,stroke-width:3px', ({ marked }) => marked),
    ...look('down', 'stroke:#cf222e,stroke-dasharray:4 4', ({ down, marked }) => down && !marked),
    ...look('inferred', 'stroke-dasharray:5 3', ({ inferred, marked }) => inferred && !marked),
  ];
}

const SIGNS: Partial<Record<DrawnLine['role'], string>> = { capture: '◉ ', mark: '✗ ' };

/** Mermaid has room for one line above what is in a box. */
function titleOf([first, ...others]: readonly DrawnLine[]): string {
  const rest = others.map(({ role, text: words }) => `${SIGNS[role] ?? ''}${text(words)}`).join(', ');
  return `${text(first?.text ?? '')}${rest === '' ? '' : ` (${rest})`}`;
}

function labelOf(lines: readonly DrawnLine[]): string {
  return lines.map(({ role, text: words }) => `${SIGNS[role] ?? ''}${text(words)}`).join('<br/>');
}

/** To the end of its line: nothing in it may begin a directive or an element. */
function comment(words: string): string[] {
  return [`  %% ${words.replace(/[^\p{L}\p{N}\p{M} .,:/_()-]/gu, ' ')}`];
}
