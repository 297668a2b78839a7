import type { Link } from '../../dump/records.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf, outInterface } from '../words.ts';

export const linkDown = modelCause({
  id: 'link-down',
  title: 'An interface on the way is down',
  severity: 'error',
  symptom: '"Destination Host Unreachable" from the own address, or the route is gone.',
  mechanism:
    'A veth pair carries frames only while both ends are up; a bridge that is down disables its ports. An interface that is down has no routes, and one whose other end is down has NO-CARRIER.',
  check: 'ip link (look for state DOWN, NO-CARRIER, LOWERLAYERDOWN)',
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
  const any = own.find((link) => link.name !== 'lo' && isDown(link));
  return any && { namespace: drop.namespace, link: any };
}
