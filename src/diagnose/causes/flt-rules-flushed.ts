import { ownersOf } from '../../correlate/owner.ts';
import type { Comparison, Missing } from '../../topology/engine/compare.ts';
import { GENERATION_NAMES } from '../../topology/engine/generation.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { predictWith } from '../counterfactual.ts';
import {
  commandsFor,
  engineOf,
  missingEvidence,
  missingFor,
  portsFirst,
  publicationEvidence,
  repairs,
} from '../engine.ts';
import { rewrites } from '../evidence.ts';
import { dnatRules, listedPublisherOf, publisherOf } from '../published.ts';
import { nameOf } from '../words.ts';

export const fltRulesFlushed: Cause = {
  id: 'flt-rules-flushed',
  title: 'Docker’s rules are gone while its containers run',
  severity: 'error',
  page: () => ({
    symptom:
      'All published ports and all outgoing traffic of containers fail at once; "No chain/target/match by that name" on docker run.',
    mechanism:
      'Docker writes its rules when a network or container starts and does not watch over them. iptables -F, a firewall reload or nft flush ruleset takes them away; policies may stay at DROP.',
    check: 'iptables-save | grep DOCKER, against docker ps',
    proof:
      'A running container publishes a port for which there is no DNAT rule; the host answers with RST, INPUT drops it, or nothing is forwarded. With the rules that docker inspect calls for the model gets it through.',
    refutation:
      'Docker’s chains with a rule for this container, or Docker was told not to write any (iptables: false).',
    settledBy: ['iptables-save', 'nft list ruleset', 'docker ps'],
    repair:
      'Restart Docker, or podman network reload --all; load firewalls so that they leave foreign chains alone.',
    references: ['moby/moby#12294', 'moby/moby#15254', 'moby/moby#16816'],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered') return undefined;
    const published = publisherOf(kase);
    const host = ownersOf(kase.snapshot, kase.flow.server.address)[0]?.netns;
    const engine = host && engineOf(kase, host.name);
    if (host && !published) return listedAlone(kase, host.name);
    if (!published || !host || !engine) return undefined;
    const { container, port } = published;
    const missing = missingFor(engine, container.name, port.hostPort);
    if (!missing.some(isTranslation)) return undefined;
    const commands = commandsFor(kase, host.name, missing);
    const belief = confidenceOf(kase, host.name, engine, commands);
    if (belief === undefined) return undefined;
    const publication = engine.state.publications.find(
      (each) => each.container === container.name && each.hostPort === port.hostPort,
    );
    const where = nameOf(kase, host.name);
    const all = engine.generation === undefined;
    return {
      confidence: belief,
      title: `${where} has no rule for port ${port.hostPort}, which container ${container.name} publishes: Docker’s rules were flushed`,
      explanation:
        `Container ${container.name} runs and publishes ${port.hostPort} as port ${port.containerPort}, so Docker made rules that translate and accept what comes for it. ` +
        `${all ? 'None of Docker’s chains is there any more.' : `Of the rules of ${GENERATION_NAMES[engine.generation]} that its networks and containers call for, ${engine.missing.length} are missing and ${engine.present} are there.`} ` +
        'Something took them away after the container was started (iptables -F, a firewall reload, iptables-restore of older rules, nft flush ruleset), and Docker does not notice.',
      namespace: host.name,
      status: kase.outcome.status === 'rejected' ? 'rejected' : 'no-reply',
      evidence: [
        ...(publication ? [publicationEvidence(publication)] : []),
        ...portsFirst(missing).slice(0, 6).map(missingEvidence),
      ],
      fix: commands,
      effect: restart(belief),
    };
  },
};

/** Only `docker ps` tells of the container: what its rules should be isn't known, but none is for the port. */
function listedAlone(kase: Case, host: string): Found | undefined {
  const listed = listedPublisherOf(kase);
  const netns = netnsOf(kase, host);
  const rulesets = kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6;
  if (!listed || !netns || !rulesets || kase.outcome.status === 'delivered') return undefined;
  if (!kase.prediction || rewrites(kase.prediction.there).some(({ manip }) => manip === 'dst'))
    return undefined;
  const forPort = new RegExp(`--dports? (?:\\S*,)?${listed.port.hostPort}(?:,|\\s|$)`);
  if (dnatRules(kase, host).some(({ rule }) => forPort.test(rule.text))) return undefined;
  const chains = rulesets.some(({ tables }) => tables.get('nat')?.chains.has('DOCKER'));
  const { name } = listed.container;
  const where = nameOf(kase, host);
  const belief = chains || netns.nft ? 0.85 : ELSEWHERE;
  return {
    confidence: belief,
    title: `${where} has no rule for port ${listed.port.hostPort}, which container ${name} publishes: Docker’s rules were flushed`,
    explanation:
      `docker ps lists container ${name} as running and publishing ${listed.port.hostPort} as port ${listed.port.containerPort}, so Docker made a rule that translates what comes for it. ` +
      `${chains ? 'Its chain in the nat table is there, and has no rule for that port.' : 'None of Docker’s chains is in the nat table any more.'} ` +
      'Something took the rule away after the container was started (iptables -F, a firewall reload, iptables-restore of older rules), and Docker does not notice.',
    namespace: host,
    status: kase.outcome.status === 'rejected' ? 'rejected' : 'no-reply',
    evidence: [listed.evidence],
    fix: [],
    effect: `${restart(belief).replace(/^To last: /, 'Restart Docker: ')} What its rules should be, docker inspect and docker network inspect (of all) would tell.`,
  };
}

/** Of the nat table: without it nothing goes to the container. */
function isTranslation({ expected: { purpose, chain } }: Missing): boolean {
  return purpose.kind === 'port' && (chain === 'DOCKER' || chain === 'nat-prerouting-and-output');
}

/** Docker may have been told to write none, or to write them where nobody looked. */
const ELSEWHERE = 0.55;

/** Undefined: the packet would not take the rules if they were there. */
function confidenceOf(
  kase: Case,
  host: string,
  engine: Comparison,
  commands: readonly Command[],
): number | undefined {
  const hidden = engine.generation === undefined && netnsOf(kase, host)?.nft === undefined;
  const limit = hidden ? ELSEWHERE : 1;
  if (!kase.prediction || commands.length === 0) return Math.min(0.9, limit);
  if (repairs(kase, commands)) return Math.min(0.95, limit);
  const there = predictWith(kase, commands)?.there;
  if (there && !rewrites(there).some(({ manip }) => manip === 'dst')) return undefined;
  return Math.min(0.9, limit);
}

function restart(belief: number): string {
  const again =
    'To last: systemctl restart docker writes all its rules again (podman: podman network reload --all); then let whatever flushed them leave foreign chains alone.';
  return belief > ELSEWHERE
    ? again
    : `${again} Whether they are in tables of nft instead, nft list ruleset would tell; whether Docker was told to write none, daemon.json ("iptables": false).`;
}
