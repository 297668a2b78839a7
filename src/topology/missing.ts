/** Names the dumps that are not there and matter: what is assumed or unknown without them. */
import { familyOf } from '../net/ip.ts';
import { isLoopback } from '../snapshot/derived-routes.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { setsOfRule } from '../xtables/sets-of-rule.ts';
import { type Device, formatLink, keyOf } from './link-ref.ts';
import type { Topology } from './topology.ts';

type Missing = Topology['missing'][number];

export function missingDumps(netns: Netns): Missing[] {
  const missing: Missing[] = [];
  const lack = (dump: string, consequence: string): void => {
    missing.push({ namespace: netns.name, dump, text: `${netns.name}: no \`${dump}\`; ${consequence}` });
  };
  if (netns.inferred && !netns.links) {
    lack('ip addr', 'nothing of this namespace was dumped');
    return missing;
  }
  if (netns.container !== undefined && netns.inferred) {
    lack('ip addr', 'its interface, address and gateway are what Docker says, nothing else of it is known');
  } else if (netns.inferred && netns.links) {
    lack('ip addr', 'its interfaces and addresses are guessed from the captures');
  } else if (!netns.links || netns.addressesUnknown) {
    lack('ip addr', 'its interfaces and addresses are not known');
  } else if (netns.links.every((link) => link.inferred)) {
    lack('ip addr', 'its addresses are those that other dumps mention');
  }
  if (!netns.routes4 && !netns.inferred) {
    lack('ip route', 'only the routes that follow from its addresses are known');
  }
  if (!netns.rules4 && !netns.inferred && netns.routes4?.covers === 'all') {
    lack('ip rule', "the kernel's default rules are assumed");
  } else if (!netns.rules4 && !netns.inferred) {
    lack('ip rule', "the kernel's default rules are assumed, and no tables but main and local");
  }
  if (!netns.rulesets4) lack('iptables-save', 'it is assumed to have no rules');
  else if (netns.rulesets4.every(({ listing }) => listing) && netns.nft === undefined) {
    const shown = netns.rulesets4.flatMap(({ tables }) => [...tables.keys()]);
    lack(
      'iptables-save',
      `rules of table ${shown.join(', ')} were listed; the other tables are assumed to have none`,
    );
  }
  if (!netns.sysctls)
    lack(
      'sysctl -a',
      netns.bootSysctls
        ? 'what sysctl.conf sets at boot is assumed to stand'
        : "the kernel's defaults are assumed, forwarding off among them",
    );
  if (!netns.sockets) lack('ss -lntup', 'what listens there is not known');
  if (usesIpv6(netns)) {
    if (!netns.routes6 && !netns.inferred)
      lack('ip -6 route', 'only the IPv6 routes of its addresses are known');
    if (!netns.rulesets6) lack('ip6tables-save', 'it is assumed to have no IPv6 rules');
  }
  const unknownSets = setsOf(netns).filter((name) => !netns.ipsets?.some((set) => set.name === name));
  if (unknownSets.length > 0) {
    lack(
      'ipset save',
      `what is in ${unknownSets.slice(0, 5).join(', ')}${unknownSets.length > 5 ? ' …' : ''} is not known`,
    );
  }
  return missing;
}

/** Ends of veth pairs that lead into a namespace nobody dumped. */
export function missingPeers(devices: readonly Device[], known: ReadonlySet<string>): Missing[] {
  return devices
    .filter(
      ({ link, ref }) => (link.kind === 'veth' || link.peerNetnsid !== undefined) && !known.has(keyOf(ref)),
    )
    .filter(({ link }) => !link.inferred && link.peerIndex !== undefined)
    .map(({ ref, link }) => ({
      namespace: ref.namespace,
      dump: 'ip addr',
      text: `${formatLink(ref)}: its other end is interface ${link.peerIndex} of ${link.peerNetns === undefined ? 'a namespace' : `namespace ${link.peerNetns},`} ${link.peerNetns === undefined ? 'that was not dumped' : 'which was not dumped'}`,
    }));
}

/** The sets that rules ask, by name. */
function setsOf(netns: Netns): string[] {
  const names = new Set<string>();
  for (const { tables } of [...(netns.rulesets4 ?? []), ...(netns.rulesets6 ?? [])]) {
    for (const table of tables.values()) {
      for (const chain of table.chains.values()) {
        for (const rule of chain.rules) for (const name of setsOfRule(rule)) names.add(name);
      }
    }
  }
  return [...names];
}

function usesIpv6(netns: Netns): boolean {
  return (netns.links ?? []).some(
    (link) =>
      !isLoopback(link) &&
      link.addresses.some(
        (entry) => familyOf(entry.address) === 6 && entry.scope !== 'link' && entry.scope !== 'host',
      ),
  );
}
