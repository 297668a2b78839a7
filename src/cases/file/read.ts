/** A case's file, YAML or JSON: checked by its schema, its lines read, and everything wrong with it said at its place. */
import { basename, dirname } from 'node:path';
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type Scalar } from 'yaml';
import { nearest } from '../../base/nearest.ts';
import { CAUSES } from '../../diagnose/causes.ts';
import { isFault } from '../../filter/fault.ts';
import { parseFilter } from '../../filter/parse.ts';
import { parsePasted } from '../../filter/pasted.ts';
import { readFlowOutcome } from '../language/flow-outcome.ts';
import { readOutcome } from '../language/outcome.ts';
import { readQuestion } from '../language/question.ts';
import { LineError, quote } from '../language/words.ts';
import type { CaseError, CaseFile, FlowRow, PacketRow, Slot, Told } from './case-file.ts';
import { type ExpectDocument, validateExpect } from './expect-validator.ts';
import { Positions } from './positions.ts';
import { readRows, rowTexts, type Writing } from './rows.ts';
import { schemaErrors } from './schema-errors.ts';

export function readCase(path: string, source: string): CaseFile {
  const positions = new Positions(path);
  const isJson = path.endsWith('.json');
  // What it would warn of it writes to the terminal itself, with the file's text in it.
  const options = { prettyErrors: false, logLevel: 'error' } as const;
  const document = parseDocument(source, { lineCounter: positions.counter, ...options });
  const broken = document.errors.map(({ message, pos }) =>
    positions.error(
      pos[0],
      `this is no ${isJson ? 'JSON' : 'YAML'}: ${message}`,
      /nested mapping/i.test(message)
        ? 'A text with a colon and a space in it has to be in quotes.'
        : undefined,
    ),
  );
  const empty = emptyCase(path, source);
  if (broken.length > 0) return { ...empty, errors: broken };
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    const text = `this can’t be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ...empty, errors: [positions.error(0, text)] };
  }
  if (!validateExpect(value))
    return { ...empty, errors: schemaErrors(validateExpect.errors ?? [], document, positions) };
  return { ...empty, ...contents(value, document, positions, { source, isJson }) };
}

function contents(
  value: ExpectDocument,
  document: Document,
  positions: Positions,
  writing: Writing,
): Omit<CaseFile, 'path' | 'source' | 'name'> & { name?: string } {
  const errors: CaseError[] = [];
  const rows = (key: string) => rowTexts(nodeOf(document, key), writing);
  const names = new Map(Object.entries(value.names ?? {}).map(([name, meaning]) => [name, String(meaning)]));
  const packets = readRows<PacketRow>(
    rows('packets'),
    { question: (line) => readQuestion(line, names), expected: readOutcome },
    positions,
    errors,
  );
  const flows = readRows<FlowRow>(
    rows('flows'),
    { question: checkedFlow, expected: readFlowOutcome },
    positions,
    errors,
  );
  const inputs = value.inputs && texts(document, 'inputs', positions);
  const state = stateOf(value, document, positions);
  const findings = findingsOf(document, positions, errors, writing);
  const emptyFlows = emptySection('flows', document, positions, writing);
  const never = causes(texts(document, 'never', positions), errors);
  return {
    ...(value.name !== undefined && { name: value.name }),
    ...(inputs && { inputs }),
    ...(state && { state }),
    setup: texts(document, 'setup', positions),
    refused: texts(document, 'refused', positions),
    packets,
    flows,
    ...(emptyFlows && { emptyFlows }),
    ...(findings && { findings }),
    never,
    errors,
  };
}

function emptyCase(path: string, source: string): CaseFile {
  return {
    ...{
      path,
      source,
      name: nameOf(path),
      setup: [],
      refused: [],
      packets: [],
      flows: [],
      never: [],
      errors: [],
    },
  };
}

/** `gateway` of `gateway.expect.yaml`, `web` of `web/expect.yaml`. */
export function nameOf(path: string): string {
  const stem = basename(path).replace(/\.(ya?ml|json)$/i, '');
  if (stem !== 'expect') return stem.replace(/\.expect$/, '');
  const folder = basename(dirname(path));
  return folder === '' || folder === '.' ? 'expect' : folder;
}

function checkedFlow(text: string): string {
  const filter = parsePasted(text) ?? parseFilter(text);
  if (!isFault(filter)) return text;
  const hint = 'Such as tcp 10.0.0.2:40000 > 8.8.8.8:53, or what --flow of analyze takes.';
  throw new LineError({ fault: filter.fault, hint, at: filter.at, length: filter.length });
}

function nodeOf(document: Document, key: string): Node | undefined {
  const { contents: root } = document;
  const found = isMap(root) ? root.get(key, true) : undefined;
  return found as Node | undefined;
}

function texts(document: Document, key: string, positions: Positions): Told<string>[] {
  const list = nodeOf(document, key);
  if (!isSeq(list)) return [];
  return list.items.flatMap((item) =>
    isScalar(item) ? [{ value: String(item.value), place: positions.at(item.range?.[0] ?? 0) }] : [],
  );
}

/** A block begins on the line below its `|`. */
function stateOf({ state }: ExpectDocument, document: Document, positions: Positions): CaseFile['state'] {
  const node = nodeOf(document, 'state');
  if (state === undefined || !isScalar(node)) return undefined;
  const { line } = positions.at(node.range?.[0] ?? 0);
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  return { text: state, line: isBlock ? line + 1 : line };
}

function findingsOf(
  document: Document,
  positions: Positions,
  errors: CaseError[],
  writing: Writing,
): CaseFile['findings'] {
  const empty = emptySection('findings', document, positions, writing);
  if (empty) return { place: empty.place, slot: empty.value };
  const node = nodeOf(document, 'findings');
  const key = keyOf(document, 'findings');
  if (!key || !node?.range) return undefined;
  const [from, to] = node.range;
  const slot: Slot = { from, to, before: '', form: writing.isJson ? 'json' : 'plain' };
  const told = causes(texts(document, 'findings', positions), errors);
  return { causes: told, place: positions.at(key.range?.[0] ?? 0), slot };
}

/** A key with nothing behind it, and where that would go. */
function emptySection(
  name: string,
  document: Document,
  positions: Positions,
  { source, isJson }: Writing,
): Told<Slot> | undefined {
  const key = keyOf(document, name);
  const node = nodeOf(document, name);
  if (!key || (node && !(isScalar(node) && node.value === null))) return undefined;
  const [start = 0, end = 0] = key.range ?? [];
  const [from, to] = node?.range ?? [end, end];
  const behind = source.indexOf(':', end) + 1;
  const inFlow = isMap(document.contents) && document.contents.flow === true;
  const slot: Slot = {
    ...(from === to ? { from: behind, to: behind, before: ' ' } : { from, to, before: '' }),
    form: isJson ? 'json' : 'plain',
    ...(inFlow && { inFlow }),
  };
  return { value: slot, place: positions.at(start) };
}

function keyOf(document: Document, name: string): Scalar | undefined {
  const { contents: root } = document;
  const pair = isMap(root) ? root.items.find(({ key }) => isScalar(key) && key.value === name) : undefined;
  return isScalar(pair?.key) ? pair.key : undefined;
}

/** `a or b`: one of them. */
function causes(told: readonly Told<string>[], errors: CaseError[]): Told<string>[] {
  const ids = CAUSES.map(({ id }) => id);
  for (const { value, place } of told) {
    for (const id of value.split(/\s+or\s+/)) {
      if (ids.includes(id)) continue;
      const near = nearest(id, ids);
      const guess = near === undefined ? '' : `Did you mean ${near}? `;
      errors.push({
        ...place,
        text: `${quote(id)} is no cause`,
        hint: `${guess}nettrace explain lists them.`,
      });
    }
  }
  return [...told];
}
