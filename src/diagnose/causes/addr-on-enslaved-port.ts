import { parseIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import type { Command } from '../cause.ts';
import { gapCause } from '../gap-cause.ts';
import { ipOf, nameOf, outInterface, prefixText } from '../words.ts';
import { neighbourEvidence } from './neigh-failed.ts';

/** br_handle_frame() takes every frame before arp_rcv() sees it on the port: net/bridge/br_input.c */
export const addrOnEnslavedPort = gapCause({
  id: 'addr-on-enslaved-port',
  title: 'An address is on a port of a bridge and not on the bridge',
  severity: 'error',
  page: () => ({
    symptom:
      'The host loses its network the moment its interface is added to a bridge; it may go on for a while with what ARP still remembers.',
    mechanism:
      'What comes in by a port of a bridge is the bridge’s. ARP answers for the port’s address are delivered on the bridge device, so the neighbour entries of the port never complete: the host asks, is answered, and asks again. What it receives it can’t answer.',
    check: 'ip addr (an inet line on a device with "master"); ip neigh (INCOMPLETE or FAILED on that device)',
    proof:
      'The host’s who-has leaves by the port, the answer comes in by the port, and the entry stays INCOMPLETE or FAILED; the address, and the route, are on a device that has a bridge as its master.',
    refutation:
      'The port’s neighbour entries are REACHABLE and were made after it became a port; or the routes lead through the bridge.',
    settledBy: ['ip addr show', 'ip neigh show', 'ip route show'],
    repair: 'Move address and routes to the bridge: a port needs none.',
    references: [
      'net/bridge/br_input.c: br_handle_frame() (rx_handler)',
      'net/ipv4/arp.c: arp_process()',
      'bridge(8)',
    ],
  }),
  tell(kase, drop) {
    const netns = netnsOf(kase, drop.namespace);
    const device = outInterface(drop.trace);
    const link = netns?.links?.find(({ name }) => name === device);
    const nexthop = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    if (!netns || !link || link.master === undefined) return undefined;
    const moved = link.addresses.filter(({ scope }) => scope === 'global');
    if (moved.length === 0) return undefined;
    const where = nameOf(kase, netns.name);
    const ip = ipOf(kase);
    const gateways: Command[] = ((kase.flow.family === 4 ? netns.routes4 : netns.routes6)?.routes ?? [])
      .filter(
        ({ nexthops }) =>
          nexthops.length > 0 &&
          nexthops.every(({ dev, gateway }) => dev === link.name && gateway !== undefined),
      )
      .map((route) => ({
        namespace: netns.name,
        text: `${ip} route replace ${route.text.split(' dev ')[0]} dev ${link.master}`,
      }));
    const replies = kase.correlation.arp.filter(
      ({ target, replies }) => target === parseIp(nexthop) && replies.length > 0,
    );
    return {
      title: `${where} has ${moved.map(({ address, length }) => prefixText(address, length)).join(', ')} on ${link.name}, a port of ${link.master}`,
      explanation:
        `${link.name} is a port of ${link.master}, so all that comes in by it belongs to the bridge, the answers to ARP too. ${where} routes to ${nexthop} by ${link.name} and asks for its MAC address; ` +
        `${replies.length > 0 ? 'the answer arrives' : 'an answer would arrive'}, but on ${link.master}, where nobody asked, and the entry of ${link.name} never completes. The address has to be on ${link.master}.`,
      interface: link.name,
      evidence: [
        ...moved.map(({ address, length, span }) => ({
          path: span.path,
          line: span.line,
          text: `${prefixText(address, length)} is on ${link.name}, whose master is ${link.master}`,
        })),
        ...neighbourEvidence(kase, drop, nexthop),
      ],
      fix: [
        ...moved.flatMap(({ address, length }) => [
          { namespace: netns.name, text: `ip addr del ${prefixText(address, length)} dev ${link.name}` },
          { namespace: netns.name, text: `ip addr add ${prefixText(address, length)} dev ${link.master}` },
        ]),
        ...gateways,
      ],
    };
  },
});
