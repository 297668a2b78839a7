import { answersNobody } from '../../correlate/outcome.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt, sysctlEvidence } from '../evidence.ts';
import { strangerOf } from '../stranger.ts';
import { iptablesOf, nameOf } from '../words.ts';

/** The answer is switched, not routed, so conntrack never sees it: br_handle_frame_finish() */
export const natHairpinSameBridge: Cause = {
  id: 'nat-hairpin-same-bridge',
  title: 'The answer comes past the NAT, straight from the server',
  severity: 'error',
  page: () => ({
    symptom:
      'A service address or published port times out only for clients on the same bridge as the server.',
    mechanism:
      'The request is routed and translated by the host. The server answers its neighbour directly, over the bridge, and with bridge-nf-call-iptables = 0 nothing translates that answer back. The client gets a SYN-ACK from an address it never asked, and resets it.',
    check:
      'tcpdump on the bridge: SYN-ACK from the server’s own address, RST from the client; sysctl net.bridge.bridge-nf-call-iptables',
    proof:
      'On the bridge the request to the service’s address, the same one to the server’s, and an answer from the server’s own address to the client, which resets it; client and server are on one link of the translating host.',
    refutation:
      'An answer from the address that was asked. Client and server on different links: then the answer takes another way altogether (nat-reply-bypass).',
    settledBy: ['sysctl net.bridge.bridge-nf-call-iptables', 'iptables-save -c', 'ip addr'],
    repair:
      'Let the bridge ask iptables (modprobe br_netfilter; net.bridge.bridge-nf-call-iptables = 1), or translate the source as well, so that the server answers the host.',
    references: [
      'net/bridge/br_netfilter_hooks.c: br_nf_pre_routing()',
      'kubernetes/kubernetes#38802',
      'cloudnativelabs/kube-router#151',
      'moby/libnetwork#1104',
    ],
  }),
  find(kase) {
    const stranger = strangerOf(kase);
    if (stranger?.bridge === undefined || answersNobody(kase.flow)) return undefined;
    const { flow } = kase;
    const { from, answer, reset, translator, bridge } = stranger;
    const setting =
      flow.family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
    const server = formatEndpoint(from.address, from.port || undefined);
    const asked = formatEndpoint(flow.server.address, flow.server.port || undefined);
    const known = bridge !== 'unknown';
    const on = known ? ` (${bridge})` : '';
    return {
      confidence: answer
        ? known
          ? reset
            ? 0.95
            : 0.85
          : 0.58
        : known && !kase.outcome.oneWay
          ? 0.75
          : 0.5,
      title: `${server} answers ${formatIp(flow.client.address)} directly, so the answer is never translated back`,
      explanation:
        `The client asks ${asked}, and ${nameOf(kase, translator)} rewrites that to ${server}. The server sees a client of its own network and answers it directly over the bridge${on}. ` +
        `Nothing undoes the translation on that way, so the client gets an answer from ${server}, which it never asked${reset ? ', and resets it' : ''}.`,
      namespace: translator,
      ...(known && { interface: bridge }),
      sysctl: setting,
      status: 'no-reply',
      evidence: [
        ...(answer
          ? [seenAt(kase, answer, `${describeSighting(answer)}: the answer with the server’s own address`)]
          : []),
        ...(reset ? [seenAt(kase, reset, `${describeSighting(reset)}: the client resets it`)] : []),
        ...sysctlEvidence(kase, translator, setting),
      ],
      fix: [{ namespace: translator, text: `sysctl -w ${setting}=1` }],
      effect: `Or translate the source as well, so that the server answers the host: ${iptablesOf(kase)} -t nat -A POSTROUTING -s ${formatIp(flow.client.address)} -d ${formatIp(from.address)} -j MASQUERADE.`,
    };
  },
};
