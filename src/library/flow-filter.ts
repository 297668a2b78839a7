/** The text of a filter as the filter that it is, its names found among the inputs. */
import { nearest } from '../base/nearest.ts';
import { isFault } from '../filter/fault.ts';
import type { Filter } from '../filter/filter.ts';
import { knownNames, namesIn, resolveNames } from '../filter/names.ts';
import { parseFilter } from '../filter/parse.ts';
import { parsePasted } from '../filter/pasted.ts';
import type { InputSet } from '../input/input.ts';
import { buildSnapshot } from '../snapshot/build.ts';
import { UsageError } from './errors.ts';

export function flowFilter(text: string, inputs: InputSet): Filter {
  const filter = parsedFilter(text);
  const wanted = namesIn(filter);
  if (wanted.length === 0) return filter;
  const names = knownNames(buildSnapshot(inputs).snapshot);
  const stranger = wanted.find((name) => !names.has(name));
  if (stranger === undefined) return resolveNames(filter, names);
  const near = nearest(stranger, [...names.keys()]);
  throw new UsageError(
    `no container or namespace among the inputs is called "${stranger}", or its addresses are not known`,
    'filter-name',
    {
      advice: `${near === undefined ? '' : `Did you mean ${near}? `}Known: ${[...names.keys()].join(', ') || 'none'}.`,
      part: { text, at: Math.max(0, text.indexOf(stranger)), length: stranger.length },
    },
  );
}

export function parsedFilter(text: string): Filter {
  const filter = parsePasted(text) ?? parseFilter(text);
  if (!isFault(filter)) return filter;
  const { fault, at, length } = filter;
  throw new UsageError(`the filter is not understood: ${fault}`, 'filter-not-understood', {
    part: { text, at, length },
  });
}
