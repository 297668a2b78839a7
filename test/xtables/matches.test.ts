import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/net/ip.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { freshState, outcome, type Place, packet, ruleOf } from './packets.ts';

const T = 'tcp 10.0.0.1:1000 > 10.0.0.2:80';
const U = 'udp 10.0.0.1:1000 > 10.0.0.2:53';
const I = 'icmp 10.0.0.1 > 10.0.0.2';
const T6 = 'tcp [2001:db8::1]:1000 > [2001:db8::2]:80';

type Row = readonly [rule: string, packet: string, expected: string, place?: Place];

const rows: readonly Row[] = [
  // built-in conditions
  ['-s 10.0.0.0/8', T, 'yes'],
  ['! -s 10.0.0.0/8', T, 'no'],
  ['-s 10.0.0.1/255.0.0.255', T, 'yes'],
  ['-d 10.0.0.3', T, 'no'],
  ['-i eth0', `${T} in=eth0`, 'yes'],
  ['-i eth0', `${T} out=eth0`, 'no'],
  ['! -i eth0', `${T} out=eth0`, 'yes'],
  ['! -i eth0', `${T} in=eth0`, 'no'],
  ['-i eth+', `${T} in=eth12`, 'yes'],
  ['-i eth0+', `${T} in=eth0`, 'yes'],
  ['-i eth', `${T} in=eth0`, 'no'],
  ['! -i +', T, 'no'],
  ['-i +', T, 'yes'],
  ['-p tcp', T, 'yes'],
  ['! -p tcp', T, 'no'],
  ['-p 47', 'gre 10.0.0.1 > 10.0.0.2', 'yes'],
  ['-p all', U, 'yes'],
  ['-f', T, 'no'],
  ['! -f', T, 'yes'],
  ['-f', `${T} fragment=8`, 'yes'],
  ['-p tcp -f', `${T} fragment=8`, 'yes'],
  ['-s 2001:db8::/32', T6, 'yes'],
  ['-d fe80::/10', T6, 'no'],
  ['-s 2001:db8::1/ffff::ffff', T6, 'yes'],
  // ports and flags, and what happens where they are missing
  ['-p tcp --dport 80', T, 'yes'],
  ['-p tcp --dport 80:90', T, 'yes'],
  ['-p tcp ! --dport 80', T, 'no'],
  ['-p tcp --sport 999', T, 'no'],
  ['-p tcp --syn', T, 'yes'],
  ['-p tcp --syn', `${T} flags=syn,urg,psh`, 'yes'],
  ['-p tcp --syn', `${T} flags=syn,ack`, 'no'],
  ['-p tcp ! --syn', `${T} flags=ack`, 'yes'],
  ['-p tcp --tcp-flags ALL NONE', `${T} flags=ack`, 'no'],
  ['-p tcp --tcp-option 2', `${T} mss=1460`, 'yes'],
  ['-p tcp ! --tcp-option 2', `${T} flags=ack`, 'yes'],
  ['-p tcp --dport 80', `${T} short=21`, 'no'],
  ['-p tcp --dport 80', `${T} short=21`, 'drop', { backend: 'legacy' }],
  ['-p tcp --dport 80', `${T} short=24`, 'yes'],
  ['-p tcp --dport 80', `${T} short=24`, 'drop', { backend: 'legacy' }],
  ['-p tcp --dport 80', `${T} fragment=8`, 'drop', { backend: 'legacy' }],
  ['-p tcp --dport 80', `${T} fragment=16`, 'no', { backend: 'legacy' }],
  ['-p tcp --dport 80', `${T} cut=22`, 'unknown: the capture has 22 of the packet'],
  ['-p udp --dport 53', U, 'yes'],
  ['-p udp -m udp', `${U} short=24`, 'drop'],
  ['-p tcp -m multiport --dports 22,80', T, 'yes'],
  ['-p tcp -m multiport ! --dports 22,80', T, 'no'],
  ['-p tcp -m multiport --ports 1000', T, 'yes'],
  ['-p tcp -m multiport --sports 80', T, 'no'],
  ['-p tcp -m multiport --dports 1:79,81', T, 'no'],
  ['-p tcp -m multiport --dports 80', `${T} short=22`, 'drop'],
  ['-p icmp --icmp-type 8', I, 'yes'],
  ['-p icmp --icmp-type 3/4', `${I} type=3 code=4`, 'yes'],
  ['-p icmp --icmp-type 3', `${I} type=3 code=1`, 'yes'],
  ['-p icmp ! --icmp-type 8', I, 'no'],
  ['-p icmp --icmp-type any', `${I} type=13`, 'yes'],
  // conntrack
  ['-m conntrack --ctstate NEW', `${T} ct=NEW`, 'yes'],
  ['-m conntrack --ctstate ESTABLISHED,RELATED', `${T} ct=NEW`, 'no'],
  ['-m conntrack ! --ctstate NEW', `${T} ct=ESTABLISHED`, 'yes'],
  ['-m conntrack --ctstate INVALID', `${T} ct=INVALID`, 'yes'],
  ['-m conntrack --ctstate INVALID', T, 'yes'],
  ['-m conntrack --ctstate UNTRACKED', `${T} ct=UNTRACKED`, 'yes'],
  ['-m conntrack --ctstate INVALID', `${T} ct=UNTRACKED`, 'no'],
  ['-m conntrack --ctstate DNAT', `${T} ct=ESTABLISHED dnat=1`, 'yes'],
  ['-m conntrack --ctstate NEW', `${T} ct=NEW snat=1`, 'yes'],
  ['-m conntrack --ctstate SNAT', `${T} ct=NEW dnat=1`, 'no'],
  ['-m conntrack --ctdir REPLY', `${T} ct=ESTABLISHED dir=reply`, 'yes'],
  ['-m conntrack --ctdir ORIGINAL', `${T} ct=ESTABLISHED dir=reply`, 'no'],
  ['-m conntrack --ctproto 6', `${T} ct=NEW`, 'yes'],
  ['-m conntrack --ctproto 6', `${T} ct=INVALID`, 'no'],
  ['-m conntrack ! --ctproto 6', `${T} ct=INVALID`, 'no'],
  ['-m conntrack --ctorigdst 10.9.0.0/16', `${T} ct=NEW origdst=10.9.0.1:8080`, 'yes'],
  ['-m conntrack ! --ctorigdst 10.9.0.1', `${T} ct=NEW origdst=10.9.0.1:8080`, 'no'],
  ['-m conntrack --ctorigdstport 8080', `${T} ct=NEW origdst=10.9.0.1:8080`, 'yes'],
  ['-m conntrack --ctreplsrc 10.0.0.7', `${T} ct=NEW reply=10.0.0.7:80`, 'yes'],
  ['-m conntrack --ctreplsrcport 81:90', `${T} ct=NEW reply=10.0.0.7:80`, 'no'],
  ['-m conntrack --ctstatus SEEN_REPLY', `${T} ct=ESTABLISHED seen=1`, 'yes'],
  ['-m conntrack --ctstatus ASSURED,EXPECTED', `${T} ct=ESTABLISHED seen=1`, 'no'],
  ['-m conntrack --ctstatus NONE', `${T} ct=NEW`, 'no'],
  ['-m conntrack ! --ctstatus NONE', `${T} ct=NEW`, 'yes'],
  ['-m conntrack --ctexpire 50:60', `${T} ct=NEW confirmed=1 expires=55`, 'yes'],
  ['-m conntrack --ctexpire 50:60', `${T} ct=NEW confirmed=1 expires=70`, 'no'],
  ['-m state --state NEW,RELATED', `${T} ct=RELATED`, 'yes'],
  ['-m state ! --state INVALID', `${T} ct=INVALID`, 'no'],
  ['-m connmark --mark 5', `${T} ct=NEW ctmark=5`, 'yes'],
  ['-m connmark ! --mark 5', `${T} ct=INVALID`, 'no'],
  ['-m connbytes --connbytes 3:3 --connbytes-dir original --connbytes-mode packets', `${T} ct=NEW`, 'yes'],
  ['-m connbytes --connbytes 3100 --connbytes-dir both --connbytes-mode bytes', `${T} ct=NEW`, 'yes'],
  ['-m connbytes --connbytes 1001: --connbytes-dir original --connbytes-mode avgpkt', `${T} ct=NEW`, 'no'],
  ['-m connbytes ! --connbytes 5:9 --connbytes-dir reply --connbytes-mode packets', `${T} ct=NEW`, 'yes'],
  ['-m connbytes --connbytes 0 --connbytes-dir reply --connbytes-mode packets', `${T} ct=INVALID`, 'no'],
  ['-m helper --helper ftp', `${T} ct=RELATED`, 'no'],
  ['-m helper ! --helper ftp', `${T} ct=RELATED`, 'yes'],
  ['-m helper --helper ftp', `${T} ct=RELATED expected=1 helper=ftp`, 'yes'],
  ['-m helper --helper ftp', `${T} ct=RELATED expected=1`, 'unknown: which helper'],
  // marks and header fields
  ['-m mark --mark 0x10/0xf0', `${T} mark=31`, 'yes'],
  ['-m mark ! --mark 0x10/0xf0', `${T} mark=31`, 'no'],
  ['-m ttl --ttl-lt 10', `${T} ttl=9`, 'yes'],
  ['-m tos --tos 0x10', `${T} tos=17`, 'no'],
  ['-m dscp --dscp-class EF', `${T} tos=187`, 'yes'],
  ['-m length --length 40', T, 'yes'],
  ['-m hl --hl-eq 64', T6, 'yes'],
  ['-m pkttype --pkt-type broadcast', `${T} pkt=broadcast`, 'yes'],
  ['-m mac --mac-source 02:00:00:00:00:01', `${T} in=eth0 mac=02:00:00:00:00:01`, 'yes'],
  ['-m mac ! --mac-source 02:00:00:00:00:01', `${T} in=lo`, 'no'],
  ['-m mac --mac-source 02:00:00:00:00:01', `${T} in=eth0`, 'unknown: the source MAC'],
  ['-m string --string GET --algo bm', `${T} data=xGETx`, 'yes'],
  ['-m string --string GET --algo bm --to 43', `${T} data=xGETx`, 'no'],
  ['-m string --string GET --algo bm --to 44', `${T} data=xGETx`, 'yes'],
  ['-m string --string GET --algo bm --from 42', `${T} data=xGETx`, 'no'],
  ['-m string --string GET --algo bm', `${T} data=xxxxGET cut=42`, 'unknown: the capture has 42'],
  ['-m u32 --u32 "0>>22&0x3C@0>>16=1000"', T, 'yes'],
  ['-p tcp -m tcpmss --mss 1460', `${T} mss=1460`, 'yes'],
  ['-p tcp -m tcpmss ! --mss 1460', T, 'yes'],
  // addresses, devices, sets
  ['-m addrtype --dst-type LOCAL', 'tcp 10.0.0.1:1 > 10.0.0.9:2', 'yes'],
  ['-m addrtype --dst-type LOCAL,BROADCAST', 'udp 10.0.0.1:1 > 10.0.0.255:2', 'yes'],
  ['-m addrtype ! --dst-type LOCAL', 'tcp 10.0.0.1:1 > 10.0.0.9:2', 'no'],
  ['-m addrtype --dst-type LOCAL --limit-iface-in', 'tcp 10.0.0.1:1 > 10.0.0.9:2 in=eth1', 'no'],
  ['-m addrtype --dst-type LOCAL', 'tcp 10.0.0.1:1 > 10.99.0.1:2', 'unknown: no addresses were dumped'],
  ['-m addrtype --src-type LOCAL --dst-type LOCAL', 'tcp 10.0.0.1:1 > 10.99.0.1:2', 'no'],
  ['-m iprange --dst-range 10.0.0.2-10.0.0.4', T, 'yes'],
  ['-m physdev --physdev-in veth0', `${T} physin=veth0`, 'yes'],
  ['-m physdev --physdev-in veth+', T, 'no'],
  ['-m physdev ! --physdev-in veth0', T, 'yes'],
  ['-m physdev --physdev-is-bridged', `${T} physin=veth0`, 'no'],
  ['-m physdev --physdev-is-bridged', `${T} physin=veth0 physout=veth1`, 'yes'],
  ['-m set --match-set full dst', T, 'yes'],
  ['-m set ! --match-set full dst', T, 'no'],
  ['-m set --match-set sources dst', T, 'no'],
  ['-m set --match-set unseen src', T, 'unknown: no dump of set unseen'],
  ['-m rpfilter', `${T} in=eth1`, 'no', { hook: 'PREROUTING', table: 'raw' }],
  ['-m rpfilter --loose', `${T} in=eth1`, 'yes', { hook: 'PREROUTING', table: 'raw' }],
  ['-m rpfilter --invert', `${T} in=eth1`, 'yes', { hook: 'PREROUTING', table: 'raw' }],
  ['-m rpfilter', `${T} in=lo`, 'yes', { hook: 'PREROUTING', table: 'raw' }],
  // processes and clocks
  ['-m owner --uid-owner 1000', `${T} local=1 uid=1000`, 'yes', { hook: 'OUTPUT' }],
  ['-m owner --uid-owner 1-9', `${T} local=1 uid=1000`, 'no', { hook: 'OUTPUT' }],
  ['-m owner --uid-owner 1000', `${T} local=1`, 'unknown: which process', { hook: 'OUTPUT' }],
  ['-m owner --uid-owner 1000', T, 'no', { hook: 'POSTROUTING' }],
  ['-m owner ! --uid-owner 1000', T, 'yes', { hook: 'POSTROUTING' }],
  ['-m owner --uid-owner www', `${T} local=1 uid=33`, 'unknown: the number of user www', { hook: 'OUTPUT' }],
  // 1700000000 is Tuesday, 2023-11-14 22:13:20 UTC
  ['-m time --weekdays Tue', T, 'yes'],
  ['-m time --weekdays Wed', T, 'no'],
  ['-m time --timestart 22:00 --timestop 22:13:19', T, 'no'],
  ['-m time --timestart 22:00 --timestop 01:00', T, 'yes'],
  ['-m time --timestart 23:00 --timestop 22:00', T, 'no'],
  ['-m time --datestart 2023-11-15', T, 'no'],
  ['-m time --monthdays 14', T, 'yes'],
  ['-m time --weekdays Mon --timestart 23:00 --timestop 22:30 --contiguous', T, 'yes'],
  ['-m time --kerneltz', T, 'yes'],
  ['-m time --timestart 12:00 --timestop 13:00 --kerneltz', T, "unknown: the kernel's own time zone"],
  ['-m time --datestop 2020-01-01 --kerneltz', T, 'no'],
  // what can't be decided
  ['-m statistic --mode random --probability 0.5', T, "unknown: the kernel's random choice"],
  ['-m statistic --mode random --probability 1', T, 'yes'],
  ['-m nosuch --really x -p tcp', T, 'unknown: match nosuch is not known'],
  ['-m nosuch --really x -p udp', T, 'no'],
  ['-m nosuch --really x -m mark --mark 9', T, 'no'],
  ['-m socket', T, 'unknown: whether a socket', { hook: 'PREROUTING' }],
  ['-m socket', 'gre 10.0.0.1 > 10.0.0.2', 'no', { hook: 'PREROUTING' }],
  ['-m policy --dir in --pol none', T, 'yes'],
  ['-m policy --dir in --pol ipsec', T, 'no'],
];

