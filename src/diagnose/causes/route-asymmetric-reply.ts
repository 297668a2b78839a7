import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const routeAsymmetricReply = modelCause({
  id: 'route-asymmetric-reply',
  title: 'The answer takes another way',
  severity: 'error',
  page: () => ({
    symptom: 'Requests arrive, answers leave by another interface and get lost or are dropped as unknown.',
    mechanism:
      'Each direction is routed by itself. Where the ways differ, stateful filters and NAT on one of them see only half of the connection.',
    check: 'ip route get CLIENT (at the receiver)',
    proof:
      'The two directions of one connection use different interfaces of this host, or a masqueraded connection is about to leave by another interface than the one it was translated for; there it is seen last.',
    refutation:
      'The connection goes on: ways that differ are sound as long as no NAT and no stateful filter sees one half only.',
    settledBy: [
      'ip route get CLIENT (at the receiver)',
      'ip rule; ip route show table all',
      'conntrack -L (the entry, UNREPLIED)',
    ],
    repair:
      'Route both directions by one interface: a better route, or a table chosen by a mark that is kept for the connection (CONNMARK).',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_inet_fn()',
      'include/net/netfilter/nf_nat.h: nf_nat_oif_changed()',
      'net/netfilter/nf_nat_masquerade.c: nf_nat_masquerade_ipv4() (masq_index)',
      'ip-rule(8)',
      'cloudnativelabs/kube-router#549',
    ],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the answer leaves ${where} another way than the request came`,
      explanation: `The request came in by one interface, and the route for the answer leads out of another. What it meets there does not know the connection, and it is lost.`,
    };
  },
});
