import { parseIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import { netnsOf } from '../case.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const neighStaleMac = modelCause({
  id: 'neigh-stale-mac',
  title: 'The frame goes to a MAC that nobody has any more',
  severity: 'error',
  symptom: 'A new container can’t be reached for a while; ip neigh flush heals it at once.',
  mechanism:
    'The neighbour table still has the MAC of the former owner of the address. Frames to it are flooded, and the new owner’s interface ignores them as meant for another host.',
  check: 'ip neigh against ip link of the owner; bridge fdb',
  tell(kase, drop) {
    const sender = drop.trace.hops.at(-2);
    const nexthop = sender?.nexthop === undefined ? undefined : parseIp(sender.nexthop);
    const entry =
      sender && netnsOf(kase, sender.namespace)?.neighbours?.find(({ address }) => address === nexthop);
    if (!entry || entry.mac === undefined || entry.states.includes('REACHABLE')) return undefined;
    const devices = [...kase.snapshot.namespaces.values()].flatMap((netns) => netns.links ?? []);
    if (devices.some(({ mac }) => mac === entry.mac)) return undefined;
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the frame is addressed to another MAC than the one of ${where}`,
      evidence: [
        {
          path: entry.span.path,
          line: entry.span.line,
          text: `${sender.nexthop} is ${formatMac(entry.mac)} (${entry.states.join(',')})`,
        },
      ],
      explanation: `The packet reaches the right interface with the wrong destination MAC, so ${where} takes it for another host’s and drops it before IP sees it. The sender’s neighbour table holds an old entry.`,
      effect: 'ip neigh del ADDRESS dev IFACE (at the sender), or wait until the entry is confirmed anew.',
    };
  },
});
