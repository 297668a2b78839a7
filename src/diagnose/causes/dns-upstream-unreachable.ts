import { asksName } from '../../correlate/outcome.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { answeredSomewhere, exitOf } from '../exit.ts';
import { leftUntranslated, silenceAt } from '../nat.ts';
import { refusalOf } from '../refusal.ts';
import { nameOf } from '../words.ts';

export const dnsUpstreamUnreachable: Cause = {
  id: 'dns-upstream-unreachable',
  title: 'The DNS server does not answer',
  severity: 'error',
  page: () => ({
    symptom: 'Names resolve after long timeouts or not at all, addresses work.',
    mechanism:
      'The resolver sends its query to the servers of /etc/resolv.conf in turn and waits five seconds for each. A server that is down, filtered or unreachable from this namespace makes every name fail.',
    check: 'cat /etc/resolv.conf; nslookup NAME SERVER; tcpdump port 53',
    proof: 'Queries go out to the configured server and are repeated; no reply comes.',
    refutation: 'A reply of that server, NXDOMAIN included: then it is reached.',
    settledBy: ['cat /etc/resolv.conf', 'ip route get SERVER', 'nslookup NAME SERVER'],
    repair: 'Configure a server that can be reached from there, or repair the way to it.',
    references: ['resolv.conf(5): nameserver, timeout, attempts', 'docker/for-linux#392'],
  }),
  find(kase) {
    if (
      !asksName(kase.flow) ||
      kase.outcome.status === 'delivered' ||
      kase.hypothetical ||
      leftUntranslated(kase)
    )
      return undefined;
    const server = formatEndpoint(kase.flow.server.address, 53);
    const refusal = refusalOf(kase);
    const exit = exitOf(kase);
    if (!refusal && (!exit || answeredSomewhere(kase))) return undefined;
    const asked = kase.flow.legs[0]?.forward.kept[0];
    const name = asked?.dns?.questions[0]?.name;
    const client = kase.prediction?.origin.kind === 'local' ? kase.prediction.origin.namespace : undefined;
    const line =
      client === undefined
        ? undefined
        : netnsOf(kase, client)?.resolver?.nameservers?.find(
            ({ address }) => address === kase.flow.server.address,
          );
    return {
      confidence: refusal ? Math.min(0.96, refusal.confidence + 0.02) : exit?.seen ? 0.88 : 0.5,
      title: refusal
        ? `the DNS server ${server} refuses: nobody listens there`
        : `the DNS server ${server} does not answer`,
      explanation:
        `The query${name ? ` for "${name}"` : ''} is sent to ${server}${kase.flow.legs.length > 0 ? ' and seen on its way' : ''}. ` +
        (refusal
          ? 'It arrives, and no DNS server listens on port 53 there, so it is refused by ICMP port unreachable.'
          : `It leaves ${exit ? `${nameOf(kase, exit.namespace)} by ${exit.interface}` : 'the sender'} correctly, and no answer comes back. The resolver asks again after five seconds, so every lookup takes that long before it fails.`),
      ...((refusal?.namespace ?? exit?.namespace) !== undefined && {
        namespace: (refusal?.namespace ?? exit?.namespace) as string,
      }),
      status: refusal ? 'rejected' : 'no-reply',
      evidence: [
        ...(line
          ? [{ path: line.span.path, line: line.span.line, text: `nameserver ${formatIp(line.address)}` }]
          : []),
        ...(asked
          ? [seenAt(kase, asked, `the query ${describeSighting(asked)}${name ? ` for ${name}` : ''}`)]
          : []),
        ...(refusal ? refusal.evidence : exit ? silenceAt(kase, exit.namespace, exit.interface) : []),
      ],
      fix: [],
      effect:
        'Name a DNS server in /etc/resolv.conf that is reachable from this namespace, or start the one that is named.',
    };
  },
};
