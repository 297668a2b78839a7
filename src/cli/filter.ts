/** From filter options to the filter that they are together, or to what is wrong with them. */
import { nearest } from '../base/nearest.ts';
import { printable } from '../base/printable.ts';
import { isFault } from '../filter/fault.ts';
import { allOf, anyOf, type Filter } from '../filter/filter.ts';
import { knownNames, namesIn, resolveNames } from '../filter/names.ts';
import { type Parsed, parseFilter } from '../filter/parse.ts';
import { parsePasted } from '../filter/pasted.ts';
import { parseTimeRange } from '../filter/time.ts';
import type { InputSet } from '../input/input.ts';
import { buildSnapshot } from '../snapshot/build.ts';
import type { FilterOptions } from './filter-options.ts';
import { UsageError } from './io.ts';

type Name = keyof FilterOptions;

const EXAMPLES: Readonly<Record<Name, string>> = {
  flow: "--flow 'tcp 10.0.0.2:40000 > 8.8.8.8:53'",
  host: '--host 10.0.0.2, --host 10.0.0.0/8, --host web',
  port: '--port 53, --port 8000-8100, --port https',
  proto: '--proto tcp, --proto icmp',
  time: '--time 10:00:05..10:00:10, --time +10s..+20s',
  filter: "--filter 'tcp and port 443 and not host 10.0.0.9'",
};
const NAMES: readonly Name[] = ['flow', 'host', 'port', 'proto', 'time', 'filter'];
/** What the values of an option mean as an expression: the word before them. */
const BEFORE: Readonly<Partial<Record<Name, string>>> = { host: 'host ', port: 'port ', proto: 'proto ' };

/** Undefined: nothing was asked for. Its names are those that were typed, until `filterFor` has found them. */
export function parseFilterOptions(options: FilterOptions): Filter | undefined {
  const parts = NAMES.flatMap((name) => {
    const given = (options[name] ?? []).map((text) => parsed(name, text));
    // `--host !a --host !b`: neither of them.
    const [without, any] = [
      given.filter(({ kind }) => kind === 'not'),
      given.filter(({ kind }) => kind !== 'not'),
    ];
    return [...(any.length > 0 ? [anyOf(any)] : []), ...without];
  });
  return parts.length === 0 ? undefined : allOf(parts);
}

/** The same with the addresses of its names. */
export function filterFor(filter: Filter | undefined, inputs: InputSet): Filter | undefined {
  const wanted = filter ? namesIn(filter) : [];
  if (!filter || wanted.length === 0) return filter;
  const names = knownNames(buildSnapshot(inputs).snapshot);
  for (const name of wanted) {
    if (names.has(name)) continue;
    const known = [...names.keys()];
    const near = nearest(name, known);
    const list =
      known.length === 0
        ? 'No dump among the inputs gives addresses names.'
        : `Known: ${known.map(printable).join(', ')}`;
    throw new UsageError(
      `no container or namespace among the inputs is called ${printable(name)}, or its addresses are not known`,
      `${near === undefined ? '' : `Did you mean ${printable(near)}? `}${list}`,
    );
  }
  return resolveNames(filter, names);
}

function parsed(name: Name, text: string): Filter {
  const result = read(name, text);
  if (!isFault(result)) return result;
  const before = printable(text.slice(0, result.at));
  const part = printable(text.slice(result.at, result.at + result.length));
  throw new UsageError(
    `--${name}: ${printable(result.fault)}`,
    `  ${printable(text)}\n  ${' '.repeat(before.length)}${'^'.repeat(Math.max(1, part.length))}\nSuch as ${EXAMPLES[name]}`,
  );
}

function read(name: Name, text: string): Parsed {
  if (name === 'flow') return parsePasted(text) ?? parseFilter(text);
  if (name === 'filter') return parseFilter(text);
  const negation = /^\s*(?:!|not\s)\s*/.exec(text)?.[0] ?? '';
  const value = text.slice(negation.length);
  const filter = name === 'time' ? time(value) : prefixed(BEFORE[name] ?? '', value);
  if (isFault(filter)) return { ...filter, at: filter.at + negation.length };
  return negation === '' ? filter : { kind: 'not', part: filter };
}

function prefixed(word: string, value: string): Parsed {
  const values = value.split(',');
  let at = 0;
  const parts: Filter[] = [];
  for (const each of values) {
    const filter = parseFilter(`${word}${each}`);
    if (isFault(filter)) return { ...filter, at: Math.max(0, filter.at - word.length) + at };
    parts.push(filter);
    at += each.length + 1;
  }
  return anyOf(parts);
}

function time(value: string): Parsed {
  const range = parseTimeRange(value);
  if (range) return { kind: 'time', range };
  return { fault: `${value} is no FROM..TO`, at: 0, length: value.length };
}
