import { ownersOf } from '../../correlate/owner.ts';
import type { InterfaceAddress, Link } from '../../dump/records.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Scene } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { gapCause } from '../gap-cause.ts';
import { unanswered } from '../unanswered.ts';
import { nameOf, prefixText } from '../words.ts';

/** addrconf_dad_failure(), net/ipv6/addrconf.c */
const page = gapCause({
  id: 'v6-dad',
  from: ['neigh-failed'],
  title: 'An IPv6 address is unusable: duplicate address detection failed, or isn’t through',
  severity: 'error',
  page: () => ({
    symptom:
      'The address is on the interface, and nobody gets an answer from it; connections from it don’t come about.',
    mechanism:
      'Before an IPv6 address is used the kernel asks whether somebody has it (a second or two: tentative). If somebody answers, the address is marked dadfailed and stays unusable, also after the other one has gone. It is neither answered for nor sent from.',
    check: 'ip -6 addr (dadfailed, tentative); dmesg ("IPv6 duplicate address")',
    proof:
      '"ip addr" shows the address with dadfailed, and neighbour solicitations for it arrive and are not answered.',
    refutation: 'The address has neither flag; or a neighbour advertisement for it is seen.',
    settledBy: ['ip -6 addr show'],
    repair:
      'Find the other owner, then delete the address and add it anew; nodad where duplicates are ruled out otherwise.',
    references: [
      'RFC 4862, section 5.4',
      'net/ipv6/addrconf.c: addrconf_dad_failure()',
      'ip-address(8): nodad',
    ],
  }),
  tell(kase, drop) {
    const address = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    const target = parseIp(address);
    const found = (target === undefined ? [] : ownersOf(kase.snapshot, target))
      .flatMap(({ netns, link }) => failedOf(netns, link))
      .find(({ entry }) => entry.address === target);
    if (!found) return undefined;
    const { netns, link, entry } = found;
    const where = nameOf(kase, netns.name);
    return {
      title: `${where} has ${address} on ${link.name}, and it is unusable: duplicate address detection failed`,
      explanation:
        `When ${address} was given to ${link.name} of ${where}, another machine on the link had it, so the kernel marked it dadfailed. Such an address is not answered for: ` +
        'neighbour solicitations stay without an answer, and not one packet is sent to it. It stays so after the other machine has gone.',
      namespace: netns.name,
      interface: link.name,
      evidence: [lineOf(link, entry)],
      fix: anew(netns, link, entry),
      effect: 'If the other machine is still there, it fails again: one of the two needs another address.',
    };
  },
});

/** For whoever is asked in vain; and every address that is marked so, for what it is worth. */
export const v6Dad: Cause = {
  ...page,
  survey: (scene) => [
    ...(page.survey?.(scene) ?? []),
    ...[...scene.snapshot.namespaces.values()].flatMap((netns) =>
      (netns.links ?? []).flatMap((link) =>
        failedOf(netns, link)
          .filter(({ entry }) => !unanswered(scene).some(({ target }) => target === entry.address))
          .map((found) => marked(scene, found)),
      ),
    ),
  ],
};

interface Failed {
  readonly netns: Netns;
  readonly link: Link;
  readonly entry: InterfaceAddress;
}

function failedOf(netns: Netns, link: Link): Failed[] {
  return link.addresses
    .filter(({ flags }) => flags.includes('dadfailed'))
    .map((entry) => ({ netns, link, entry }));
}

function lineOf(link: Link, { address, length, flags, span }: InterfaceAddress): Evidence {
  return {
    path: span.path,
    line: span.line,
    text: `${link.name}: ${prefixText(address, length)} ${flags.join(' ')}`,
  };
}

function anew(netns: Netns, link: Link, { address, length }: InterfaceAddress): Command[] {
  const what = `${prefixText(address, length)} dev ${link.name}`;
  return ['del', 'add'].map((action) => ({ namespace: netns.name, text: `ip -6 addr ${action} ${what}` }));
}

function marked(scene: Scene, { netns, link, entry }: Failed): Found {
  const where = nameOf(scene, netns.name);
  return {
    confidence: 0.75,
    title: `${formatIp(entry.address)} of ${where} is unusable: duplicate address detection failed`,
    explanation: `${link.name} of ${where} has ${prefixText(entry.address, entry.length)} marked dadfailed: another machine had it when it was added. Nothing is sent from it and nobody is answered.`,
    namespace: netns.name,
    interface: link.name,
    severity: 'warning',
    status: 'no-reply',
    evidence: [lineOf(link, entry)],
    fix: anew(netns, link, entry),
  };
}
