/** Netfilter traces as text: what each line is read as, and that no line is lost. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recogniseDump } from '../../src/dump/recognise.ts';
import type { TraceDump, TraceEvent } from '../../src/dump/trace-record.ts';
import { formatIp } from '../../src/net/ip.ts';
import { formatMac } from '../../src/net/mac.ts';
import { contentLines } from '../../src/report/text/dump/content.ts';
import { styleOf } from '../../src/report/text/style.ts';

function read(text: string, path = 'trace.txt') {
  const dump = recogniseDump(path, text);
  if (dump?.content.kind !== 'trace') throw new Error(`not taken for a trace: ${text.slice(0, 80)}`);
  return { form: dump.format, trace: dump.content.trace, issues: dump.issues };
}

function words({ header, step, logPrefix, id, time, conntrack, change }: TraceEvent): string {
  const fields = header && { ...header };
  return JSON.stringify({
    ...(id && { id }),
    ...(time && { time }),
    ...(logPrefix !== undefined && { logPrefix }),
    ...(conntrack && { conntrack }),
    ...(change && { change }),
    ...(step && { step }),
    ...(fields && {
      header: {
        ...fields,
        source: formatIp(fields.source),
        destination: formatIp(fields.destination),
        ...(fields.etherSource !== undefined && { etherSource: formatMac(fields.etherSource) }),
        ...(fields.etherDestination !== undefined && {
          etherDestination: formatMac(fields.etherDestination),
        }),
      },
    }),
  });
}

const TCP =
  'SRC=10.0.0.2 DST=10.0.0.9 LEN=60 TOS=0x00 PREC=0xC0 TTL=64 ID=4711 DF PROTO=TCP SPT=4000 DPT=80 SEQ=7 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 ';
const TCP_HEADER =
  '"source":"10.0.0.2","destination":"10.0.0.9","length":60,"tos":192,"ttl":64,"id":4711,"dontFragment":true,"protocol":6,"sourcePort":4000,"destinationPort":80,"tcpFlags":2,"tcpSequence":7,"tcpAcknowledgement":0,"tcpWindow":64240}';
const RULE = '{"kind":"rule","table":"filter","chain":"FORWARD","number":3}';

describe('the kernel log', () => {
  it.each<[what: string, line: string, read: string]>([
    [
      'dmesg',
      `[ 4258.368430] TRACE: filter:FORWARD:rule:3 IN=eth0 OUT=eth1 ${TCP}`,
      `{"time":{"clock":"boot","seconds":4258.36843},"step":${RULE},"header":{"family":4,"in":"eth0","out":"eth1",${TCP_HEADER}}`,
    ],
    [
      'dmesg -T',
      `[Sat Nov 28 14:12:01 2026] TRACE: filter:FORWARD:rule:3 IN=eth0 OUT=eth1 ${TCP}`,
      `{"time":{"clock":"epoch","seconds":1795875121},"step":${RULE},"header":{"family":4,"in":"eth0","out":"eth1",${TCP_HEADER}}`,
    ],
    [
      'journalctl -k',
      `Nov 28 14:12:01 fw kernel: TRACE: filter:FORWARD:rule:3 IN=eth0 OUT=eth1 ${TCP}`,
      `{"time":{"clock":"year","seconds":28735921},"step":${RULE},"header":{"family":4,"in":"eth0","out":"eth1",${TCP_HEADER}}`,
    ],
    [
      'syslog, RFC 5424 time',
      `2026-11-28T14:12:01.250000+01:00 fw kernel: [  99.000001] TRACE: filter:FORWARD:rule:3 IN=eth0 OUT=eth1 ${TCP}`,
      `{"time":{"clock":"epoch","seconds":1795871521.25},"step":${RULE},"header":{"family":4,"in":"eth0","out":"eth1",${TCP_HEADER}}`,
    ],
    [
      'no time, and a mark and owner',
      `TRACE: raw:OUTPUT:policy:2 IN= OUT=eth1 ${TCP}UID=0 GID=0 MARK=0x7 `,
      `{"step":{"kind":"policy","table":"raw","chain":"OUTPUT","number":2},"header":{"family":4,"out":"eth1",${TCP_HEADER.slice(0, -1)},"mark":7,"uid":0}}`,
    ],
    [
      'a bridge, with the frame',
      `TRACE: mangle:FORWARD:policy:1 IN=br0 OUT=br0 PHYSIN=p1 PHYSOUT=p2 MAC=02:00:00:00:05:03:02:00:00:00:05:02:08:00 ${TCP}`,
      `{"step":{"kind":"policy","table":"mangle","chain":"FORWARD","number":1},"header":{"family":4,"in":"br0","out":"br0","physin":"p1","physout":"p2","etherSource":"02:00:00:00:05:02","etherDestination":"02:00:00:00:05:03",${TCP_HEADER}}`,
    ],
    [
      'IPv6, echo request',
      'TRACE: filter:INPUT:return:1 IN=lo OUT= MAC=00:00:00:00:00:00:00:00:00:00:00:00:86:dd SRC=0000:0000:0000:0000:0000:0000:0000:0001 DST=0000:0000:0000:0000:0000:0000:0000:0001 LEN=64 TC=0 HOPLIMIT=64 FLOWLBL=1234 PROTO=ICMPv6 TYPE=128 CODE=0 ID=77 SEQ=1 ',
      '{"step":{"kind":"return","table":"filter","chain":"INPUT","number":1},"header":{"family":6,"in":"lo","source":"::1","destination":"::1","length":64,"tos":0,"ttl":64,"flowLabel":1234,"protocol":58,"icmpType":128,"icmpCode":0,"icmpId":77,"icmpSequence":1}}',
    ],
    [
      'an ICMP error and what it quotes',
      'TRACE: filter:OUTPUT:policy:2 IN= OUT=eth0 SRC=10.0.0.1 DST=10.0.0.2 LEN=88 TOS=0x00 PREC=0xC0 TTL=64 ID=5 PROTO=ICMP TYPE=3 CODE=3 [SRC=10.0.0.2 DST=10.0.0.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=6 PROTO=TCP SPT=1 DPT=2 ] ',
      '{"step":{"kind":"policy","table":"filter","chain":"OUTPUT","number":2},"header":{"family":4,"out":"eth0","source":"10.0.0.1","destination":"10.0.0.2","length":88,"tos":192,"ttl":64,"id":5,"protocol":1,"icmpType":3,"icmpCode":3}}',
    ],
    [
      'UFW',
      `Nov  2 01:02:03 fw kernel: [12345.678901] [UFW BLOCK] IN=eth0 OUT= ${TCP}`,
      `{"time":{"clock":"boot","seconds":12345.678901},"logPrefix":"[UFW BLOCK] ","header":{"family":4,"in":"eth0",${TCP_HEADER}}`,
    ],
    [
      'firewalld',
      `FINAL_REJECT: IN=eth0 OUT= ${TCP}`,
      `{"logPrefix":"FINAL_REJECT: ","header":{"family":4,"in":"eth0",${TCP_HEADER}}`,
    ],
    [
      'no prefix at all',
      `IN=eth0 OUT= ${TCP}`,
      `{"logPrefix":"","header":{"family":4,"in":"eth0",${TCP_HEADER}}`,
    ],
    [
      'a rule looked up by a program',
      '97f031f9d7f1 TRACE: filter:OUTPUT:rule:1  "-A OUTPUT -j LIBVIRT_OUT"',
      '{"id":"97f031f9d7f1","step":{"kind":"rule","table":"filter","chain":"OUTPUT","number":1,"text":"-A OUTPUT -j LIBVIRT_OUT"}}',
    ],
  ])('%s', (_, line, expected) => {
    const { form, trace, issues } = read(`${line}\n`);
    expect(form).toBe('kernel-log');
    expect(trace.events.map(words)).toEqual([expected]);
    expect(issues).toEqual([]);
  });

  it('two messages on one line are two, a wrapped one is one', () => {
    const torn = `[ 1.000001] TRACE: raw:PREROUTING:policy:2 IN=a OUT= ${TCP}[ 1.000002] TRACE: raw:PREROUTING:policy:2 IN=b OUT= ${TCP}`;
    expect(read(torn).trace.events.map(({ header }) => header?.in)).toEqual(['a', 'b']);
    const wrapped = `TRACE: raw:PREROUTING:policy:2 IN=a OUT=\n${TCP.replace(' TTL', '\nTTL')}\n`;
    expect(read(wrapped).trace.events.map(({ header }) => header?.ttl)).toEqual([64]);
  });

  it('other lines are passed over; what was suppressed or cut off is said', () => {
    const { trace, issues } = read(
      [
        '[    1.000000] eth0: link up',
        `[    2.000000] TRACE: filter:FORWARD:rule:1 IN=a OUT=b ${TCP}`,
        '[    2.100000] net_ratelimit: 25 callbacks suppressed',
        'Nov 28 14:12:01 fw systemd-journald[1]: Missed 12 kernel messages',
        '[    3.000000] TRACE: filter:FORWARD:rule:2 IN=a OUT=b SRC=10.0.',
      ].join('\n'),
    );
    expect(trace.events.map(({ step }) => step?.number)).toEqual([1, 2]);
    expect(trace.gaps.map(({ line }) => line)).toEqual([3, 4, 5]);
    expect(issues.map(({ line, code }) => [line, code])).toEqual([[5, 'dump-line']]);
  });
});

describe('xtables-monitor', () => {
  it.each<[what: string, lines: string, read: string[]]>([
    [
      'a rule that jumps, a RETURN, a policy',
      'PACKET: 2 90f22b18 IN=br0 OUT=up0 MACSRC=9e:1:d1:19:f6:58 MACDST=62:e8:8b:6f:ce:26 MACPROTO=0800 SRC=10.5.0.2 DST=192.0.2.9 LEN=60 TOS=0x0 TTL=63 ID=13406 DF SPORT=38804 DPORT=22 SYN \n' +
        ' TRACE: 2 90f22b18 filter:FORWARD:rule:0x8:JUMP:web  -4 -t filter -A FORWARD -p tcp -j web\n' +
        ' TRACE: 2 90f22b18 filter:web:rule:0xb:0xfffffffb  -4 -t filter -A web -p tcp -m tcp --dport 22 -j RETURN\n' +
        ' TRACE: 2 90f22b18 filter:FORWARD:policy:DROP \n',
      [
        '{}',
        '{"kind":"rule","table":"filter","chain":"FORWARD","handle":8,"tableFamily":"ip","text":"-A FORWARD -p tcp -j web","verdict":"JUMP web"}',
        '{"kind":"rule","table":"filter","chain":"web","handle":11,"tableFamily":"ip","text":"-A web -p tcp -m tcp --dport 22 -j RETURN","verdict":"RETURN"}',
        '{"kind":"policy","table":"filter","chain":"FORWARD","verdict":"DROP"}',
      ],
    ],
    [
      'as the manual page shows it',
      '1 TRACE: 2 fc475095 raw:PREROUTING:rule:0x3:CONTINUE \\-4 \\-t raw \\-A PREROUTING \\-p icmp \\-j TRACE\n2 PACKET: 0 fc475095 IN=lo SRC=127.0.0.1 DST=127.0.0.1 LEN=84 TOS=0x0 TTL=64 ID=38349DF\n3 TRACE: 2 fc475095 raw:PREROUTING:return:\n',
      [
        '{"kind":"rule","table":"raw","chain":"PREROUTING","handle":3,"tableFamily":"ip","text":"-A PREROUTING -p icmp -j TRACE","verdict":"CONTINUE"}',
        '{}',
        '{"kind":"return","table":"raw","chain":"PREROUTING"}',
      ],
    ],
  ])('%s', (_, lines, expected) => {
    const { form, trace } = read(lines);
    expect(form).toBe('xtables-monitor');
    expect(trace.events.map(({ step }) => JSON.stringify(step ?? {}))).toEqual(expected);
  });

  it("IPv6 lengths count the whole header, and the packet's ends are read", () => {
    const { trace } = read(
      'PACKET: 10 dc998d21 IN=br0 MACSRC=9e:41:d1:19:f6:58 MACDST=62:e8:8b:6f:ce:26 MACPROTO=86dd SRC=fd05::2 DST=fd06::9 LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=861428 SPORT=48590 DPORT=80 SYN \n',
    );
    expect(trace.events.map(words)).toEqual([
      '{"id":"dc998d21","header":{"family":6,"in":"br0","etherSource":"9e:41:d1:19:f6:58","etherDestination":"62:e8:8b:6f:ce:26","source":"fd05::2","destination":"fd06::9","length":80,"tos":0,"ttl":64,"flowLabel":861428,"protocol":6,"sourcePort":48590,"destinationPort":80,"tcpFlags":2}}',
    ]);
  });

  it('changes to the ruleset and an end in the middle of a line are said', () => {
    const { trace, issues } = read(
      'EVENT: ip6tables -t filter -A FORWARD -j ACCEPT\nPACKET: 2 8ead8ada IN=a SRC=10.0.0.2 DST=10.0.0.9 LEN=60 TOS=0x0 TTL=64 ID=1 \n TRACE: 2 8ead8ada filter:FORWARD:rule:0x4:DROP  -4 -t fil',
    );
    expect(trace.events[0]?.change).toBe('ip6tables -t filter -A FORWARD -j ACCEPT');
    expect(trace.gaps).toEqual([{ line: 3, text: 'it ends in the middle of a line' }]);
    expect(issues).toEqual([]);
  });
});

describe('nft monitor trace', () => {
  const id = 'trace id 8ead8ada';
  it.each<[line: string, read: string]>([
    [
      `${id} ip raw PREROUTING packet: iif "br0" ether saddr 02:77:00:00:01:02 ether daddr 02:77:00:00:01:01 ip saddr 10.0.0.2 ip daddr 10.0.0.9 ip dscp cs6 ip ecn not-ect ip ttl 64 ip id 4711 ip length 60 tcp sport 4000 tcp dport http tcp flags == syn tcp window 64240 `,
      '{"id":"8ead8ada","header":{"family":4,"in":"br0","etherSource":"02:77:00:00:01:02","etherDestination":"02:77:00:00:01:01","source":"10.0.0.2","destination":"10.0.0.9","length":60,"tos":192,"ttl":64,"id":4711,"protocol":6,"sourcePort":4000,"destinationPort":80,"tcpFlags":2,"tcpWindow":64240}}',
    ],
    [
      `${id} ip6 filter OUTPUT packet: oif "lo" ip6 saddr ::1 ip6 daddr ::1 ip6 dscp cs0 ip6 ecn not-ect ip6 hoplimit 64 ip6 flowlabel 5 ip6 length 24 icmpv6 type echo-reply icmpv6 code no-route icmpv6 id 9 icmpv6 sequence 1 @th,64,96 0x56fa `,
      '{"id":"8ead8ada","header":{"family":6,"out":"lo","source":"::1","destination":"::1","length":64,"tos":0,"ttl":64,"flowLabel":5,"protocol":58,"icmpType":129,"icmpCode":0,"icmpId":9,"icmpSequence":1}}',
    ],
    [
      `${id} ip filter FORWARD rule tcp dport 80 counter packets 0 bytes 0 jump web (verdict jump web)`,
      '{"id":"8ead8ada","step":{"kind":"rule","tableFamily":"ip","table":"filter","chain":"FORWARD","text":"tcp dport 80 counter packets 0 bytes 0 jump web","verdict":"JUMP web"}}',
    ],
    [
      `${id} inet fw input rule tcp flags == syn | ack drop comment "a (verdict b) c" # handle 12 (verdict drop)`,
      '{"id":"8ead8ada","step":{"kind":"rule","tableFamily":"inet","table":"fw","chain":"input","handle":12,"text":"tcp flags == syn | ack drop comment \\"a (verdict b) c\\"","verdict":"DROP"}}',
    ],
    [
      `${id} inet fw input unknown rule handle 12 (verdict accept)`,
      '{"id":"8ead8ada","step":{"kind":"rule","tableFamily":"inet","table":"fw","chain":"input","handle":12,"verdict":"ACCEPT"}}',
    ],
    [
      `${id} ip raw PREROUTING policy accept `,
      '{"id":"8ead8ada","step":{"kind":"policy","tableFamily":"ip","table":"raw","chain":"PREROUTING","verdict":"ACCEPT"}}',
    ],
    [
      `${id} inet fw web verdict return `,
      '{"id":"8ead8ada","step":{"kind":"return","tableFamily":"inet","table":"fw","chain":"web"}}',
    ],
    [
      `${id} inet fw web verdict continue `,
      '{"id":"8ead8ada","step":{"kind":"return","tableFamily":"inet","table":"fw","chain":"web","verdict":"CONTINUE"}}',
    ],
    [
      `${id} inet fw pre conntrack: ct direction original ct state new ct id 2641368242`,
      '{"id":"8ead8ada","conntrack":"ct direction original ct state new ct id 2641368242"}',
    ],
  ])('%s', (line, expected) => {
    const { form, trace, issues } = read(`${line}\n`);
    expect(form).toBe('nft-trace');
    expect(trace.events.map(words)).toEqual([expected]);
    expect(issues).toEqual([]);
  });
});

const CORPUS = '../shared/corpus/traces/kernel-gen';
const recordings = [
  ...['nft/nft-trace.txt', 'nft/xtables-monitor.txt', 'legacy/kernel.log'].map((name) =>
    join('test/traces/recorded', name),
  ),
  ...(existsSync(CORPUS) ? readdirSync(CORPUS) : []).flatMap((scenario) =>
    ['nft/nft-monitor-trace.txt', 'nft/xtables-monitor.txt', 'legacy/kernel.log']
      .map((name) => join(CORPUS, scenario, name))
      .filter(existsSync),
  ),
];

describe('recorded traces', () => {
  it.each(recordings)('%s: every line is an event with its packet, and printed', (path) => {
    const text = readFileSync(path, 'utf8');
    const { trace, issues } = read(text, path);
    const cut = trace.gaps.length;
    expect(cut === 0 || path.endsWith('xtables-monitor.txt')).toBe(true);
    expect(issues.length).toBeLessThanOrEqual(cut);
    expect(trace.events.map(({ span }) => span.line)).toEqual(
      text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [index + 1])),
    );
    expect(trace.events.filter(({ header }) => !header)).toEqual([]);
    const printed = contentLines(
      { kind: 'trace', trace },
      styleOf({ width: 80 } as Parameters<typeof styleOf>[0]),
    );
    expect(printed.length).toBeGreaterThan(trace.events.length / 2);
  });

  it.each(recordings)('%s: cut anywhere, it is read up to there', (path) => {
    const text = readFileSync(path, 'utf8').split('\n').slice(0, 6).join('\n');
    const whole = read(text).trace as TraceDump;
    for (let end = 60; end < text.length; end += 7) {
      const dump = recogniseDump(path, text.slice(0, end));
      if (dump?.content.kind !== 'trace') continue;
      const { events } = dump.content.trace;
      const lines = text.slice(0, end).split('\n').length;
      expect(events.length).toBeGreaterThanOrEqual(lines - 1);
      expect(events.slice(0, lines - 1).map(words)).toEqual(whole.events.slice(0, lines - 1).map(words));
    }
  });
});
