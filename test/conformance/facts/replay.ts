/** Whole sessions through a gateway, with everything that a replay of them has to count. */
import { parseIp } from '../../../src/net/ip.ts';
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { GATEWAY } from '../networks/gateway.ts';

const CLIENT = ['10.91.1.2', 'fd91:1::2'] as const;
const SERVER = ['10.91.2.2', 'fd91:2::2'] as const;
const RED = ['10.91.3.2', 'fd91:3::2'] as const;
const LAN = ['10.91.1.1', 'fd91:1::1'] as const;
const WAN = ['10.91.2.1', 'fd91:2::1'] as const;
const INNER = ['10.91.3.1', 'fd91:3::1'] as const;
const TCP = 6;
const UDP = 17;
const ICMP = [1, 58] as const;
const FLAG = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 } as const;

type Spec = Omit<SkbSpec, 'source' | 'destination'>;

function packet(on: string, source: string, destination: string, spec: Spec, after?: number): Stimulus {
  const skb = buildSkb({
    source: parseIp(source) ?? 0,
    destination: parseIp(destination) ?? 0,
    payload: 12,
    ...spec,
  });
  return { on, skb, ...(after === undefined ? {} : { after }) };
}

const udp = (sourcePort: number, destinationPort: number, more: Partial<Spec> = {}): Spec => ({
  protocol: UDP,
  sourcePort,
  destinationPort,
  ...more,
});
const tcp = (
  sourcePort: number,
  destinationPort: number,
  tcpFlags: number,
  [tcpSequence, tcpAcknowledgement]: readonly [number, number],
  payload = 0,
): Spec => ({
  protocol: TCP,
  sourcePort,
  destinationPort,
  tcpFlags,
  tcpSequence,
  tcpAcknowledgement,
  payload,
});

/** The same in both families. */
function session(six: 0 | 1): Stimulus[] {
  const [client, server, red, lan, wan, inner] = [CLIENT, SERVER, RED, LAN, WAN, INNER].map(
    (each) => each[six],
  ) as [string, string, string, string, string, string];
  const echo = (icmpSequence: number): Spec => ({ protocol: ICMP[six], icmpId: 77, icmpSequence });
  const { fin, syn, push, ack } = FLAG;
  const up = (flags: number, numbers: readonly [number, number], payload = 0) =>
    packet('client', client, server, tcp(4000, 80, flags, numbers, payload));
  const down = (flags: number, numbers: readonly [number, number], payload = 0) =>
    packet('server', server, wan, tcp(80, 4000, flags, numbers, payload));
  return [
    packet('client', client, lan, echo(1)),
    packet('client', client, red, echo(2)),
    packet('local:red', red, inner, echo(3)),
    packet('local:host', inner, red, echo(4)),
    up(syn, [1000, 0]),
    down(syn | ack, [7000, 1001]),
    up(ack, [1001, 7001]),
    up(ack | push, [1001, 7001], 200),
    down(ack | push, [7001, 1201], 700),
    up(ack | fin, [1201, 7701]),
    down(ack | fin, [7701, 1202]),
    up(ack, [1202, 7702]),
    packet('server', server, wan, { ...tcp(5000, 8080, syn, [500, 0]), tcpMss: 1460 }),
    packet('server', server, wan, tcp(5001, 22, syn, [900, 0])),
    packet('client', client, server, tcp(5002, 25, syn, [100, 0])),
    packet('client', client, server, tcp(5003, 443, ack, [100, 100])),
    packet('local:red', red, server, udp(6000, 53)),
    packet('local:red', red, server, echo(5)),
    packet('server', server, wan, { ...echo(5), icmpType: six ? 129 : 0 }),
    packet('client', client, red, udp(6001, 9999)),
    packet('client', client, server, udp(6002, 123, { ttl: 1 })),
    packet('client', client, server, udp(6003, 161)),
    packet('client', client, lan, udp(6004, 7)),
    ...[1, 2, 3, 4].map((each) => packet('client', client, red, udp(6100 + each, 514, { tos: 8 * each }))),
    packet('client', client, red, udp(6200, 514), 1.2),
    packet('local:host', wan, server, udp(6300, 6666)),
    packet('server', server, client, udp(6301, 5353)),
  ];
}

const rules = (six: 0 | 1): string => {
  const icmp = ['icmp', 'ipv6-icmp'][six];
  const reject = ['icmp-admin-prohibited', 'icmp6-adm-prohibited'][six];
  return `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i lan0 -p udp -m udp --dport 7 -j CT --notrack
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mark-it - [0:0]
-A PREROUTING -i lan0 -j mark-it
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A POSTROUTING -m mark --mark 0x7/0xf -j TOS --set-tos 0x10/0x3f
-A mark-it -p udp -j RETURN
-A mark-it -j MARK --set-xmark 0x7/0xf
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${six ? `[${RED[1]}]` : RED[0]}:80
-A POSTROUTING -o wan0 -m comment --comment "way out" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
:syslog - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan0 -p tcp -m tcp --dport 22 -j DROP
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -d ${RED[six]}/${six ? 128 : 32} -p udp -m udp --dport 514 -j syslog
-A FORWARD -p tcp -g services
-A FORWARD -p ${icmp} -j ACCEPT
-A FORWARD -p udp -m multiport --dports 53,123,9999 -j ACCEPT
-A FORWARD -i lan0 -p udp -j REJECT --reject-with ${reject}
-A OUTPUT -p udp -m udp --dport 6666 -j REJECT --reject-with ${['icmp-port-unreachable', 'icmp6-port-unreachable'][six]}
-A services -p tcp -m multiport --dports 80,8080 -j ACCEPT
-A services -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
-A syslog -m limit --limit 1/sec --limit-burst 2 -j ACCEPT
-A syslog -j LOG --log-prefix "too many: "
COMMIT
`;
};

const inner = (six: 0 | 1): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80
-A OUTPUT -p ${['icmp', 'ipv6-icmp'][six]}
COMMIT
`;

export const replayFacts: readonly Fact[] = [
  {
    name: 'a gateway’s day in both families',
    network: GATEWAY,
    rules: { host: { ip4: rules(0), ip6: rules(1) }, red: { ip4: inner(0), ip6: inner(1) } },
    stimuli: [...session(0), ...session(1)],
    keepSaves: true,
  },
];
