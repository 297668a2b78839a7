import { allOf, anyOf, type Filter } from './filter.ts';

const EVERYTHING: Filter = { kind: 'and', parts: [] };

/**
 * For flows: true of each that may have a packet of which `filter` is true. A flow lasts, a packet is of one moment: of a flow within a time that
 * isn't asked for some packets may be outside it.
 */
export function covering(filter: Filter, negated = false): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.parts.map((part) => covering(part, negated));
      return (filter.kind === 'and') === negated ? anyOf(parts) : allOf(parts);
    }
    case 'not':
      return covering(filter.part, !negated);
    case 'time':
      return negated ? EVERYTHING : filter;
    default:
      return negated ? { kind: 'not', part: filter } : filter;
  }
}

/** Does it ask for times? */
export function isTimed(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.parts.some(isTimed);
    case 'not':
      return isTimed(filter.part);
    default:
      return filter.kind === 'time';
  }
}
