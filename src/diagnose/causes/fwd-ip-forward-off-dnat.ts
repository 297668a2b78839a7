import { sysctlOf } from '../case.ts';
import { capUnlessDumped, dropConfidence } from '../confidence.ts';
import { counterEvidence, rewrites, sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf, requestName } from '../words.ts';

/** nf_nat_ipv4_pre_routing() has run, then ip_error(): SKB_DROP_REASON_IP_INADDRERRORS */
export const fwdIpForwardOffDnat = modelCause({
  id: 'fwd-ip-forward-off-dnat',
  title: 'A published port is translated, then not forwarded',
  severity: 'error',
  page: () => ({
    symptom: 'A published port times out from outside and works with curl on the host itself.',
    mechanism:
      'nat PREROUTING rewrites the destination to the container before the routing decision, so the packet is no longer for the host. With net.ipv4.ip_forward = 0 it is dropped there. docker-proxy listens on the host address and never sees it.',
    check:
      'sysctl net.ipv4.ip_forward; the DNAT rule counts every SYN retransmission; conntrack -L has no entry',
    proof:
      'SYN and retransmissions on the uplink, nothing on the bridge, no RST and no ICMP; the DNAT rule counts every retransmission, no conntrack entry stays, and IpInAddrErrors grows with them.',
    refutation:
      'The translated packet on the bridge, or a RST from the host: then it was forwarded, or never translated.',
    settledBy: [
      'sysctl net.ipv4.ip_forward',
      'iptables-save -t nat -c (the DNAT rule’s counter)',
      'nstat -az IpInAddrErrors',
    ],
    repair: 'Set net.ipv4.ip_forward to 1, also in /etc/sysctl.d, and look for whatever sets it back.',
    references: [
      'net/netfilter/nf_nat_proto.c: nf_nat_ipv4_pre_routing()',
      'net/ipv4/route.c: ip_error(), drop reason IP_INADDRERRORS',
      'moby/moby#11508',
      'moby/moby#27319',
    ],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    const dnat = rewrites(drop.trace).find((step) => step.manip === 'dst');
    const dumped = sysctlOf(kase, drop.namespace, 'net.ipv4.ip_forward') !== undefined;
    const proxy = kase.snapshot.namespaces
      .get(drop.namespace)
      ?.sockets?.find(
        (socket) => socket.port === kase.flow.server.port && socket.process?.startsWith('docker-proxy'),
      );
    return {
      title: `${where} translates the request to ${dnat?.to ?? 'the container'} and then drops it: net.ipv4.ip_forward is 0`,
      explanation:
        `The DNAT rule matches ${requestName(kase)} in nat PREROUTING and makes ${dnat?.to ?? 'the container'} its destination. ` +
        'From there on it is a packet to be forwarded, and net.ipv4.ip_forward is 0: the kernel drops it in the routing ' +
        'decision, without RST or ICMP, and without keeping a conntrack entry, so every retransmission walks the same way ' +
        'and counts at the DNAT rule again.' +
        (proxy
          ? ' docker-proxy does listen on that port, but it would only get packets that are still addressed to the host.'
          : ' A userland proxy on that port would not help: it only gets packets that are still addressed to the host.'),
      sysctl: 'net.ipv4.ip_forward',
      confidence: capUnlessDumped(dropConfidence(kase, drop), dumped),
      evidence: [
        ...dnatRuleEvidence(drop.trace),
        ...sysctlEvidence(kase, drop.namespace, 'net.ipv4.ip_forward'),
        ...counterEvidence(
          kase,
          drop.namespace,
          'IpInAddrErrors',
          'packets dropped because forwarding is off',
        ),
        ...(proxy
          ? [{ path: proxy.span.path, line: proxy.span.line, text: 'docker-proxy listens and is not asked' }]
          : []),
      ],
      fix: [{ namespace: drop.namespace, text: 'sysctl -w net.ipv4.ip_forward=1' }],
    };
  },
});

function dnatRuleEvidence(trace: Parameters<typeof rewrites>[0]) {
  return trace.hops
    .flatMap((hop) => hop.steps)
    .filter(
      (step) =>
        step.kind === 'rule' &&
        step.table === 'nat' &&
        (step.target === 'DNAT' || step.target === 'REDIRECT'),
    )
    .flatMap((step) =>
      step.kind === 'rule' && step.path !== undefined && step.line !== undefined
        ? [{ path: step.path, line: step.line, text: `nat ${step.chain} rule ${step.number}: ${step.text}` }]
        : [],
    );
}
