/** `ip neigh add|replace|change|del`: neigh_update(), net/core/neighbour.c. */
import type { Span } from '../../base/span.ts';
import type { Neighbour } from '../../dump/records.ts';
import { formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { type Mac, parseMac } from '../../net/mac.ts';
import type { Netns } from '../snapshot.ts';
import { noInterface, type Problem, problem, type Words } from './words.ts';

const ACTIONS = ['add', 'change', 'chg', 'replace', 'delete', 'flush', 'show', 'list', 'get'] as const;

export function applyNeighbour(netns: Netns, words: Words, span: Span): Netns | Problem {
  const action = words.takeAction(ACTIONS);
  if (action === undefined || action === 'show' || action === 'list' || action === 'get') {
    return problem('it changes nothing');
  }
  let address: Ip | undefined;
  let mac: Mac | undefined;
  let dev: string | undefined;
  let state = 'PERMANENT';
  let proxy = false;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'lladdr') mac = parseMac(words.take() ?? '');
    else if (word === 'dev') dev = words.take();
    else if (word === 'nud') state = (words.take() ?? '').toUpperCase();
    else if (word === 'proxy') {
      proxy = true;
      address = parseIp(words.take() ?? '');
    } else if (word === 'all' && action === 'flush') continue;
    else {
      address = parseIp(word === 'to' ? (words.take() ?? '') : word);
      if (address === undefined) return problem(`${word} is no address`);
    }
  }
  if (dev !== undefined && netns.links && !netns.links.some((link) => link.name === dev)) {
    return noInterface(dev);
  }
  const known = netns.neighbours ?? [];
  if (action === 'flush') {
    const kept = known.filter(
      (entry) => (dev !== undefined && entry.dev !== dev) || entry.states.includes('PERMANENT'),
    );
    return { ...netns, neighbours: kept };
  }
  if (address === undefined || dev === undefined) return problem('an address and `dev NAME` are needed');
  const existing = known.find(
    (entry) => entry.address === address && entry.dev === dev && entry.proxy === proxy,
  );
  const others = known.filter((entry) => entry !== existing);
  if (action === 'delete') {
    return existing
      ? { ...netns, neighbours: others }
      : problem(`${dev} has no entry for ${formatIp(address)}`);
  }
  if (existing && action === 'add') return problem(`${dev} has an entry for ${formatIp(address)} already`);
  if (!existing && (action === 'change' || action === 'chg'))
    return problem('there is no such entry to change');
  if (mac === undefined && !proxy && /PERMANENT|REACHABLE|NOARP/.test(state) && state !== 'NOARP') {
    return problem('`lladdr MAC` is needed');
  }
  const entry: Neighbour = {
    address,
    dev,
    ...(mac === undefined ? {} : { mac }),
    states: proxy ? [] : [state],
    proxy,
    span,
  };
  return { ...netns, neighbours: [...others, entry] };
}
