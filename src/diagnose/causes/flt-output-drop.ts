import type { Netns } from '../../snapshot/snapshot.ts';
import type { Ruleset } from '../../xtables/rule.ts';
import type { Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore } from '../rule-cause.ts';
import { nameOf } from '../words.ts';

const page = modelCause({
  id: 'flt-output-drop',
  title: 'OUTPUT drops what the sender sends',
  severity: 'error',
  page: () => ({
    symptom: 'UDP and ping say "Operation not permitted"; TCP times out; no capture shows anything.',
    mechanism:
      'Locally sent packets pass OUTPUT before any interface. A DROP there is before the first place where tcpdump could see the packet.',
    check: 'iptables -L OUTPUT -nv (in the sender’s namespace)',
    proof: 'No capture has the packet; the rule or policy of OUTPUT counts; sendto() fails with EPERM.',
    refutation: 'The packet on any interface of its sender.',
    settledBy: ['iptables-save -c (in the sender’s namespace)', 'strace -e trace=network COMMAND'],
    repair: 'Accept this traffic in OUTPUT before the rule that drops it.',
    references: ['net/ipv4/ip_output.c: __ip_local_out(), NF_INET_LOCAL_OUT', 'iptables(8)'],
  }),
  tell(kase, drop) {
    return {
      title: `${nameOf(kase, drop.namespace)} drops its own packets in OUTPUT`,
      explanation:
        `The ${drop.direction === 'forward' ? 'request' : 'answer'} is made in ${nameOf(kase, drop.namespace)} and dropped in OUTPUT, before it reaches an interface. ` +
        'sendto() fails with EPERM; a TCP connect just times out.',
      fix: acceptBefore(kase, drop),
    };
  },
});

/** What OUTPUT drops is on no capture; a counter of its own is all that shows it. */
export const fltOutputDrop: Cause = {
  ...page,
  survey(scene) {
    return [...scene.snapshot.namespaces.values()].flatMap((netns) => [
      ...[...(netns.rulesets4 ?? []), ...(netns.rulesets6 ?? [])].flatMap((ruleset) =>
        surveyed(scene, netns, ruleset),
      ),
      ...surveyedInNft(scene, netns),
    ]);
  },
};

function surveyed(scene: Scene, netns: Netns, ruleset: Ruleset): Found[] {
  const chain = ruleset.tables.get('filter')?.chains.get('OUTPUT');
  if (!chain) return [];
  const place = (number: number, text: string, line: number) => ({
    family: ruleset.family,
    table: 'filter',
    chain: 'OUTPUT',
    number,
    text,
    path: ruleset.path,
    line,
  });
  const rules = chain.rules.flatMap((rule, index) =>
    rule.target?.kind === 'verdict' && rule.target.verdict === 'DROP' && (rule.counters?.packets ?? 0) > 0
      ? [
          {
            rule: place(index + 1, rule.text, rule.span.line),
            packets: rule.counters?.packets ?? 0,
            name: `rule ${index + 1}`,
          },
        ]
      : [],
  );
  const policy =
    chain.policy === 'DROP' && (chain.counters?.packets ?? 0) > 0
      ? [
          {
            rule: place(chain.rules.length + 1, '-P OUTPUT DROP', chain.span?.line ?? 1),
            packets: chain.counters?.packets ?? 0,
            name: 'policy',
          },
        ]
      : [];
  return [...rules, ...policy].map((dropping) => counted(scene, netns, dropping));
}

interface Dropping {
  readonly rule: NonNullable<Found['rule']>;
  readonly packets: number;
  readonly name: string;
}

/** Rules with a counter of nft's own tables; its policies count nothing. */
function surveyedInNft(scene: Scene, netns: Netns): Found[] {
  return (netns.nft?.tables ?? [])
    .filter(({ iptables, family }) => !iptables && ['ip', 'ip6', 'inet'].includes(family))
    .flatMap(({ family, name: table, chains }) =>
      chains
        .filter(({ base }) => base?.hook === 'output' && base.type === 'filter')
        .flatMap((chain) =>
          chain.rules.flatMap(({ statements, text, span }, index) => {
            const counter = statements.find((each) => each.kind === 'counter');
            const packets = counter?.kind === 'counter' ? (counter.packets ?? 0) : 0;
            const drops = statements.some((each) => each.kind === 'verdict' && each.verdict.kind === 'drop');
            if (!drops || packets === 0) return [];
            const rule = {
              family: family === 'ip6' ? (6 as const) : (4 as const),
              table: `${family} ${table}`,
              chain: chain.name,
              number: index + 1,
              text,
              path: span.path,
              line: span.line,
            };
            return [counted(scene, netns, { rule, packets, name: `rule ${index + 1}` })];
          }),
        ),
    );
}

function counted(scene: Scene, netns: Netns, { rule, packets, name }: Dropping): Found {
  const where = nameOf(scene, netns.name);
  const place = `${rule.table} ${rule.chain} ${name}`;
  return {
    confidence: 0.55,
    title: `${where} has dropped ${packets} of its own packets in OUTPUT (${name})`,
    explanation:
      `${place} of ${where} ("${rule.text}") has counted ${packets} packets. They were made there and dropped before they reached an interface, so no capture shows them: ` +
      'sendto() failed with EPERM, a TCP connect just timed out. Whether they are the ones that are missed, the captures can’t tell.',
    namespace: netns.name,
    rule,
    severity: 'warning' as const,
    status: 'dropped' as const,
    evidence: [
      {
        path: rule.path,
        line: rule.line,
        text: `${place}: ${rule.text} (counted ${packets} packets)`,
      },
    ],
    fix: [],
    effect: 'If they are missed, accept them before that rule.',
  };
}
