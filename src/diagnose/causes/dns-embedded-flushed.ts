import type { Netns } from '../../snapshot/snapshot.ts';
import type { Ruleset } from '../../xtables/rule.ts';
import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { socketEvidence } from '../refusal.ts';
import { EMBEDDED, embeddedSockets, refusedStub } from '../stub.ts';
import { capital, nameOf } from '../words.ts';

export const dnsEmbeddedFlushed: Cause = {
  id: 'dns-embedded-flushed',
  title: 'A container lost the rules of Docker’s resolver',
  severity: 'error',
  page: () => ({
    symptom:
      'In one container no name resolves any more ("connection refused" by 127.0.0.11), by address everything is reached; other containers of the network are fine.',
    mechanism:
      'In the containers of a network that somebody made, resolv.conf says 127.0.0.11. dockerd opens its resolver’s sockets inside the container’s namespace, on high ports, and puts rules into the container’s own nat table (DOCKER_OUTPUT, DOCKER_POSTROUTING) that lead port 53 there. A script that flushes the nat table in the container, or a firewall manager, takes them away, and nobody listens on port 53 itself.',
    check:
      'nsenter -t PID -n iptables-save -t nat (and iptables-legacy-save); nsenter -t PID -n ss -lntup: 127.0.0.11 and a high port',
    proof:
      'On lo of the container: queries to 127.0.0.11:53 and ICMP 3/3 for each; dockerd’s sockets on 127.0.0.11 are there, and no rule of the container’s nat table leads port 53 to them.',
    refutation:
      'DOCKER_OUTPUT with its DNAT rules in the container’s nat table, in either backend; no socket on 127.0.0.11 in the container (then the address was copied from elsewhere: dns-loopback-stub); an answer of any kind, SERVFAIL included.',
    settledBy: [
      'nsenter -t PID -n ss -lntup',
      'nsenter -t PID -n iptables-save -c',
      'nsenter -t PID -n iptables-legacy-save -c',
    ],
    repair:
      'Restart the container: dockerd makes the rules anew. Then let the script in it leave the nat table alone, or delete only rules of its own.',
    references: [
      'resolv.conf(5)',
      'net/ipv4/udp.c: __udp4_lib_rcv(), UdpNoPorts',
      'nsenter(1)',
      'moby/libnetwork#1938',
      'docker/for-linux#179',
      'moby/moby#20026',
    ],
  }),
  find(kase) {
    const stub = refusedStub(kase);
    if (!stub || kase.flow.server.address !== EMBEDDED) return undefined;
    const { netns, refusal, name } = stub;
    const sockets = embeddedSockets(netns);
    // Sockets were dumped, and it has none of Docker’s: the address came from somewhere else.
    if (netns.sockets && sockets.length === 0) return undefined;
    const rules = missingRules(netns);
    if (rules === 'there') return undefined;
    const where = nameOf(kase, netns.name);
    const [first] = sockets;
    // An empty DOCKER_OUTPUT shows as well as its sockets do that dockerd was here.
    const emptied = rules !== 'unknown' && rules.line !== undefined;
    const certain = emptied || (first !== undefined && (rules !== 'unknown' || isSent(kase)));
    const restart = netns.container ?? netns.name;
    return {
      confidence: certain ? (rules === 'unknown' ? 0.85 : 0.96) : Math.min(0.55, refusal.confidence),
      title: `${where} has lost the rules that lead 127.0.0.11:53 to Docker’s resolver`,
      explanation:
        `${capital(where)} asks${name ? ` for "${name}"` : ''} at 127.0.0.11:53, where nobody listens: Docker’s resolver has its sockets on high ports of that address` +
        `${first ? ` (${first.port} for ${first.protocol.toUpperCase()})` : ''}, and DNAT rules in the container’s own nat table lead port 53 there. ` +
        `${rules === 'unknown' ? 'With them the question would not be refused' : 'They are gone'}, so the namespace’s kernel answers port unreachable and no name resolves. Nothing is wrong with the network.`,
      namespace: netns.name,
      interface: 'lo',
      status: 'rejected',
      evidence: [...stub.evidence, ...(rules === 'unknown' ? [] : [rules]), ...sockets.map(socketEvidence)],
      fix: sockets.map((socket) => ruleFor(netns, socket.protocol, socket.port)),
      effect: `docker restart ${restart} lets dockerd make its rules anew. Find what flushes the nat table inside the container, or it happens again.`,
    };
  },
};

/** The question is known to have been sent to port 53 and refused there: with the rule it would have got another port. */
function isSent({ flow, outcome }: Case): boolean {
  return outcome.refusal !== undefined && flow.legs.length > 0;
}

/** What shows that no rule leads port 53 of that address anywhere. */
function missingRules({ rulesets4, nft }: Netns): Evidence | 'there' | 'unknown' {
  if (!rulesets4 || rulesets4.length === 0) return 'unknown';
  if (rulesets4.some(leadsAway)) return 'there';
  // nft may show what belongs to no iptables.
  if (nft?.tables.some(({ chains }) => chains.some(({ rules }) => rules.some(isForIt)))) return 'there';
  const [ruleset] = rulesets4;
  const chain = ruleset?.tables.get('nat')?.chains.get('DOCKER_OUTPUT');
  return {
    path: ruleset?.path ?? '',
    ...(chain?.span && { line: chain.span.line }),
    text: chain
      ? 'DOCKER_OUTPUT is empty, and no other rule is for 127.0.0.11'
      : 'no DOCKER_OUTPUT and no rule for 127.0.0.11 in the nat table',
  };
}

const isForIt = ({ text }: { readonly text: string }) => /\bdnat\b.*127\.0\.0\.11:/.test(text);

function leadsAway({ tables }: Ruleset): boolean {
  return [...(tables.get('nat')?.chains.values() ?? [])].some(({ rules }) =>
    rules.some(({ text }) => /-j DNAT --to-destination 127\.0\.0\.11:/.test(text)),
  );
}

function ruleFor({ name }: Netns, protocol: string, port: number): Command {
  const to = `127.0.0.11:${port}`;
  return {
    namespace: name,
    text: `iptables -t nat -A OUTPUT -d 127.0.0.11/32 -p ${protocol} --dport 53 -j DNAT --to-destination ${to}`,
  };
}
