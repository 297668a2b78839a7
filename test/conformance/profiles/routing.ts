/**
 * Routing: random tables, rules, next hops and settings, those that `ip route get` is asked about as well, and packets that
 * make the difference: groups, martians, TTL 1, too long ones with and without DF, marks, and local senders.
 */
import type { Family } from '../../../src/net/ip.ts';
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { DEVICES, SOURCES6, SPOTS4, SPOTS6, settingsOf, setupOf } from '../../netstack/route-get/generate.ts';
import type { Case, Network, Stimulus } from '../case.ts';
import { address } from '../generate/packets.ts';
import type { Random } from '../random.ts';

const farMac = (index: number): Mac => 0x02ab00000000 + index + 1;
const nearMac = (index: number): Mac => 0x02bc00000000 + index + 1;
const BROADCAST = 0xffffffffffff;

export function routingCase(random: Random): Omit<Case, 'name'> {
  const setup = setupOf(random).filter((line) => !/^(?:-6 )?neigh /.test(line));
  // Under policy 1 the hash that the kernel's own trace puts on a packet (nft_trace_init()) is taken for that of the route.
  const settings = settingsOf(random).map((line) =>
    line.replace(/_hash_seed=0$/, '_hash_seed=77').replace(/_hash_policy=1$/, '_hash_policy=3'),
  );
  // A raw socket's route is asked for without ports and protocol.
  const local = random.chance(0.4);
  const plain = local
    ? setup.filter((line) => !/\b(?:nexthop|nhid|ipproto|sport|dport|append)\b/.test(line))
    : setup;
  const narrow = random.chance(0.4) ? random.pick(DEVICES) : undefined;
  return {
    network: networkOf(),
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: { ip4: marking(random, 4), ip6: marking(random, 6) } },
    settings: { host: commandsOf(random, plain, settings, narrow) },
    stimuli: Array.from({ length: 45 }, () => packetOf(random, local && random.chance(0.3), narrow)),
  };
}

function networkOf(): Network {
  return {
    namespaces: {
      host: DEVICES.map((device, index) => `ip link set ${device} address ${formatMac(nearMac(index))} up`),
    },
    wires: [],
    ends: Object.fromEntries(
      DEVICES.map((device, index) => [device, { at: `host:${device}`, mac: farMac(index) }] as const),
    ),
  };
}

/** Everybody whom a packet may be sent to stands behind every interface. */
function commandsOf(
  random: Random,
  setup: readonly string[],
  settings: readonly string[],
  narrow: string | undefined,
): string[] {
  const neighbours = DEVICES.flatMap((device, index) => {
    const gateways4 = [2, 3, 9].map((host) => `10.${index}.0.${host}`);
    const gateways6 = [2, 3, 9].map((host) => `fd00:0:0:${index}::${host}`);
    const lost = ['10.200.0.0', '10.200.0.1', '10.200.0.2', '10.200.0.3', '10.200.0.4', '172.16.0.2'];
    const all = [...SPOTS4, ...gateways4, ...lost, ...SPOTS6, ...SOURCES6, ...gateways6];
    return all
      .filter((ip) => groupMac(ip) === undefined)
      .map((ip) => `neigh replace ${ip} lladdr ${formatMac(farMac(index))} dev ${device} nud permanent`);
  });
  const mtu = narrow === undefined ? [] : [`link set ${narrow} mtu ${random.pick([1280, 1300, 1400])}`];
  const four = setup.filter((line) => !line.startsWith('-6 '));
  const six = setup.filter((line) => line.startsWith('-6 ')).map((line) => line.slice(3));
  return [
    `sysctl -qw ${settings.join(' ')} 2>/dev/null || true`,
    batch('ip -4', [...four, ...mtu]),
    batch('ip -6', six),
    batch('ip', neighbours),
    // Addresses are older than the first packet.
    'sleep 0.05',
  ];
}

function batch(command: string, lines: readonly string[]): string {
  return `${command} -force -batch - >/dev/null 2>&1 <<'X' || true\n${lines.join('\n')}\nX`;
}

