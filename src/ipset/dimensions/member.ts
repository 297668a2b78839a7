/** A set in a list:set; packets are asked of the member itself. */
import type { Dimension } from '../dimension.ts';

/** IPSET_MAXNAMELEN - 1 */
export const MAX_NAME = 31;

export const member: Dimension = {
  name: 'set',
  expected: () => `the name of a set, of at most ${MAX_NAME} characters`,
  read: (text) => (text === '' || text.length > MAX_NAME ? undefined : { kind: 'member', name: text }),
  print: (part) => (part.kind === 'member' ? part.name : ''),
  ofPacket: () => undefined,
  key: (part) => (part.kind === 'member' ? part.name : ''),
  expand: (part) => [part],
};
