import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import type { Cause } from '../cause.ts';
import { addressOf, dnatRules, publisherOf } from '../published.ts';
import { nameOf } from '../words.ts';

export const fltRulesFlushed: Cause = {
  id: 'flt-rules-flushed',
  title: 'Docker’s rules are gone while its containers run',
  severity: 'error',
  symptom:
    'All published ports and all outgoing traffic of containers fail at once; "No chain/target/match by that name" on docker run.',
  mechanism:
    'Docker writes its rules when a network or container starts and does not watch over them. iptables -F, a firewall reload or nft flush ruleset takes them away; policies may stay at DROP.',
  check: 'iptables-save | grep DOCKER, against docker ps',
  proof:
    'A running container publishes a port for which there is no DNAT rule; the host answers with RST, or nothing is forwarded.',
  refutation:
    'Docker’s chains with a rule for this container, or Docker was told not to write any (iptables: false).',
  settledBy: ['iptables-save', 'nft list ruleset', 'docker ps'],
  repair:
    'Restart Docker, or podman network reload --all; load firewalls so that they leave foreign chains alone.',
  references: ['moby/moby#12294', 'moby/moby#15254', 'moby/moby#16816'],
  find(kase) {
    if (kase.outcome.status === 'delivered') return undefined;
    const published = publisherOf(kase);
    const target = published && addressOf(published.container);
    const host = ownersOf(kase.snapshot, kase.flow.server.address)[0]?.netns;
    if (!published || target === undefined || !host?.rulesets4) return undefined;
    const address = formatIp(target);
    if (dnatRules(kase, host.name).some(({ rule }) => rule.text.includes(address))) return undefined;
    const path = host.rulesets4[0]?.path;
    const where = nameOf(kase, host.name);
    const { container, port } = published;
    return {
      confidence: 0.9,
      title: `${where} has no rule for port ${port.hostPort}, which container ${container.name} publishes: Docker’s rules were flushed`,
      explanation:
        `Container ${container.name} runs and publishes ${port.hostPort} as port ${port.containerPort}, so Docker made a DNAT rule to ${address}:${port.containerPort}. ` +
        'No such rule is there any more. Something took Docker’s rules away after the container was started (iptables -F, a firewall reload, nft flush ruleset), and Docker does not notice.',
      namespace: host.name,
      status: kase.outcome.status === 'rejected' ? 'rejected' : 'no-reply',
      evidence: [
        {
          path: container.span.path,
          line: container.span.line,
          text: `container ${container.name} publishes ${port.hostPort} → ${port.containerPort}/${port.protocol}`,
        },
        ...(path ? [{ path, text: `no DNAT rule to ${address}` }] : []),
      ],
      fix: [],
      effect: 'systemctl restart docker writes the rules again (podman: podman network reload --all).',
    };
  },
};
