/** What Ajv says of a case, at the place in its file, in words that say what to do. */

import type { ErrorObject } from 'ajv';
import { type Document, isMap, isNode, isScalar, type Node } from 'yaml';
import { nearest } from '../../base/nearest.ts';
import { wordTable } from '../../base/word-table.ts';
import { quote } from '../language/words.ts';
import type { CaseError } from './case-file.ts';
import type { Positions } from './positions.ts';

const KEYS = [
  'name',
  'inputs',
  'state',
  'setup',
  'refused',
  'names',
  'packets',
  'flows',
  'findings',
  'never',
];
const ROWS =
  'A row is `- from red to 8.8.8.8:443/tcp: delivered via eth0`, a flow `- tcp 10.0.0.2 > 8.8.8.8:53: dropped`.';

export function schemaErrors(
  errors: readonly ErrorObject[],
  document: Document,
  positions: Positions,
): CaseError[] {
  return errors.map((error) => {
    const path = error.instancePath.split('/').slice(1).map(unescaped);
    const node = nodeAt(document, path);
    if (error.keyword === 'additionalProperties') {
      const key = String(error.params.additionalProperty);
      const near = nearest(key, KEYS);
      const guess = near === undefined ? '' : `Did you mean ${near}? `;
      return positions.error(
        keyOffset(node, key),
        `${quote(key)} is nothing a case has`,
        `${guess}Known: ${KEYS.join(', ')}.`,
      );
    }
    const { text, hint } = said(error, path, document.getIn(path));
    return positions.error(node?.range?.[0] ?? 0, text, hint);
  });
}

function said(error: ErrorObject, path: readonly string[], value: unknown): { text: string; hint?: string } {
  const where = path.length === 0 ? 'the file' : path.filter((part) => !/^\d+$/.test(part)).join('.');
  const isRow = path[0] === 'packets' || path[0] === 'flows';
  if (error.keyword === 'type') {
    const wanted = [error.params.type as string | string[]].flat().filter((type) => type !== 'null');
    const text = `${quote(where)} is ${kindOf(value)}, expected ${wanted.map((type) => KINDS[type] ?? type).join(' or ')}`;
    if (path.length === 0) return { text, hint: `It holds ${KEYS.join(', ')}, as far as they are needed.` };
    return isRow ? { text, hint: ROWS } : { text };
  }
  if (/Properties$/.test(error.keyword))
    return {
      text: `a row has one question and one answer`,
      hint: `Begin each with a dash of its own. ${ROWS}`,
    };
  if (error.keyword === 'pattern' && path[0] === 'refused')
    return {
      text: `${quote(String(value))} is no line of a file`,
      hint: 'Such as rules.v4:5.',
    };
  if (error.keyword === 'pattern')
    return {
      text: `${quote(where)} is ${quote(String(value))}`,
      hint: 'Expected: none, or a list of causes.',
    };
  return { text: `${quote(where)} ${error.message ?? 'is wrong'}` };
}

const KINDS = wordTable<string>({
  string: 'text',
  array: 'a list',
  object: 'keys with values',
  number: 'a number',
});

function kindOf(value: unknown): string {
  if (isScalar(value)) return kindOf(value.value);
  if (isNode(value)) return isMap(value) ? 'keys with values' : 'a list';
  if (value === null || value === undefined) return 'empty';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'a number' : String(value);
}

function nodeAt(document: Document, path: readonly string[]): Node | undefined {
  const found = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(found) ? found : undefined;
}

function keyOffset(node: Node | undefined, key: string): number {
  const pair = isMap(node)
    ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined;
  return (isScalar(pair?.key) ? pair.key.range?.[0] : undefined) ?? node?.range?.[0] ?? 0;
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