/** Marks before the decision, and rules that ask what it was. */
function marking(random: Random, family: Family): string {
  const device = () => random.pick(DEVICES);
  const types =
    family === 4
      ? ['UNICAST', 'LOCAL', 'BROADCAST', 'MULTICAST']
      : ['UNICAST', 'LOCAL', 'MULTICAST', 'UNREACHABLE'];
  const type = () => random.pick(types);
  const lines = [
    '*raw',
    ':PREROUTING ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    `-A PREROUTING -m rpfilter ${random.pick(['', '--loose', '--invert', '--accept-local', '--validmark', '--loose --invert'])}`,
    `-A PREROUTING -m addrtype ${random.pick(['', '! '])}--dst-type ${type()}`,
    `-A PREROUTING -m addrtype ${random.pick(['', '! '])}--src-type ${type()}`,
    `-A PREROUTING -m addrtype --dst-type LOCAL --limit-iface-in`,
    `-A PREROUTING -m devgroup --src-group ${random.pick(['0x7', '0x9', '0x1/0x1'])}`,
    'COMMIT',
    '*mangle',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    `-A PREROUTING -p udp -m udp --dport 1:80 -j MARK --set-xmark ${random.pick(['0x1', '0x2', '0x10'])}/0xffffffff`,
    ...(random.chance(0.4)
      ? [`-A PREROUTING -i ${device()} -j TOS --set-tos ${random.pick(['0x10', '0x08', '0x18'])}/0x3f`]
      : []),
    '-A PREROUTING -m rpfilter --validmark',
    ...(random.chance(0.4)
      ? [`-A OUTPUT -p udp -j MARK --set-xmark ${random.pick(['0x1', '0x2'])}/0xffffffff`]
      : []),
    `-A FORWARD -m devgroup --dst-group ${random.pick(['0x7', '0x9'])}`,
    `-A INPUT -m addrtype --dst-type ${type()}`,
    ...(family === 4
      ? ['FORWARD', 'INPUT', 'POSTROUTING', 'OUTPUT'].map(
          (chain) =>
            `-A ${chain} -m realm --realm ${random.pick(['0x4', '0x30000/0xffff0000', '0x40000/0xffff0000', '0x0'])}`,
        )
      : []),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

function packetOf(random: Random, local: boolean, narrow: string | undefined): Stimulus {
  const family: Family = random.chance(0.6) ? 4 : 6;
  const spots = family === 4 ? SPOTS4 : SPOTS6;
  // Whether a socket is bound to its source decides where groups are sent to: a raw one isn't.
  const destination = random.pick(local ? spots.filter((each) => groupMac(each) === undefined) : spots);
  const near = random.below(4);
  const own = family === 4 ? `10.${near}.0.1` : `fd00:0:0:${near}::1`;
  const index = random.below(4);
  const neighbour = family === 4 ? `10.${index}.0.9` : `fd00:0:0:${index}::9`;
  const source = local ? own : random.chance(0.6) ? neighbour : random.pick(spots);
  const protocol = random.pick([6, 17, 17, family === 4 ? 1 : 58]);
  // What its own interface can't take never arrives.
  const long = random.chance(0.12) && !local && DEVICES[index] !== narrow;
  const skb = buildSkb({
    source: address(source),
    destination: address(destination),
    protocol,
    payload: long ? random.pick([1260, 1300, 1400]) : protocol === 6 ? 0 : random.below(20),
    ttl: random.chance(0.1) ? random.pick([1, 2]) : 64,
    id: random.below(0x10000),
    tos: local ? 0 : random.pick([0, 0, 0x10, 0x04, 0x18, 0x44]),
    dontFragment: random.chance(0.5),
    ...(protocol === 6 || protocol === 17
      ? { sourcePort: random.pick([53, 500, 4001, 4002]), destinationPort: random.pick([80, 443, 1500]) }
      : { icmpId: 1 }),
    ...(protocol === 6 ? { tcpFlags: 2 } : {}),
  });
  if (local) return { on: 'local:host', skb };
  const to = groupMac(destination);
  return {
    on: DEVICES[index] ?? 'e0',
    skb:
      to === undefined
        ? random.chance(0.03)
          ? { ...skb, etherDestination: BROADCAST }
          : skb
        : { ...skb, etherDestination: to },
  };
}

/** Of the addresses that are a group's or everybody's. */
function groupMac(destination: string): Mac | undefined {
  const ip = address(destination);
  if (typeof ip === 'bigint')
    return ip >> 120n === 0xffn ? 0x333300000000 + Number(ip & 0xffffffffn) : undefined;
  if (ip >>> 28 === 14) return 0x01005e000000 + (ip & 0x7fffff);
  return ip === 0xffffffff || destination.endsWith('.255') ? BROADCAST : undefined;
}
