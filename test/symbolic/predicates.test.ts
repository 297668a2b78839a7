/** Each match as a set of packets holds the packets that the match itself takes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnknown } from '../../src/base/ternary.ts';
import { rulesOnly, SampleView } from '../../src/difference/rule-replay.ts';
import { connectionOf, packetOf } from '../../src/difference/sample-packet.ts';
import { createNet } from '../../src/netstack/net.ts';
import { PREDICATES } from '../../src/symbolic/predicates.ts';
import { ruleSet } from '../../src/symbolic/rule-set.ts';
import { Space } from '../../src/symbolic/space.ts';
import { matchRule } from '../../src/xtables/evaluate.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { Rule } from '../../src/xtables/rule.ts';
import { packetChoice, SETS, samplePacket } from './rules.ts';
import { parseIpset } from './sets.ts';

const RULES4 = `
-s 10.0.0.0/24
! -s 10.0.0.1/255.0.0.255 -d 10.0.0.2
-i eth0
! -i eth+ -o wan0
! -p tcp
-f
! -f -p udp
-p tcp -m tcp --sport 22 --dport 1000:2000
-p tcp -m tcp ! --sport 22 ! --dport 80
-p tcp -m tcp ! --tcp-flags SYN,ACK,FIN SYN
-p tcp -m tcp --tcp-flags ALL NONE
-p udp -m udp ! --dport 22
-p udp -m udp
-p udplite -m udplite --dport 80
-p sctp -m sctp --sport 22 ! --dport 80
-p dccp -m dccp --dport 80
-p tcp -m multiport --ports 22,80
-p udp -m multiport ! --dports 22,1000:2000
-p icmp -m icmp --icmp-type 3/4
-p icmp -m icmp ! --icmp-type 8
-p icmp -m icmp --icmp-type any
-m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 10.0.0.2-10.0.1.4
-m state --state NEW,RELATED
-m state ! --state INVALID
-m conntrack --ctstate ESTABLISHED,DNAT
-m conntrack ! --ctstate NEW,SNAT
-m conntrack --ctstate INVALID --ctstatus ASSURED
-m conntrack --ctdir REPLY
-m conntrack ! --ctstatus EXPECTED,CONFIRMED
-m mark --mark 0x2/0x3
-m mark ! --mark 0x1
-m connmark ! --mark 0x1/0x3
-m tos --tos 0x10
-m tos ! --tos 0x02/0x3f
-m dscp --dscp 10
-m dscp ! --dscp-class CS0
-m ecn --ecn-ip-ect 2
-p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece
-m ttl --ttl-lt 10
-m ttl --ttl-gt 63
-m ttl ! --ttl-eq 64
-m length ! --length 60:100
-m pkttype --pkt-type broadcast
-m pkttype ! --pkt-type multicast
-m mac ! --mac-source 00:16:3e:01:02:03
-m physdev --physdev-in veth1
-m physdev ! --physdev-in veth+
-m physdev --physdev-is-in ! --physdev-is-bridged
-m addrtype --dst-type LOCAL,BROADCAST
-m addrtype ! --src-type UNICAST
-m set --match-set hosts src
-m set ! --match-set nets dst
-m set --match-set services dst,dst
-m set --match-set all src
-m set --match-set range dst
-m set --match-set ports dst
-m set --match-set six src
-m set --match-set services src
-m set --match-set wide src
-m comment --comment x
`;
const RULES6 = `
-s 2001:db8::/32
! -d 2001:db8:0:1::7
-p ipv6-icmp -m icmp6 --icmpv6-type 128
-p ipv6-icmp -m icmp6 ! --icmpv6-type 135
-m hl --hl-lt 10
-m hl ! --hl-eq 64
-p tcp -m tcp --dport 80
-m conntrack --ctstate UNTRACKED
-m iprange --src-range 2001:db8::1-2001:db8::ff
-m tos --tos 0x10
-m length --length 60:100
-m set --match-set six src
`;
const MORE_SETS = `${SETS}create range bitmap:ip range 10.0.0.0-10.0.0.255
add range 10.0.0.2
create ports bitmap:port range 0-65535
add ports 80
add ports 1000-1500
create six hash:net family inet6
add six 2001:db8::/64
create all list:set
add all hosts
add all nets
create wide hash:ip family inet netmask 24
add wide 10.0.0.0
`;
const sets = parseIpset(MORE_SETS);

function rows(text: string, family: 4 | 6, backend: 'nft' | 'legacy'): { text: string; rule: Rule }[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const parsed = parseSave(`*filter\n:FORWARD ACCEPT\n-A FORWARD ${line} -j DROP\nCOMMIT\n`, 'r', {
        family,
        backend,
      });
      expect(parsed.issues.filter(({ severity }) => severity === 'error')).toEqual([]);
      const rule = parsed.ruleset.tables.get('filter')?.chains.get('FORWARD')?.rules[0];
      if (!rule) throw new Error(line);
      return { text: `IPv${family} ${backend} ${line}`, rule };
    });
}

const ALL_ROWS = [
  ...(['nft', 'legacy'] as const).flatMap((backend) => [
    ...rows(RULES4, 4, backend).map((row) => ({ ...row, family: 4 as const, backend })),
    ...rows(RULES6, 6, backend).map((row) => ({ ...row, family: 6 as const, backend })),
  ]),
];

describe('predicates', () => {
  it('are all tried here', () => {
    const tried = new Set(ALL_ROWS.flatMap(({ rule }) => rule.matches.map(({ name }) => name)));
    const aliases = ['icmpv6', 'ipv6-icmp'];
    expect(Object.keys(PREDICATES).filter((name) => !tried.has(name) && !aliases.includes(name))).toEqual([]);
  });

  it.each(ALL_ROWS)('$text', ({ rule, family, backend }) => {
    const { ruleset } = parseSave(
      '*filter\n:FORWARD ACCEPT\n-A FORWARD -i eth0 -o wan0 -m physdev --physdev-in veth1 -j DROP\n-A FORWARD -i eth+ -m physdev --physdev-in veth+\nCOMMIT\n',
      'r',
      { family },
    );
    const space = new Space({
      family,
      rulesets: [{ ...ruleset, tables: new Map([...ruleset.tables]) }],
      fragments: family === 4,
    });
    const set = ruleSet(rule, {
      space,
      backend,
      set: (name) => sets.find((each) => each.name === name),
      changes: () => false,
      instance: 'one',
    });
    expect(space.opaquesIn(set)).toEqual([]);
    const net = createNet(rulesOnly([], sets));
    const seen = { held: 0, failed: 0 };
    fc.assert(
      fc.property(packetChoice, (choice) => {
        const six = [
          0x20010db8000000000000000000000001n,
          0x20010db8000000010000000000000007n,
          0xfe800000000000000000000000000001n,
        ];
        const { source, destination, ...wanted } = choice.wanted;
        const addresses =
          family === 4
            ? { source, destination }
            : { source: six[choice.seed % 3], destination: six[(choice.seed >> 2) % 3] };
        const sample = samplePacket(space, { ...choice, wanted: { ...wanted, ...addresses } as never });
        const [from, to] = sample.values.addresses;
        // One address has one type, which the space doesn't know of two fields.
        fc.pre(from !== to);
        const skb = packetOf(sample, false);
        const name = (field: 'iif' | 'oif' | 'physin' | 'physout') =>
          space.alphabets[field].names[sample.values[field]] || undefined;
        Object.assign(skb, {
          in: name('iif'),
          out: name('oif'),
          physin: name('physin'),
          physout: name('physout'),
        });
        skb.conntrack = connectionOf(sample, skb);
        const matched = matchRule(rule, {
          skb,
          hook: 'FORWARD',
          table: 'filter',
          rule,
          backend,
          namespace: new SampleView(net, space, sample),
          state: { rule: new Map(), shared: new Map() },
          hotdrop: false,
        });
        seen[matched === true ? 'held' : 'failed']++;
        // Without an Ethernet header the model can't tell whether a capture lacks it or the link has none.
        expect(space.bdd.holds(set, sample.bit)).toBe(
          isUnknown(matched) && skb.etherSource === undefined ? false : matched,
        );
      }),
      { numRuns: 60, endOnFailure: true },
    );
    expect(seen.held + seen.failed).toBe(60);
  });
});
