import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt, sysctlEvidence } from '../evidence.ts';
import { nameOf } from '../words.ts';

/** The answer is switched, not routed, so conntrack never sees it: br_handle_frame_finish() */
export const natHairpinSameBridge: Cause = {
  id: 'nat-hairpin-same-bridge',
  title: 'The answer comes past the NAT, straight from the server',
  severity: 'error',
  symptom: 'A service address or published port times out only for clients on the same bridge as the server.',
  mechanism:
    'The request is routed and translated by the host. The server answers its neighbour directly, over the bridge, and with bridge-nf-call-iptables = 0 nothing translates that answer back. The client gets a SYN-ACK from an address it never asked, and resets it.',
  check: 'tcpdump on the bridge: SYN-ACK from the server’s own address, RST from the client',
  find(kase) {
    const { flow, outcome } = kase;
    const near = flow.legs[0];
    if (outcome.status !== 'no-reply' || !near || near.reply.packets > 0) return undefined;
    const leg = flow.legs.find(
      (candidate) =>
        candidate.client.address === flow.client.address &&
        candidate.server.address !== flow.server.address &&
        candidate.point === near.point &&
        (candidate.reply.synAck !== undefined ||
          (flow.protocol !== PROTOCOL.tcp && candidate.reply.packets > 0)),
    );
    const answer = leg?.reply.synAck ?? leg?.reply.kept[0];
    if (!leg || !answer) return undefined;
    const translating = kase.prediction?.there.hops.find(({ steps }) =>
      steps.some((step) => step.kind === 'nat'),
    );
    const namespace = translating?.namespace ?? kase.correlation.points[leg.point]?.namespace ?? 'host';
    const bridgeNf =
      flow.family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
    const server = formatEndpoint(leg.server.address, leg.server.port || undefined);
    const reset = leg.forward.rst;
    return {
      confidence: reset ? 0.93 : 0.8,
      title: `${server} answers ${formatIp(flow.client.address)} directly, so the answer is never translated back`,
      explanation:
        `The client asks ${formatEndpoint(flow.server.address, flow.server.port || undefined)}, and ${nameOf(kase, namespace)} rewrites that to ${server}. The server sees a client of its own network and answers it directly over the bridge. ` +
        `Nothing undoes the translation on that way, so the client gets an answer from ${server}, which it never asked${reset ? ', and resets it' : ''}.`,
      namespace,
      sysctl: bridgeNf,
      status: 'no-reply',
      evidence: [
        seenAt(kase, answer, `${describeSighting(answer)}: the answer with the server’s own address`),
        ...(reset ? [seenAt(kase, reset, `${describeSighting(reset)}: the client resets it`)] : []),
        ...sysctlEvidence(kase, namespace, bridgeNf),
      ],
      fix: [{ namespace, text: `sysctl -w ${bridgeNf}=1` }],
      effect:
        'Or translate the source as well, so that the server answers the host: MASQUERADE for traffic from that network to itself.',
    };
  },
};
