import { addTo } from '../../base/group-by.ts';
import { formatIp } from '../../net/ip.ts';
import type { Comparison, Shadowed } from '../../topology/engine/compare.ts';
import { purposeText } from '../../topology/engine/expected.ts';
import { GENERATION_NAMES } from '../../topology/engine/generation.ts';
import { makerOf } from '../../topology/makers.ts';
import { netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import {
  commandsFor,
  engineOf,
  findingRuleOf,
  missingEvidence,
  portsFirst,
  staleEvidence,
} from '../engine.ts';
import type { Evidence } from '../finding.ts';
import { capital, nameOf } from '../words.ts';

export const dockerRulesDiffer: Cause = {
  id: 'docker-rules-differ',
  title: 'Docker’s rules are not those that its containers call for',
  severity: 'warning',
  page: () => ({
    symptom:
      'Some published ports or networks don’t work, or only by docker-proxy; or all works, until the one container is asked whose rules are missing.',
    mechanism:
      'What Docker writes follows from its networks, containers and published ports. A flush, a saved ruleset that is restored, or a firewall that puts itself in front leaves others: rules are missing, stale (for a container that is gone), or never reached.',
    check:
      'docker inspect and docker network inspect, against iptables-save (or nft list table ip docker-bridges)',
    proof:
      'docker inspect shows a running container with a port or network for which Docker’s rule is not among those dumped; a rule names an address that no container has; a rule in front takes all packets of one of Docker’s and decides otherwise.',
    refutation: 'Dumps of different times: a container that was started or stopped between them.',
    settledBy: [
      'iptables-save',
      'docker network inspect NETWORK',
      'docker inspect CONTAINER',
      'nft list ruleset',
    ],
    repair:
      'Restart Docker: it writes its rules anew and takes stale ones out of its chains. Keep what flushes, restores or precedes them from Docker’s chains.',
    references: [
      'moby: daemon/libnetwork/drivers/bridge (iptabler, nftabler)',
      'docs.docker.com: Packet filtering and firewalls',
      'moby/moby#12294',
      'moby/moby#16816',
    ],
  }),
  survey(scene) {
    return [...scene.snapshot.namespaces.keys()].flatMap((namespace) => {
      const engine = engineOf(scene, namespace);
      if (!engine) return [];
      return [
        ...missingRules(scene, namespace, engine),
        ...staleRules(scene, namespace, engine),
        ...hiddenRules(scene, namespace, engine),
      ];
    });
  },
};

const MOST = 5;

function missingRules(scene: Scene, namespace: string, engine: Comparison): Found[] {
  const { missing, generation } = engine;
  if (missing.length === 0) return [];
  // Told to write none, Docker has no chains; and with rules in nft only, iptables-save shows none.
  const known = generation !== undefined;
  const where = nameOf(scene, namespace);
  const ordered = portsFirst(missing);
  const [first] = ordered;
  return [
    {
      confidence: known ? 0.8 : 0.4,
      severity: known ? 'warning' : 'info',
      title: known
        ? `${where} lacks ${count(missing.length, 'rule')} that Docker writes for what runs`
        : `${where} has none of Docker’s rules, though its containers run`,
      explanation: known
        ? `${capital(where)} has ${engine.present} of the rules that ${GENERATION_NAMES[generation]} writes for these networks and containers; ${missing.length === 1 ? 'one is missing,' : `${missing.length} are missing, among them one`} ${first ? purposeText(first.expected.purpose) : ''}. Docker does not notice when its rules are taken away.`
        : 'Docker’s chains are missing altogether: they were flushed, or Docker was told not to write any ("iptables": false), or it writes to nftables and that was not dumped.',
      namespace,
      group: 'missing',
      status: 'no-reply',
      evidence: ordered
        .slice(0, MOST)
        .flatMap((each) => [...spanEvidence(each.expected), missingEvidence(each)]),
      fix: known ? commandsFor(scene, namespace, missing) : [],
      replay: false,
      effect: known
        ? 'systemctl restart docker writes all its rules again.'
        : 'nft list ruleset tells whether they are there; daemon.json whether Docker is to write any; systemctl restart docker writes them.',
    },
  ];
}

/** The line that calls for the rule. */
function spanEvidence({ span, purpose }: Comparison['missing'][number]['expected']): Evidence[] {
  return span ? [{ path: span.path, line: span.line, text: `calls for a rule ${purposeText(purpose)}` }] : [];
}

/** Left over; it matters where it has the port of a container that runs. */
function staleRules(scene: Scene, namespace: string, { stale }: Comparison): Found[] {
  const translations = stale.filter(({ rule }) => rule.table === 'nat' && rule.chain === 'DOCKER');
  const [first] = translations;
  if (!first) return [];
  const where = nameOf(scene, namespace);
  const taking = translations.filter(({ gone }) => gone.instead);
  const told = taking[0] ?? first;
  const { gone } = told;
  const whose =
    gone.now === undefined
      ? 'no container has'
      : `container ${gone.now} has now, without publishing that port`;
  return [
    {
      confidence: 0.8,
      severity: taking.length > 0 ? 'warning' : 'info',
      title: `${where} has ${count(translations.length, 'DNAT rule')} of Docker’s for ${translations.length === 1 ? 'a container that is' : 'containers that are'} gone`,
      explanation:
        `${told.rule.chain} rule ${told.rule.number} leads to ${formatIp(gone.address)}, which ${whose}. ` +
        (gone.instead
          ? `Container ${gone.instead.container} publishes port ${gone.instead.hostPort} now, and what comes for it meets the old rule if that stands in front. `
          : 'What comes for its port goes nowhere. ') +
        'Such rules stay behind when dockerd is killed, or come back with a saved ruleset.',
      namespace,
      group: 'stale',
      rule: findingRuleOf(told.rule),
      status: 'no-reply',
      evidence: translations.slice(0, MOST).map(staleEvidence),
      fix: translations.toReversed().map(({ rule }) => ({
        namespace,
        text: `${toolOf(rule.family)} -t nat -D ${rule.chain} ${rule.number}`,
      })),
      replay: false,
      effect: 'systemctl restart docker clears its chains too.',
    },
  ];
}

/** One finding for each rule that stands in front, whatever it hides. */
function hiddenRules(scene: Scene, namespace: string, { shadowed, stale }: Comparison): Found[] {
  const byRule = new Map<string, Shadowed[]>();
  for (const each of shadowed) {
    if (stale.some(({ rule }) => rule.rule === each.by.rule)) continue;
    const key = `${each.by.table} ${each.by.chain} ${each.by.number} ${each.by.family}`;
    addTo(byRule, key, each);
  }
  return [...byRule.values()].flatMap((hidden) => {
    const [first] = hidden;
    return first ? [hiddenBy(scene, namespace, first, hidden)] : [];
  });
}

function hiddenBy(scene: Scene, namespace: string, first: Shadowed, hidden: readonly Shadowed[]): Found {
  const { by } = first;
  const place = `${by.table} ${by.chain} rule ${by.number}`;
  const maker = makerOf({ chain: by.chain, text: by.rule.text, chains: chainsOf(scene, namespace, by) });
  // What people put into DOCKER-USER is meant to come first.
  const meant = maker?.id === 'docker-user';
  const whose = maker && !meant ? `, made by ${maker.name}, which writes it ${maker.rewrites}` : '';
  return {
    confidence: 0.8,
    severity: meant ? 'info' : 'warning',
    title: `${place} hides ${count(hidden.length, 'rule')} of Docker’s${maker && !meant ? ` (made by ${maker.name})` : ''}`,
    explanation:
      `${place} ("${by.rule.text}"${whose}) takes every packet that ${first.rule.table} ${first.rule.chain} rule ${first.rule.number} ("${first.rule.rule.text}") is for, ${purposeText(first.expected.purpose)}, and decides otherwise before it is asked.` +
      (meant ? ' DOCKER-USER is there for that.' : ''),
    namespace,
    rule: findingRuleOf(by),
    status: 'dropped',
    evidence: [
      {
        path: by.path,
        line: by.rule.span.line,
        text: `in front: ${by.table} ${by.chain} rule ${by.number}: ${by.rule.text}`,
      },
      ...hidden.slice(0, MOST).map(({ rule }) => ({
        path: rule.path,
        line: rule.rule.span.line,
        text: `never reached: ${rule.table} ${rule.chain} rule ${rule.number}: ${rule.rule.text}`,
      })),
    ],
    fix: [],
    effect: meant
      ? ''
      : 'Let it stand behind Docker’s rules, or accept what is meant for containers before it (in DOCKER-USER, if that is asked first).',
  };
}

function chainsOf(scene: Scene, namespace: string, by: Shadowed['by']): readonly string[] {
  const netns = netnsOf(scene, namespace);
  const rulesets = (by.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.flatMap(({ tables }) => [...(tables.get(by.table)?.chains.keys() ?? [])]);
}

function toolOf(family: 4 | 6): string {
  return family === 4 ? 'iptables' : 'ip6tables';
}

function count(number: number, what: string): string {
  return number === 1 ? `a ${what}` : `${number} ${what}s`;
}
