import type { ArpExchange } from '../../correlate/flow.ts';
import { ownersOf } from '../../correlate/owner.ts';
import { formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { exitOf } from '../exit.ts';
import { silenceAt } from '../nat.ts';
import {
  assumedIn,
  findingRuleOf,
  natPlace,
  natTarget,
  ruleLine,
  type Translation,
  translationIn,
} from '../remembered.ts';
import { capital, iptablesOf, nameOf } from '../words.ts';

export const natSnatForeignIp: Cause = {
  id: 'nat-snat-foreign-ip',
  title: 'SNAT gives an address that this host does not have',
  severity: 'error',
  page: () => ({
    symptom: 'Requests leave translated and nothing ever comes back; the host’s own connections work.',
    mechanism:
      'SNAT writes any address that the rule names. For the answer to come back, the next router has to find that address at this host: by ARP, which a host answers for its own addresses only, or by a route to the host.',
    check:
      'ip addr against the rule’s --to-source; tcpdump arp on the uplink: who-has for that address stays unanswered',
    proof:
      'The packet leaves with the rule’s address, no interface of the host has it, and the router’s ARP requests for it are not answered (or are answered by another machine).',
    refutation:
      'An answer to that address that arrives: the network routes it here. An ARP reply for it from this host (proxy ARP).',
    settledBy: ['ip addr', 'iptables-save -c', 'a capture of ARP on the uplink'],
    repair:
      'Translate to an address that the host has (or MASQUERADE), or give the address to the interface (ip addr add), or let the next router route it here.',
    references: ['RFC 826', 'net/ipv4/arp.c: arp_process()', 'iptables-extensions(8): SNAT'],
  }),
  find(kase) {
    const { prediction, outcome, hypothetical } = kase;
    if (!prediction || hypothetical || outcome.status !== 'no-reply') return undefined;
    const exit = exitOf(kase);
    if (!exit || exit.reply) return undefined;
    const source = parseIp(prediction.there.final.source);
    if (source === undefined) return undefined;
    const translation =
      translationIn(kase, exit.namespace, 'src') ?? ruleGiving(kase, exit.namespace, source);
    if (!translation || natTarget(translation.rule) !== 'SNAT') return undefined;
    return ownersOf(kase.snapshot, source).some(({ netns }) => netns.name === exit.namespace)
      ? undefined
      : told(kase, exit, translation, source);
  },
};

/** A flow that was captured behind the translation only: the rule that gives this source. */
function ruleGiving(kase: Case, namespace: string, source: Ip): Translation | undefined {
  const netns = netnsOf(kase, namespace);
  const to = formatIp(source);
  const given = new RegExp(`--to-source ${to.replaceAll('.', '\\.')}(?:[:-]|\\s|$)`);
  for (const ruleset of (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? []) {
    for (const chain of ruleset.tables.get('nat')?.chains.values() ?? []) {
      const index = chain.rules.findIndex(({ text }) => given.test(text));
      const rule = chain.rules[index];
      if (!rule) continue;
      const { text, span } = rule;
      return {
        manip: 'src',
        to,
        rule: {
          kind: 'rule',
          hook: 'POSTROUTING',
          table: 'nat',
          chain: chain.name,
          number: index + 1,
          target: 'SNAT',
          text,
          line: span.line,
          path: span.path,
        },
      };
    }
  }
  return undefined;
}

function told(
  kase: Case,
  exit: NonNullable<ReturnType<typeof exitOf>>,
  translation: Translation,
  source: Ip,
): Found | undefined {
  const { namespace, interface: device } = exit;
  const netns = netnsOf(kase, namespace);
  if (netns?.neighbours?.some(({ proxy, address }) => proxy && address === source)) return undefined;
  const links = netns?.links ?? [];
  const own = links.find(({ name }) => name === device);
  const near = own?.addresses.find(({ address, length }) => contains(networkOf(address, length), source));
  const asked = kase.correlation.arp.find(
    ({ target, point }) => target === source && isAt(kase, point, namespace),
  );
  const owner = asked?.replies[0];
  if (owner && links.some(({ mac }) => mac === owner.mac)) return undefined;
  const addressesKnown = links.some(({ inferred }) => !inferred) && netns?.addressesUnknown !== true;
  const certain = asked ? 0.96 : near ? 0.87 : 0.45;
  const where = nameOf(kase, namespace);
  const address = formatIp(source);
  const other = owner ? `${formatMac(owner.mac)} has it` : 'nobody answers';
  return {
    confidence: addressesKnown ? certain - assumedIn(kase, namespace) : Math.min(certain, 0.55),
    title: `${where} translates to ${address}, an address that it does not have${owner ? '; another machine does' : ''}`,
    explanation:
      `${capital(where)}’s SNAT rule (${natPlace(translation.rule)}) makes ${address} the source, and no interface of ${where} has that address. ` +
      (asked
        ? `The answer has to find it: on ${device} somebody asks by ARP who has ${address}, and ${other}${owner ? ', so answers go there' : ', so the answer can’t be delivered'}.`
        : near
          ? `It belongs to the network of ${device}, where answers are delivered by ARP, and ${where} answers no ARP request for an address it doesn’t have.`
          : 'Answers come back only if the network routes that address to this host.'),
    namespace,
    interface: device,
    rule: findingRuleOf(kase, translation),
    status: 'no-reply',
    evidence: [
      ...(exit.seen ? [seenAt(kase, exit.seen, `${describeSighting(exit.seen)} leaves ${device}`)] : []),
      ...ruleLine(translation),
      ...(asked ? arpEvidence(kase, asked, address) : []),
      ...silenceAt(kase, namespace, device),
    ],
    fix: near ? corrected(kase, namespace, translation, address, formatIp(near.address)) : [],
    effect: `Or give ${device} the address: ip addr add ${address}/${near?.length ?? 32} dev ${device}.`,
  };
}

function isAt(kase: Case, point: number, namespace: string): boolean {
  return kase.correlation.points[point]?.namespace === namespace;
}

function arpEvidence(kase: Case, { requests, replies, count, sender }: ArpExchange, address: string) {
  const [request] = requests;
  const [reply] = replies;
  return [
    ...(request
      ? [
          seenAt(
            kase,
            request,
            `who-has ${address} tell ${formatIp(sender)}, asked ${count} times${reply ? '' : ', never answered'}`,
          ),
        ]
      : []),
    ...(reply
      ? [seenAt(kase, reply.sighting, `${address} is at ${formatMac(reply.mac)}, no interface of this host`)]
      : []),
  ];
}

function corrected(
  kase: Case,
  namespace: string,
  { rule }: Translation,
  from: string,
  to: string,
): Command[] {
  if (rule.kind === 'nft-rule') {
    const text = rule.text.replace(/counter packets \d+ bytes \d+/, 'counter');
    const [before, after] = [` to ${from}`, ` to ${to}`];
    const at = `${rule.family} ${rule.table} ${rule.chain}`;
    const verb = rule.handle === undefined ? `insert rule ${at}` : `replace rule ${at} handle ${rule.handle}`;
    return text.includes(before) ? [{ namespace, text: `nft ${verb} ${text.replace(before, after)}` }] : [];
  }
  const spec = rule.text.replace(/^-A \S+ /, '').replace(`--to-source ${from}`, `--to-source ${to}`);
  if (rule.text.endsWith(spec)) return [];
  return [
    { namespace, text: `${iptablesOf(kase, rule.path)} -t nat -R ${rule.chain} ${rule.number} ${spec}` },
  ];
}
