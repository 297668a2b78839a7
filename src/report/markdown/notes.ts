import { missingRows } from '../missing-rows.ts';
import { place } from '../text/paths.ts';
import type { View } from '../view.ts';
import { code, prose, table } from './escape.ts';

const SHOWN_MISSING = 40;
const ALIKE = 4;
const SHOWN_WARNINGS = 40;
const SHOWN_INPUTS = 80;

/** What no input tells, and the commands that do. */
export function missingTable({ analysis: { topology }, nameOf }: View): string | undefined {
  const rows = missingRows(topology).map(({ namespaces, text, commands }) => [
    few(namespaces.map((namespace) => prose(nameOf(namespace)))),
    prose(text),
    few(commands.map(code)),
  ]);
  if (rows.length === 0) return undefined;
  return `${table(['Namespace', 'What is missing', 'What shows it'], rows.slice(0, SHOWN_MISSING))}${more(rows.length - SHOWN_MISSING)}`;
}

/** Of namespaces that lack the same. */
function few(texts: readonly string[]): string {
  const rest = texts.length - ALIKE;
  return [...texts.slice(0, ALIKE), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}

export function warningList({ analysis: { warnings }, shorten }: View): string | undefined {
  if (warnings.length === 0) return undefined;
  const lines = warnings.slice(0, SHOWN_WARNINGS).map((warning) => {
    const where =
      warning.path === undefined ? '' : `${code(place({ ...warning, path: shorten(warning.path) }))} `;
    return `* ${where}${prose(warning.text)}`;
  });
  return `${lines.join('\n')}${more(warnings.length - SHOWN_WARNINGS)}`;
}

/** The folder that all of them lie in is said once. */
export function inputTable({ analysis: { inputs }, folder, shorten }: View): string {
  const rows = inputs
    .slice(0, SHOWN_INPUTS)
    .map(({ path, kind, namespace, interface: device, packets }) => [
      code(shorten(path)),
      prose(kind),
      code([namespace, device].filter((part) => part !== undefined).join(':')),
      packets === undefined ? '' : packets.toLocaleString('en'),
    ]);
  const all = folder === '' ? '' : `All in ${code(folder)}\n\n`;
  return `${all}${table(['File', 'What it is', 'Place', 'Packets'], rows, [3])}${more(inputs.length - SHOWN_INPUTS)}`;
}

function more(count: number): string {
  return count > 0 ? `\n\nand ${count} more` : '';
}
