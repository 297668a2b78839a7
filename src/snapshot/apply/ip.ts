/** ip(8): the objects that can be changed, and its options. */
import type { Span } from '../../base/span.ts';
import type { Family } from '../../net/ip.ts';
import type { Netns } from '../snapshot.ts';
import { applyAddress } from './ip-address.ts';
import { applyLink } from './ip-link.ts';
import { applyNeighbour } from './ip-neigh.ts';
import { applyRoute } from './ip-route.ts';
import { applyRule } from './ip-rule.ts';
import { type Problem, problem, Words } from './words.ts';

const OBJECTS = [
  'address',
  'addrlabel',
  'route',
  'rule',
  'neighbour',
  'neighbor',
  'link',
  'netns',
  'tunnel',
] as const;

export function applyIp(netns: Netns, given: readonly string[], span: Span): Netns | Problem {
  const words = new Words(given);
  let family: Family | undefined;
  for (let option = words.peek(); option?.startsWith('-'); option = words.peek()) {
    words.take();
    if (option === '-4') family = 4;
    else if (option === '-6') family = 6;
    else if (option === '-f' || option === '-family') family = words.take() === 'inet6' ? 6 : 4;
    else if (option === '-b' || option === '-batch') return problem('ip -batch is not applied');
  }
  const word = words.peek();
  const object = words.takeAction(OBJECTS);
  switch (object) {
    case 'address':
      return applyAddress(netns, words, span);
    case 'route':
      return applyRoute(netns, words, family, span);
    case 'rule':
      return applyRule(netns, words, family ?? 4, span);
    case 'neighbour':
    case 'neighbor':
      return applyNeighbour(netns, words, span);
    case 'link':
      return applyLink(netns, words);
    default:
      return problem(`what \`ip ${word ?? ''}\` does is not modelled`);
  }
}
