import { formatIp } from '../../net/ip.ts';
import { makerOfChain } from '../../topology/makers.ts';
import type { Ruleset } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import { destinationPorts, dnatText, dnatTo, type PortSpan } from '../dnat.ts';
import type { Found } from '../finding.ts';
import { hooksReaching } from '../graph.ts';
import { isDropping, nameOfRule, type RuleRef, rulesOf, toolOf } from '../rules.ts';

export const natInputBypassed: Check = {
  id: 'nat-input-bypassed',
  title: 'The port is closed in INPUT, and DNAT leads past INPUT',
  severity: 'warning',
  why: 'DNAT in PREROUTING changes the destination before the packet is routed. It is forwarded then, passes FORWARD, and never comes to INPUT: a rule there that closes a published port closes nothing.',
  repair:
    'Close it where it passes: in DOCKER-USER (or FORWARD), by the port that was asked for (-m conntrack --ctorigdstport PORT), or publish it on 127.0.0.1 only.',
  silent: 'Ports without DNAT, DNAT to the host itself, and rules that close INPUT as a whole.',
  references: ['moby/moby#4737', 'docker/for-linux#690', 'ufw(8): ufw route'],
  find: ({ rulesets }) => rulesets.flatMap(told),
};

function told(ruleset: Ruleset): Found[] {
  const refs = rulesOf(ruleset);
  const translating = refs.filter(
    (ref) =>
      ref.table.name === 'nat' &&
      hooksReaching(ref.table).get(ref.chain.name)?.has('PREROUTING') &&
      leadsAway(ref),
  );
  if (translating.length === 0) return [];
  const closing = refs.filter(
    ({ table, chain, rule }) =>
      table.name === 'filter' &&
      onlyInput(hooksReaching(table).get(chain.name)) &&
      isDropping(rule) &&
      rule.in?.name !== 'lo',
  );
  return closing.flatMap((ref) => bypassed(ref, translating));
}

function onlyInput(hooks: ReadonlySet<string> | undefined): boolean {
  return hooks?.size === 1 && hooks.has('INPUT');
}

/** Not what is published on 127.0.0.1: nothing from outside is for that. */
function leadsAway({ rule }: RuleRef): boolean {
  const { destination } = rule;
  const asked = destination && !destination.invert ? destination.address : undefined;
  if (typeof asked === 'number' ? asked >>> 24 === 127 : asked === 1n) return false;
  const to = dnatTo(rule);
  return to?.min !== undefined && !(typeof to.min === 'number' && to.min >>> 24 === 127);
}

function bypassed(ref: RuleRef, translating: readonly RuleRef[]): Found[] {
  const ports = destinationPorts(ref.rule);
  const { protocol } = ref.rule;
  if (!ports || !protocol || protocol.invert) return [];
  const past = translating.filter(
    ({ rule }) =>
      rule.protocol?.protocol === protocol.protocol &&
      !rule.protocol.invert &&
      mayMeet(ref, rule) &&
      (destinationPorts(rule) ?? []).some((own) => ports.some((each) => meet(own, each))),
  );
  const [first] = past;
  if (!first) return [];
  const port = (destinationPorts(first.rule) ?? [])[0]?.min ?? 0;
  const docker = makerOfChain(first.chain.name)?.id === 'docker';
  const chain = ref.ruleset.tables.get('filter')?.chains.has('DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
  const name = protocol.protocol === 17 ? 'udp' : 'tcp';
  const device =
    ref.rule.in && !ref.rule.in.invert ? ` -i ${ref.rule.in.name}${ref.rule.in.wildcard ? '+' : ''}` : '';
  return [
    {
      title: `${nameOfRule(ref)} doesn’t close port ${port} for what ${docker ? 'Docker publishes' : nameOfRule(first)}${docker ? '' : ' takes'}: that goes past INPUT`,
      explanation: `${nameOfRule(first)} translates it to ${dnatText(first.rule)}. From there on it is forwarded: it passes FORWARD, and not INPUT.`,
      at: ref,
      involved: past.slice(0, 10).map((at) => ({ at, role: 'sends it elsewhere before INPUT' })),
      suggestion: {
        text: 'Close it where it passes:',
        commands: [
          `${toolOf(ref.ruleset)} -I ${chain}${device} -p ${name} -m conntrack --ctorigdstport ${port} --ctdir ORIGINAL -j DROP`,
        ],
      },
    },
  ];
}

function meet(left: PortSpan, right: PortSpan): boolean {
  return left.min <= right.max && right.min <= left.max;
}

/** By interface and destination: one that closes another address or device is about something else. */
function mayMeet({ rule: closed }: RuleRef, open: RuleRef['rule']): boolean {
  const [left, right] = [closed.in, open.in];
  if (
    left &&
    right &&
    !left.invert &&
    !right.invert &&
    !left.wildcard &&
    !right.wildcard &&
    left.name !== right.name
  )
    return false;
  if (left && right?.invert && !left.invert && left.name === right.name) return false;
  const [to, asked] = [closed.destination, open.destination];
  return !(to && asked && !to.invert && !asked.invert && formatIp(to.address) !== formatIp(asked.address));
}
