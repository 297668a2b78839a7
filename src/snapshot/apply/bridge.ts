/** `bridge link set dev PORT …`: br_setport(), net/bridge/br_netlink.c. */
import type { Span } from '../../base/span.ts';
import type { BridgePort } from '../../dump/records.ts';
import type { Netns } from '../snapshot.ts';
import { withLink } from './links.ts';
import { noInterface, type Problem, problem } from './words.ts';

/** Option of the command → field of the port. */
const SWITCHES = {
  isolated: 'isolated',
  hairpin: 'hairpin',
  learning: 'learning',
  flood: 'flood',
  mcast_flood: 'mcastFlood',
  bcast_flood: 'bcastFlood',
  locked: 'locked',
  neigh_suppress: 'neighSuppress',
} as const satisfies Record<string, keyof BridgePort>;

export function applyBridge(netns: Netns, words: readonly string[], span: Span): Netns | Problem {
  const [object, action, ...rest] = words;
  if (object !== 'link' || action !== 'set') return problem('of `bridge` only `link set` is modelled');
  const [dev, name = '', ...options] = rest;
  if (dev !== 'dev') return problem('`dev PORT` is needed');
  const link = netns.links?.find((candidate) => candidate.name === name);
  if (!link) return noInterface(name);
  if (link.master === undefined) return problem(`${name} is no port of a bridge`);
  let port: BridgePort = { ...link.port, span: link.port?.span ?? span };
  for (let index = 0; index < options.length; index += 2) {
    const option = options[index] ?? '';
    const value = options[index + 1];
    const field = Object.hasOwn(SWITCHES, option) ? SWITCHES[option as keyof typeof SWITCHES] : undefined;
    if (field === undefined || (value !== 'on' && value !== 'off'))
      return problem(`\`bridge link set dev ${name} ${option} ${value ?? ''}\` is not modelled`);
    port = { ...port, [field]: value === 'on' };
  }
  return withLink(netns, link, { ...link, port });
}
