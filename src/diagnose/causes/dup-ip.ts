import type { Sighting } from '../../correlate/flow.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import { formatMac, type Mac } from '../../net/mac.ts';
import type { Case, Scene } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { type Holder, holdersOfAddress, holdersOfMac, shareBridge } from '../shared-link.ts';
import { ipOf, nameOf, prefixText } from '../words.ts';

/** arp_process(), net/ipv4/arp.c: the first answer is kept for LOCKTIME (a second), after that the last one. */
export const dupIp: Cause = {
  id: 'dup-ip',
  title: 'Two machines on one link have the same address',
  severity: 'error',
  page: () => ({
    symptom:
      'Connections work, are refused or break, depending on the hour and on who asks; sometimes the wrong machine answers.',
    mechanism:
      'Both owners answer ARP for the address. Whoever asks keeps one of the two MAC addresses, so a connection goes to the one or the other machine by chance, and changes over when the neighbour entry is refreshed.',
    check:
      'ip addr in every namespace; arping -b -I IFACE ADDRESS from a third machine (replies from two MAC addresses); arping -D on one of the owners (any reply is the other’s)',
    proof:
      'One who-has is answered by two different MAC addresses of two machines; or two namespaces on one bridge have the address and are up.',
    refutation:
      'Both MAC addresses belong to one machine (it answers on every interface it has on that link), one of them is a router’s that answers for others (proxy_arp), or the second came when the first had gone (failover).',
    settledBy: [
      'ip addr show (in every namespace on that link)',
      'arping -D -I IFACE ADDRESS (on one of the owners)',
    ],
    repair:
      'Give one of the two another address; where addresses are given out by hand, reserve them in one place.',
    references: ['RFC 5227', 'net/ipv4/arp.c: arp_process()', 'arping(8): -D'],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || kase.hypothetical) return undefined;
    const ends = kase.flow.legs.flatMap(({ server, client }) => [server.address, client.address]);
    for (const address of new Set([kase.flow.server.address, ...ends])) {
      const twice = takenTwice(kase, address);
      if (twice) return told(kase, address, twice, ofFlow(kase, address, twice));
    }
    return undefined;
  },
  survey(scene) {
    const asked = new Set(scene.correlation.arp.map(({ target }) => target));
    return [...asked].flatMap((address) => {
      const twice = takenTwice(scene, address);
      // Without a flow that suffers from it, two answers have to have been seen.
      return twice?.claims ? [told(scene, address, twice)] : [];
    });
  },
};

interface Twice {
  /** Known machines with the address. */
  readonly holders: readonly Holder[];
  /** Two answers, close together. */
  readonly claims?: readonly [Claim, Claim];
}

interface Claim {
  readonly mac: Mac;
  readonly sighting: Sighting;
}

/** One question’s answers arrive together; a second later it may be a failover. */
const TOGETHER = 1;

function takenTwice(scene: Scene, address: Ip): Twice | undefined {
  const holders = holdersOfAddress(scene, address);
  const [first] = holders;
  const other = holders.find(({ netns }) => netns.name !== first?.netns.name);
  const shared = first && other && shareBridge(scene, first, other) ? [first, other] : undefined;
  for (const { target, replies } of scene.correlation.arp) {
    if (target !== address) continue;
    for (const [index, left] of replies.entries()) {
      const right = replies
        .slice(index + 1)
        .find(
          ({ mac, sighting }) => mac !== left.mac && Math.abs(sighting.time - left.sighting.time) < TOGETHER,
        );
      if (right && areTwo(scene, address, left.mac, right.mac))
        return { holders: shared ?? [], claims: [left, right] };
    }
  }
  return shared && { holders: shared };
}

/** Not two interfaces of one machine, and none of them a machine that is known not to have the address: that answers for others. */
function areTwo(scene: Scene, address: Ip, left: Mac, right: Mac): boolean {
  const [one, two] = [left, right].map((mac) => holdersOfMac(scene, mac));
  const names = new Set(one?.map(({ netns }) => netns.name));
  if (two?.some(({ netns }) => names.has(netns.name))) return false;
  const proxies = [...(one ?? []), ...(two ?? [])].some(
    ({ netns }) =>
      !netns.addressesUnknown &&
      !(netns.links ?? []).some(({ addresses }) => addresses.some((entry) => entry.address === address)),
  );
  return !proxies;
}

