/** Every table with random rules, on a router with a bridge: packets of all kinds, and answers to what came out. */
import type { Case, Frame, Stimulus } from '../case.ts';
import { answersOf } from '../generate/answers.ts';
import { randomPacket } from '../generate/packets.ts';
import { randomRules } from '../generate/rules.ts';
import { ROUTER } from '../networks/router.ts';
import type { Random } from '../random.ts';

const PACKETS = 30;
const ANSWERS = 60;

/** Settings that change the way of many packets. */
const SETTINGS: readonly string[] = [
  'sysctl -qw net.bridge.bridge-nf-call-iptables=0',
  'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0',
  'sysctl -qw net.ipv4.conf.eth0.rp_filter=1',
  'sysctl -qw net.ipv4.conf.all.rp_filter=2',
  'sysctl -qw net.ipv4.conf.eth1.forwarding=0',
  'sysctl -qw net.ipv4.ip_forward=0',
  'sysctl -qw net.ipv4.conf.all.route_localnet=1',
  'sysctl -qw net.ipv4.conf.all.accept_local=1',
  'sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0',
  'sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1',
  'ip route add 10.90.2.2 via 10.90.1.3',
  'ip route add blackhole 8.8.8.0/24',
  'ip rule add fwmark 1 lookup 100 pref 100',
  'ip rule add fwmark 2/2 iif eth0 lookup 100 pref 101',
  'ip rule add from 10.90.3.0/24 to 10.90.1.0/24 lookup 100 pref 102',
  'ip rule add tos 0x10 lookup 100 pref 103',
  'bridge link set dev p0 hairpin on',
];

export function routerCase(random: Random): Omit<Case, 'name'> {
  const rules = { ip4: randomRules(random, 4), ip6: randomRules(random, 6) };
  const chosen = SETTINGS.filter(() => random.chance(0.06));
  return {
    network: ROUTER,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: rules },
    settings: { host: ['ip route add default via 10.90.1.2 dev eth0 table 100', ...chosen] },
    stimuli: Array.from({ length: PACKETS }, () => randomPacket(random)),
    answer: limited(ANSWERS, (frames) => answersOf(frames, () => random.chance(0.7))),
  };
}

/** At most so many answers in all. */
export function limited(
  most: number,
  answer: (frames: readonly Frame[]) => readonly Stimulus[],
): (frames: readonly Frame[]) => readonly Stimulus[] {
  let left = most;
  return (frames) => {
    const made = answer(frames).slice(0, left);
    left -= made.length;
    return made;
  };
}
