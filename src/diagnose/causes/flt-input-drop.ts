import type { Socket } from '../../dump/records.ts';
import { machineOf } from '../../snapshot/machines.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import type { Command } from '../cause.ts';
import { dropConfidence } from '../confidence.ts';
import { isUndumped, modelCause } from '../model-cause.ts';
import { socketEvidence } from '../refusal.ts';
import { acceptBefore, rulePlace } from '../rule-cause.ts';
import { inInterface, iptablesOf, nameOf } from '../words.ts';

export const fltInputDrop = modelCause({
  id: 'flt-input-drop',
  title: 'INPUT drops traffic to the host itself',
  severity: 'error',
  page: () => ({
    symptom: 'A service of the host times out from outside and works locally.',
    mechanism:
      'Packets to one of the host’s own addresses pass INPUT before a socket sees them. A rule or the policy there drops them silently.',
    check: 'iptables -L INPUT -nv',
    proof:
      'The packet comes in for the host’s own address and nobody answers; the rule or policy of INPUT counts.',
    refutation: 'Any answer of the host’s socket, or an INPUT counter that stays.',
    settledBy: ['iptables-save -c', 'ss -lntu'],
    repair: 'Accept the port in INPUT before the rule that drops it.',
    references: ['net/ipv4/ip_input.c: ip_local_deliver(), NF_INET_LOCAL_IN', 'iptables(8)'],
  }),
  tell(kase, drop) {
    const place = rulePlace(drop);
    const proxy = unknownPublication(kase, drop);
    return {
      ...(proxy && { confidence: Math.min(dropConfidence(kase, drop), 0.55) }),
      title: `${nameOf(kase, drop.namespace)} drops it on its way to the local socket: ${place}`,
      explanation:
        `The packet comes in on ${inInterface(drop.trace)} and is for an address of ${nameOf(kase, drop.namespace)} itself, so it passes INPUT, where ${place} drops it. ` +
        'The program that listens never learns of it, and the client sees a time-out.' +
        (proxy
          ? ' docker-proxy listens on that port, so a container publishes it, and a DNAT rule should have taken the packet before.'
          : ''),
      ...(proxy && {
        evidence: [socketEvidence(proxy)],
        effect: 'Whether Docker’s rules for it were flushed, docker inspect (of all containers) would tell.',
      }),
      fix: drop.direction === 'reply' ? acceptAnswers(kase, drop) : acceptBefore(kase, drop),
    };
  },
});

/** A port that is published, of a container that nobody inspected. */
function unknownPublication(kase: Case, drop: ModelDrop): Socket | undefined {
  if (machineOf(kase.snapshot, drop.namespace).docker.containers.some(({ running }) => running))
    return undefined;
  const { destinationPort, protocol } = drop.trace.final;
  return netnsOf(kase, drop.namespace)?.sockets?.find(
    (socket) =>
      socket.port === destinationPort &&
      socket.protocol === protocol &&
      /^(docker-pr|rootlessport)/.test(socket.process ?? ''),
  );
}

/** Answers to what the namespace asked itself: of every connection, in front of what drops them. */
function acceptAnswers(kase: Case, drop: ModelDrop): Command[] {
  const { rule } = drop.trace;
  const { namespace } = drop;
  if (!rule || isUndumped(drop)) return acceptBefore(kase, drop);
  if (rule.kind === 'nft-rule' || rule.kind === 'nft-policy') {
    const at = rule.kind === 'nft-rule' && rule.handle !== undefined ? ` position ${rule.handle}` : '';
    return [
      {
        namespace,
        text: `nft insert rule ${rule.family} ${rule.table} ${rule.chain}${at} ct state established,related accept`,
      },
    ];
  }
  const at = rule.kind === 'rule' ? ` ${rule.number}` : '';
  return [
    {
      namespace,
      text: `${iptablesOf(kase, rule.path)} -I ${rule.chain}${at} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    },
  ];
}
