import { formatEndpoint } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { netnsOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt, ttlText } from '../evidence.ts';
import { exitOf, leavesInwards } from '../exit.ts';

export const extRemoteReset: Cause = {
  id: 'ext-remote-reset',
  title: 'The remote end refuses',
  severity: 'error',
  page: () => ({
    symptom: '"Connection refused", and the RST comes in on the uplink.',
    mechanism:
      'A RST that arrives from outside was made by the server or something in front of it; this host only carried it.',
    check: 'tcpdump on the uplink: the RST comes in there; its TTL tells how far it came',
    proof: 'The RST comes in on the uplink, from beyond this host; the packet it answers left there before.',
    refutation: 'The RST is first seen inside, or is made by a REJECT rule of this host.',
    settledBy: ['tcpdump -e -v on the uplink (MAC and TTL of the RST)', 'ss -lnt (on the server)'],
    repair: 'Look at the server or the firewall in front of it; here is nothing to repair.',
    references: ['RFC 9293, section 3.5.2'],
  }),
  find(kase) {
    const { reset, status } = kase.outcome;
    if (status === 'delivered' && !reset) return undefined;
    const exit = exitOf(kase);
    const rst = exit?.reply?.rst;
    if (exit && reset && !leavesInwards(kase)) {
      return {
        confidence: 0.85,
        title: `${formatEndpoint(kase.flow.server.address, kase.flow.server.port)} takes the request and resets the connection`,
        explanation:
          `The handshake works and the client’s data is sent, but instead of an answer a RST comes in on ${exit.interface} (${ttlText(reset)}). It was made beyond this host: by the server’s ` +
          'program, or by a firewall or load balancer in between. Nothing on this host reset it.',
        namespace: exit.namespace,
        interface: exit.interface,
        severity: 'warning',
        status: 'degraded',
        evidence: [
          seenAt(kase, reset, `RST ${describeSighting(reset)}, ${ttlText(reset)}, before any byte of answer`),
        ],
        fix: [],
        effect: 'Nothing to change on this host; look at the server’s log.',
      };
    }
    // Without its beginning, a RST says that the connection is unknown there, not that nobody listens.
    if (!kase.flow.begun && kase.flow.protocol === PROTOCOL.tcp) return undefined;
    if (leavesInwards(kase) || !exit || !rst || status === 'delivered' || exit.reply?.synAck)
      return undefined;
    // Whose interface that is was only guessed from the captures.
    const guessed = netnsOf(kase, exit.namespace)?.addressesUnknown === true;
    return {
      confidence: guessed ? 0.5 : 0.9,
      title: `${formatEndpoint(kase.flow.server.address, kase.flow.server.port)} refuses: its RST comes in on ${exit.interface}`,
      explanation:
        `The SYN leaves ${exit.interface} and the RST comes in there (${ttlText(rst)}), so it was made beyond this host: by the server, where nobody listens on that port, or by a firewall ` +
        'in front of it. Nothing on this host refused.',
      namespace: exit.namespace,
      interface: exit.interface,
      status: 'rejected',
      evidence: [
        seenAt(kase, rst, `RST ${describeSighting(rst)} comes in on ${exit.interface}, ${ttlText(rst)}`),
      ],
      fix: [],
      effect: 'Nothing to change on this host.',
    };
  },
};
