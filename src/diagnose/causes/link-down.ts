import type { Link } from '../../dump/records.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { type Case, type ModelDrop, netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { unanswered } from '../unanswered.ts';
import { inInterface, nameOf, outInterface } from '../words.ts';
import { isBare } from './iface-moved-lost-config.ts';

const page = modelCause({
  id: 'link-down',
  title: 'An interface on the way is down',
  severity: 'error',
  page: () => ({
    symptom: '"Destination Host Unreachable" from the sender’s own address, or the route is gone.',
    mechanism:
      'A veth pair carries frames only while both ends are up; a bridge that is down disables its ports. An interface that is down has no routes but the local one of its own address, and one whose other end is down has NO-CARRIER.',
    check: 'ip link (look for state DOWN, NO-CARRIER, LOWERLAYERDOWN)',
    proof:
      'The interface has no UP among its flags, and what should come by it is seen on the side before it and never after; or the other end of the pair says NO-CARRIER.',
    refutation:
      'A frame that crossed the interface at that time; flags UP and LOWER_UP on both ends. A bridge without ports is NO-CARRIER and healthy.',
    settledBy: ['ip link show (both ends and the bridge)', 'bridge link show'],
    repair:
      'Set both ends of the pair, the bridge and its ports up: ip link set NAME up. What is made starts down.',
    references: [
      'drivers/net/veth.c: veth_open(), veth_xmit()',
      'net/bridge/br_if.c: br_port_carrier_check()',
      'net/bridge/br_stp_if.c: br_stp_disable_bridge()',
      'ip-link(8)',
      'moby/moby#40170',
    ],
  }),
  tell(kase, drop) {
    const down = downDevice(kase, drop);
    if (!down) return undefined;
    const { link, namespace } = down;
    return {
      title: `${link.name} is down in ${nameOf(kase, namespace)}`,
      explanation:
        `The way leads over ${link.name} of ${nameOf(kase, namespace)}, and it is down (${link.flags.join(',') || 'no flags'}). ` +
        'Nothing is sent or taken by it; the other end of a veth pair sees NO-CARRIER, and routes over it are not used.',
      namespace,
      interface: link.name,
      evidence: [
        { path: link.span.path, line: link.span.line, text: `${link.name}: <${link.flags.join(',')}>` },
      ],
      fix: [{ namespace, text: `ip link set ${link.name} up` }],
    };
  },
});

const isDown = (link: Link) => !link.flags.includes('UP');

/** The device that is down: one of the hop's own, or the other end of its wire. */
function downDevice(kase: Case, drop: ModelDrop): { namespace: string; link: Link } | undefined {
  const own = netnsOf(kase, drop.namespace)?.links ?? [];
  const names = [
    inInterface(drop.trace),
    outInterface(drop.trace),
    drop.trace.hops.at(-1)?.physin,
    drop.trace.hops.at(-1)?.physout,
  ];
  const concerned = own.filter((link) => names.includes(link.name));
  const masters = own.filter((link) => concerned.some((candidate) => candidate.master === link.name));
  const ports = own.filter((link) => concerned.some((candidate) => link.master === candidate.name));
  for (const link of [...concerned, ...masters, ...ports]) {
    if (isDown(link)) return { namespace: drop.namespace, link };
    const peer = kase.topology.peerOf({ namespace: drop.namespace, name: link.name });
    const far =
      peer && netnsOf(kase, peer.namespace)?.links?.find((candidate) => candidate.name === peer.name);
    if (peer && far && isDown(far)) return { namespace: peer.namespace, link: far };
  }
  return undefined;
}

/** On a flow's way; or, since nothing crosses a link that is down, by the dumps: one end is used, the other is down. */
export const linkDown: Cause = {
  ...page,
  survey(scene) {
    return [...scene.snapshot.namespaces.values()].flatMap((netns) =>
      (netns.links ?? []).filter(isDown).flatMap((link) => surveyed(scene, netns, link)),
    );
  },
};

function surveyed(scene: Scene, netns: Netns, link: Link): Found[] {
  // What has lost its address too is iface-moved-lost-config's.
  if (link.name === 'lo' || isBare(netns, link)) return [];
  const waiting = whoNeeds(scene, netns, link);
  if (!waiting) return [];
  const where = nameOf(scene, netns.name);
  return [
    {
      confidence: waiting.evidence.some((item) => item.packet !== undefined) ? 0.93 : 0.85,
      title: `${link.name} is down in ${where}, and ${waiting.text}`,
      explanation:
        `${link.name} of ${where} is not UP (${link.flags.join(',') || 'no flags'}), so it neither sends nor takes a frame: ${waiting.text}. A link that is made ` +
        'starts down; both ends of a veth pair, and the bridge, each have to be set up.',
      namespace: netns.name,
      interface: link.name,
      status: 'no-reply',
      evidence: [
        { path: link.span.path, line: link.span.line, text: `${link.name}: <${link.flags.join(',')}>` },
        ...waiting.evidence,
      ],
      fix: [{ namespace: netns.name, text: `ip link set ${link.name} up` }],
      ...(waiting.probe && { probe: waiting.probe }),
    },
  ];
}

interface Waiting {
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly probe?: { readonly from: Ip; readonly to: Ip };
}

/** Who is cut off by it: a veth's other end that is up, or somebody whose ARP for its address stays unanswered. */
function whoNeeds(scene: Scene, netns: Netns, link: Link): Waiting | undefined {
  const own = link.addresses.map(({ address }) => address);
  const gap = unanswered(scene).find((one) => own.includes(one.target));
  if (gap) {
    const request = gap.exchange?.requests[0];
    const sender =
      gap.sender?.name ?? (gap.senderAddress === undefined ? 'somebody' : formatIp(gap.senderAddress));
    const from =
      gap.senderAddress ?? gap.sender?.links?.find(({ name }) => name === gap.device)?.addresses[0]?.address;
    return {
      text: `${sender} gets no answer to its ARP for ${formatIp(gap.target)}`,
      evidence: [
        ...(request
          ? [
              seenAt(
                scene,
                request,
                `who-has ${formatIp(gap.target)}, asked ${gap.exchange?.count} times, never answered`,
              ),
            ]
          : []),
        ...(gap.entry
          ? [
              {
                path: gap.entry.span.path,
                line: gap.entry.span.line,
                text: `${formatIp(gap.target)} ${gap.entry.states.join(',')}`,
              },
            ]
          : []),
      ],
      ...(from !== undefined && { probe: { from, to: gap.target } }),
    };
  }
  const peer = scene.topology.peerOf({ namespace: netns.name, name: link.name });
  const far =
    peer && scene.snapshot.namespaces.get(peer.namespace)?.links?.find(({ name }) => name === peer.name);
  if (!peer || !far || isDown(far)) return undefined;
  const used =
    far.addresses.find(({ scope }) => scope === 'global') !== undefined || far.master !== undefined;
  if (!used) return undefined;
  const from = far.addresses.find(({ scope }) => scope === 'global')?.address;
  const bridge = netns.links?.find(({ name }) => name === (link.master ?? link.name));
  const to = bridge?.addresses.find(({ address }) => typeof address === typeof from)?.address;
  return {
    text: `${peer.name} of ${nameOf(scene, peer.namespace)}, the other end of the pair, has no carrier`,
    evidence: [{ path: far.span.path, line: far.span.line, text: `${far.name}: <${far.flags.join(',')}>` }],
    ...(from !== undefined && to !== undefined && { probe: { from, to } }),
  };
}