describe('one rule, one packet', () => {
  const cases = rows.map(([rule, spec, expected, place = {}]) => ({ rule, spec, expected, place }));
  it.each(cases)('$rule on $spec: $expected', ({ rule: text, spec, expected, place }) => {
    const family: Family = spec.includes('[') ? 6 : 4;
    const got = outcome(ruleOf(text, family, place.table), packet(spec), place);
    if (expected.startsWith('unknown')) expect(got.startsWith(expected), got).toBe(true);
    else expect(got).toBe(expected);
  });
});

/** Packets in the order given, each `+SECONDS` after the first and from the last number of its source; y, n or ?. */
const sequences: readonly (readonly [rule: string, packets: string, expected: string])[] = [
  ['-m limit --limit 1/sec --limit-burst 2', '+0 +0 +0 +1 +1 +5 +5 +5', 'yynynyyn'],
  ['-m limit --limit 1/min', '+0 +0 +0 +0 +0 +0 +59 +60', 'yyyyynny'],
  ['-m statistic --mode nth --every 3 --packet 1', '+0 +0 +0 +0 +0 +0', 'nynnyn'],
  ['-m statistic --mode nth ! --every 3 --packet 0', '+0 +0 +0 +0', 'nyyn'],
  ['-m quota --quota 100', '+0 +0 +0 +0', 'yynn'],
  ['-m quota ! --quota 100', '+0 +0 +0', 'nny'],
  ['-m recent --update --seconds 10 --hitcount 2 --name x', '+0 +1', 'nn'],
  [
    '-m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name h',
    '1+0 2+0 1+0 2+0 1+1',
    'yynny',
  ],
  [
    '-m hashlimit --hashlimit-above 1/sec --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name h',
    '1+0 2+0 1+0 2+0 1+1',
    'nnyyn',
  ],
  [
    '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-name h --hashlimit-htable-expire 2000',
    '+0 +1 +4',
    'yny',
  ],
  [
    '-m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name h',
    '1+0 2+0',
    'yn',
  ],
];

