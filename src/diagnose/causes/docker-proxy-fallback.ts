import { isLoopback, neighboursOf } from '../../correlate/owner.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import {
  commandsFor,
  engineOf,
  missingEvidence,
  missingFor,
  portsFirst,
  publicationEvidence,
} from '../engine.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { proxiedBy, secondWorked } from '../proxy.ts';
import { addressOf, dnatRules, publisherOf } from '../published.ts';
import { socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

export const dockerProxyFallback: Cause = {
  id: 'docker-proxy-fallback',
  title: 'Docker’s userland proxy does the work',
  severity: 'warning',
  page: () => ({
    symptom:
      'The published port works, but the container logs the bridge’s address as client, and large transfers are slow.',
    mechanism:
      'docker-proxy listens on the published port. It gets a connection only when no DNAT rule took the packet first: the rules are gone, or the client is the host’s loopback or a container of the same bridge. It then opens a second connection, from the bridge’s address, and copies the bytes.',
    check:
      'ss -tnp | grep docker-proxy; iptables -t nat -S DOCKER; two TCP connections with the same payload in the captures',
    proof:
      'Two connections with the same payload: client to host, and the bridge’s address to the container, each with its own ports.',
    refutation: 'The client’s own address and port on the bridge: then DNAT took it.',
    settledBy: ['ss -tnp (docker-proxy)', 'iptables-save -t nat -c'],
    repair: 'Bring back Docker’s nat rules (restart Docker), or switch on ip6tables for IPv6.',
    references: ['moby/moby#15086', 'moby/moby#7540', 'moby/moby#46026'],
  }),
  find(kase) {
    if (kase.outcome.status !== 'delivered') return undefined;
    const proxied = proxiedBy(kase);
    if (!proxied || (proxied.second && !secondWorked(proxied.second))) return undefined;
    const reason = whyNotTranslated(kase, proxied.namespace);
    const where = nameOf(kase, proxied.namespace);
    const { second, socket } = proxied;
    const seen = second?.legs[0]?.forward.kept[0];
    const own = kase.flow.legs.find((leg) => leg.forward.packets > 0)?.forward.kept[0];
    const from = second && formatIp(second.client.address);
    return {
      confidence: confidenceOf(socket !== undefined, second !== undefined, proxied.samePayload),
      title: `${kase.flow.server.port} on ${where} is served by docker-proxy, not by a DNAT rule: ${reason.short}`,
      explanation:
        `The request is delivered to ${where} itself, where docker-proxy listens on port ${kase.flow.server.port}. ${reason.long} ` +
        `docker-proxy then opens a connection of its own${from ? `, from ${from}` : ''}, to the container and copies the bytes between the two. ` +
        'So there are two TCP connections with the same content, the container sees the bridge’s address instead of the client’s, and every byte passes user space.' +
        (reason.byDesign
          ? ''
          : ' It works with net.ipv4.ip_forward = 0 as well, since nothing is forwarded.'),
      namespace: proxied.namespace,
      severity: reason.byDesign ? 'info' : 'warning',
      status: 'delivered',
      evidence: [
        ...(own ? [seenAt(kase, own, `the client’s connection ${describeSighting(own)}`)] : []),
        ...(seen
          ? [
              seenAt(
                kase,
                seen,
                `the proxy’s own connection ${describeSighting(seen)}${proxied.samePayload ? ', with the same payload' : ''}`,
              ),
            ]
          : []),
        ...(socket ? [socketEvidence(socket)] : []),
        ...reason.evidence,
      ],
      fix: reason.commands ?? [],
      effect: reason.byDesign
        ? ''
        : 'Let Docker write its rules again: systemctl restart docker (or restart the container).',
    };
  },
};

function confidenceOf(socket: boolean, second: boolean, samePayload: boolean): number {
  if (socket && second) return samePayload ? 0.97 : 0.9;
  return socket ? 0.8 : 0.55;
}

interface Reason {
  readonly short: string;
  readonly long: string;
  readonly byDesign: boolean;
  readonly evidence: Evidence[];
  /** Docker's own rules, written again. */
  readonly commands?: Command[];
}

function whyNotTranslated(kase: Case, namespace: string): Reason {
  const { client, server } = kase.flow;
  if (isLoopback(server.address)) {
    return {
      short: 'the client asks the loopback address',
      long: 'Docker’s DNAT rule in OUTPUT leaves out 127.0.0.0/8, so a client on the host that asks 127.0.0.1 always meets the proxy.',
      byDesign: true,
      evidence: [],
    };
  }
  const rules = dnatRules(kase, namespace);
  const published = publisherOf(kase);
  const target = published && addressOf(published.container);
  const rule = rules.find(
    ({ rule: { text } }) =>
      text.includes(`--dport ${server.port} `) || text.endsWith(`--dport ${server.port}`),
  );
  const near = neighboursOf(kase.snapshot, client.address).find(
    ({ netns, link }) => netns.name === namespace && link.name !== 'eth0',
  );
  const skip = near && returnRule(kase, namespace, near.link.name);
  if (near && (skip ?? rule)) {
    const place = skip ?? rule?.place;
    return {
      short: `the client is a container of ${near.link.name}`,
      long: `Docker’s rules leave out what comes in by ${near.link.name} (${place ? `"${place.text}"` : ''}), so a container behind it that asks the host’s address meets the proxy. That is how Docker means it.`,
      byDesign: true,
      evidence: place
        ? [
            {
              path: place.path,
              line: place.line,
              text: `nat ${place.chain} rule ${place.number}: ${place.text}`,
            },
          ]
        : [],
    };
  }
  const destination =
    target === undefined ? 'the container' : formatEndpoint(target, published?.port.containerPort);
  const netns = kase.snapshot.namespaces.get(namespace);
  const path = netns?.rulesets4?.[0]?.path;
  if (netns?.rulesets4 === undefined) {
    return {
      short: 'no DNAT rule took it first',
      long: 'No rule can have changed its destination before, or the proxy would not have got it; the packet filter was not dumped, so why there is none can’t be told.',
      byDesign: false,
      evidence: [],
    };
  }
  const engine = engineOf(kase, namespace);
  const missing =
    engine && published ? missingFor(engine, published.container.name, published.port.hostPort) : [];
  const told = engine?.generation !== undefined && missing.length > 0;
  const publication = engine?.state.publications.find(
    (each) => each.container === published?.container.name && each.hostPort === published.port.hostPort,
  );
  return {
    short: rule ? 'the DNAT rule does not match' : 'Docker’s DNAT rule is gone',
    long: rule
      ? `There is a DNAT rule for the port ("${rule.place.text}"), and it does not match this packet.`
      : `The nat table has no rule that would send port ${server.port} to ${destination}, though the container runs and publishes it: the rules were flushed (iptables -F, a firewall reload)${told ? ', since others of Docker’s are there.' : ' or never made (iptables: false).'}`,
    byDesign: false,
    ...(!rule && told && { commands: commandsFor(kase, namespace, missing) }),
    evidence: rule
      ? [
          {
            path: rule.place.path,
            line: rule.place.line,
            text: `nat ${rule.place.chain} rule ${rule.place.number}: ${rule.place.text}`,
          },
        ]
      : [
          ...(told && publication ? [publicationEvidence(publication)] : []),
          ...(told
            ? portsFirst(missing).slice(0, 4).map(missingEvidence)
            : path
              ? [{ path, text: `no DNAT rule for port ${server.port} in the nat table` }]
              : []),
        ],
  };
}

/** `-A DOCKER -i docker0 -j RETURN`: containers of that bridge are not translated. */
function returnRule(kase: Case, namespace: string, bridge: string) {
  for (const ruleset of kase.snapshot.namespaces.get(namespace)?.rulesets4 ?? []) {
    for (const chain of ruleset.tables.get('nat')?.chains.values() ?? []) {
      const index = chain.rules.findIndex(
        ({ in: device, target }) =>
          device?.name === bridge &&
          !device.invert &&
          target?.kind === 'verdict' &&
          target.verdict === 'RETURN',
      );
      const rule = chain.rules[index];
      if (rule)
        return {
          chain: chain.name,
          number: index + 1,
          text: rule.text,
          path: rule.span.path,
          line: rule.span.line,
        };
    }
  }
  return undefined;
}