/** Who got the flow’s frames, and the packets that show it. */
function ofFlow(
  kase: Case,
  address: Ip,
  { claims, holders }: Twice,
): { mac: Mac; evidence: Evidence } | undefined {
  const macs = new Set([
    ...(claims ?? []).map(({ mac }) => mac),
    ...holders.flatMap(({ link }) => link.mac ?? []),
  ]);
  for (const { forward, server } of kase.flow.legs) {
    const seen = forward.kept.find(
      ({ etherDestination }) => etherDestination !== undefined && macs.has(etherDestination),
    );
    const mac = seen?.etherDestination;
    if (!seen || mac === undefined || server.address !== address) continue;
    return { mac, evidence: seenAt(kase, seen, `${describeSighting(seen)} is sent to ${formatMac(mac)}`) };
  }
  return undefined;
}

function told(
  scene: Case | Scene,
  address: Ip,
  twice: Twice,
  flow?: { mac: Mac; evidence: Evidence },
): Found {
  const { holders, claims } = twice;
  const ip = formatIp(address);
  const got = flow && holders.find(({ link }) => link.mac === flow.mac);
  const who = holders.map(({ netns, link }) => `${link.name} of ${nameOf(scene, netns.name)}`).join(' and ');
  const entry = got?.link.addresses.find((candidate) => candidate.address === address);
  const status = 'flow' in scene && scene.outcome.status === 'rejected' ? 'rejected' : 'no-reply';
  return {
    confidence: claims && holders.length > 1 ? 0.96 : claims ? 0.7 : 0.8,
    title: holders.length > 1 ? `${ip} is taken twice: ${who} have it` : `two machines answer ARP for ${ip}`,
    explanation:
      `${holders.length > 1 ? `Both ${who} have ${ip} and are on one link` : `One who-has for ${ip} is answered by two MAC addresses`}, so packets for it go to the one or the other, as chance has it.` +
      (got ? ` Here they went to ${nameOf(scene, got.netns.name)}.` : ''),
    ...(got
      ? { namespace: got.netns.name, interface: got.link.name }
      : holders[0] && { namespace: holders[0].netns.name }),
    group: ip,
    status,
    evidence: [
      ...(claims ?? []).map(({ mac, sighting }) =>
        seenAt(scene, sighting, `${ip} is at ${formatMac(mac)}, says an ARP reply`),
      ),
      ...holders.flatMap(({ netns, link }) =>
        link.addresses
          .filter((candidate) => candidate.address === address)
          .map(({ length, span }) => ({
            path: span.path,
            line: span.line,
            text: `${prefixText(address, length)} on ${link.name} of ${nameOf(scene, netns.name)}${link.mac === undefined ? '' : `, ${formatMac(link.mac)}`}`,
          })),
      ),
      ...(flow ? [flow.evidence] : []),
    ],
    fix:
      got && entry && 'flow' in scene
        ? [
            {
              namespace: got.netns.name,
              text: `${ipOf(scene)} addr del ${prefixText(address, entry.length)} dev ${got.link.name}`,
            },
            ...rememberedBy(scene, address, got.link.mac),
          ]
        : [],
    effect:
      'Or give the other one another address; whoever asked remembers the old answer for a while (ip neigh flush).',
  };
}

/** Whoever has the old answer in its neighbour table forgets it. */
function rememberedBy(scene: Case, address: Ip, mac: Mac | undefined): Command[] {
  return [...scene.snapshot.namespaces.values()].flatMap((netns) =>
    (netns.neighbours ?? [])
      .filter((entry) => entry.address === address && entry.mac === mac)
      .map(({ dev }) => ({ namespace: netns.name, text: `ip neigh del ${formatIp(address)} dev ${dev}` })),
  );
}