describe('rules that remember', () => {
  it.each(sequences)('%s: %s', (text, packets, expected) => {
    const rule = ruleOf(text, 4);
    const state = freshState();
    const got = packets.split(' ').map((word) => {
      const [source, after] = word.split('+');
      const skb = packet(
        `tcp 10.0.0.${source || 1}:1000 > 10.0.0.200:80 time=${1_700_000_000 + Number(after)}`,
      );
      return outcome(rule, skb, { state }).charAt(0);
    });
    expect(got.join('')).toBe(expected);
  });

  it('limit in legacy tables overflows for slow rates with a burst, nft does not', () => {
    const rule = ruleOf('-m limit --limit 1/day --limit-burst 3', 4);
    for (const [backend, expected] of [
      ['legacy', 'ynn'],
      ['nft', 'yyy'],
    ] as const) {
      const state = freshState();
      const got = [1, 2, 3].map(() => outcome(rule, packet(T), { state, backend }).charAt(0));
      expect(got.join(''), backend).toBe(expected);
    }
  });

  it('recent lists are shared by name; --rcheck counts stamps, --update adds one, --remove needs an entry', () => {
    const state = freshState();
    const at = (text: string, seconds: number, source = '10.0.0.1'): string =>
      outcome(
        ruleOf(`-m recent ${text} --name shared`, 4),
        packet(`tcp ${source}:1 > 10.0.0.200:80 time=${1_700_000_000 + seconds}`),
        { state },
      );
    expect(at('--rcheck', 0)).toBe('no');
    expect(at('! --rcheck', 0)).toBe('yes');
    expect(at('--set', 0)).toBe('yes');
    expect(at('--rcheck', 1)).toBe('yes');
    expect(at('--rcheck', 1, '10.0.0.7')).toBe('no');
    expect(at('--rcheck --hitcount 2', 1)).toBe('no');
    expect(at('--update --seconds 60', 2)).toBe('yes');
    expect(at('--rcheck --hitcount 2', 3)).toBe('yes');
    expect(at('--rcheck --seconds 5', 30)).toBe('no');
    expect(at('--remove', 30)).toBe('yes');
    expect(at('--remove', 30)).toBe('no');
  });

  it('what the first packets seen can not tell is unknown', () => {
    const earlier = { ...freshState(), earlier: true };
    for (const text of [
      '-m recent --rcheck',
      '-m statistic --mode nth --every 2 --packet 0',
      '-m quota --quota 9',
    ]) {
      expect(outcome(ruleOf(text, 4), packet(T), { state: earlier }), text).toMatch(
        /^unknown: .*before the first/,
      );
    }
    expect(outcome(ruleOf('-m recent --set', 4), packet(T), { state: earlier })).toBe('yes');
  });

  it('connlabel knows a label by the name that the host gives it; its number stands in a file there', () => {
    const of = (skb: Skb, text: string) => outcome(ruleOf(`-m connlabel ${text}`, 4), skb);
    const skb = packet('tcp 10.0.0.1:1 > 10.0.0.2:80 ct=NEW');
    expect(
      ['--label web', '--label web --set', '--label web', '--label db'].map((text) => of(skb, text)),
    ).toEqual(['no', 'yes', 'yes', 'no']);
    of(skb, '--label 5 --set');
    expect(of(skb, '--label db')).toMatch(/^unknown: the number of label db/);
  });

  it('connlimit counts the connections that came by the rule and are still there', () => {
    const rule = ruleOf('-m connlimit --connlimit-above 2', 4);
    const state = freshState();
    const skbs = [1, 2, 3].map((port) =>
      packet(`tcp 10.0.0.1:${port} > 10.0.0.2:80 ct=NEW orig=10.0.0.1:${port}`),
    );
    const confirmed = (skb: Skb): string => {
      const result = outcome(rule, skb, { state });
      const entry = skb.conntrack?.entry;
      if (entry) entry.confirmed = true;
      return result;
    };
    expect(skbs.map(confirmed)).toEqual(['no', 'no', 'yes']);
    const first = skbs[0]?.conntrack?.entry;
    if (first) first.tcpState = 'TIME_WAIT';
    // Collected when a connection comes by that is not known yet.
    expect(skbs.slice(2).map((skb) => outcome(rule, skb, { state }))).toEqual(['yes']);
    if (first) first.dead = true;
    expect(outcome(rule, packet('tcp 10.0.0.1:2 > 10.0.0.2:80 ct=NEW orig=10.0.0.1:2'), { state })).toBe(
      'no',
    );
    expect(outcome(rule, packet('tcp 10.0.0.9:1 > 10.0.0.2:80 ct=NEW orig=10.0.0.9:1'), { state })).toBe(
      'no',
    );
  });
});
