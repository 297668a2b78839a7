import { formatEndpoint } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Cause } from '../cause.ts';
import { nullBinding } from '../null-binding.ts';
import { findingRuleOf, forget, natPlace } from '../remembered.ts';
import { capital, nameOf } from '../words.ts';

export const natUdpPinnedNoNat: Cause = {
  id: 'nat-udp-pinned-no-nat',
  title: 'Datagrams of an old sender stay with the host',
  severity: 'error',
  page: () => ({
    symptom:
      'After a boot or a restart the UDP packets of some senders don’t reach the container; those of new senders do. Where docker-proxy runs, they seem to come from the bridge’s address.',
    mechanism:
      'The sender’s first datagram came before the DNAT rule, so its connection was settled without translation. UDP has no end: as long as the sender keeps its port and sends within the timeout (30 seconds), the entry stays, and the rule is never asked.',
    check:
      'conntrack -L -p udp: an entry for the port whose reply tuple has the host’s own address as src; the DNAT rule’s counter doesn’t grow with its packets',
    proof:
      'The entry of the sender’s port has no translation although a DNAT rule fits, and the datagrams are seen coming in and nowhere behind.',
    refutation: 'A datagram of the same port seen with the translated destination.',
    settledBy: ['conntrack -L -p udp', 'iptables-save -c'],
    repair:
      'Delete the entries of the port (conntrack -D -p udp --orig-port-dst PORT), and do so whenever the rule is made: container engines that care run it at start.',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_inet_fn(), nf_nat_alloc_null_binding()',
      'Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_udp_timeout',
      'moby/moby#53384',
      'moby/moby#8795',
      'projectcalico/felix#1880',
    ],
  }),
  find(kase) {
    if (kase.flow.protocol !== PROTOCOL.udp) return undefined;
    const binding = nullBinding(kase, 'dst');
    if (!binding) return undefined;
    const { namespace, translation, held, confidence, evidence } = binding;
    const where = nameOf(kase, namespace);
    const { server, client } = kase.flow;
    const { rule, to } = translation;
    return {
      confidence,
      title: `datagrams from port ${client.port} to ${formatEndpoint(server.address, server.port)} stay with ${where}: their connection is older than the DNAT rule`,
      explanation:
        `${capital(where)} has a rule that sends port ${server.port} to ${to} (${natPlace(rule)}), but only the first packet of a connection is asked about it. ` +
        (held
          ? 'The first datagram of this sender’s port came before the rule was there; conntrack’s entry says "no translation", and every further datagram renews it.'
          : `The datagrams come in and go no further, so the first of them seems to have come before the rule; conntrack -L -p udp in ${where} would show it.`),
      namespace,
      rule: findingRuleOf(kase, translation),
      group: `${namespace} ${natPlace(rule)}`,
      status: 'no-reply',
      evidence,
      ...(held ? { fix: [forget(held)], remembered: true as const } : {}),
      effect: held
        ? 'To be run again whenever the rule is made while somebody sends.'
        : `conntrack -D -p udp --orig-port-dst ${server.port} lets the rule apply.`,
    };
  },
};
