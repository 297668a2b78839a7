/**
 * Bridges: several ports with random attributes, stations in namespaces and behind far ends, rules that look at ports,
 * bridge-nf on and off, and frames to one, to nobody known, to everybody, to groups, tagged and from strangers.
 */
import type { Case, Stimulus } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { randomPacket, USUAL } from '../generate/packets.ts';
import { randomSite } from '../generate/random-site.ts';
import { randomRules } from '../generate/rules.ts';
import { type Site, vocabularyOf } from '../generate/site.ts';
import type { Random } from '../random.ts';

const PACKETS = 40;
const ANSWERS = 30;

export function bridgeCase(random: Random): Omit<Case, 'name'> {
  const site = randomSite(random, {
    plain: 1,
    bridges: [
      { hosts: 2 + random.below(2), leaves: random.below(2) },
      ...(random.chance(0.4) ? [{ hosts: 2, leaves: 0 }] : []),
    ],
    leaves: 0,
  });
  const [gateway] = site.namespaces;
  if (!gateway) throw new Error('a site without namespaces');
  const words = vocabularyOf(site, gateway);
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: {
      [gateway.name]: { ip4: randomRules(random, 4, words), ip6: randomRules(random, 6, words) },
    },
    settings: { [gateway.name]: bridgeSettings(random, site) },
    stimuli: Array.from({ length: PACKETS }, () => randomFrame(random, site)),
    answer: limited(ANSWERS, (frames) => answersOf(frames, () => random.chance(0.5))),
  };
}

const FLAGS = ['hairpin', 'isolated', 'learning', 'flood', 'mcast_flood', 'bcast_flood', 'locked'] as const;
/** What a port has when nobody changed it. */
const USUALLY_ON = new Set<string>(['learning', 'flood', 'mcast_flood', 'bcast_flood']);

function bridgeSettings(random: Random, site: Site): string[] {
  const [gateway] = site.namespaces;
  const [first, second] = site.hosts.filter(({ bridge }) => bridge !== undefined);
  if (!gateway || !first || !second) return [];
  const ports = gateway.ports.flatMap((port) =>
    FLAGS.filter(() => random.chance(0.1)).map(
      (flag) => `bridge link set dev ${port} ${flag} ${USUALLY_ON.has(flag) ? 'off' : 'on'}`,
    ),
  );
  const station = `02:5a:00:00:00:0${random.below(3)}`;
  const lines = [
    'sysctl -qw net.bridge.bridge-nf-call-iptables=0',
    'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0',
    'sysctl -qw net.bridge.bridge-nf-filter-vlan-tagged=1',
    'sysctl -qw net.ipv4.ip_forward=0',
    `bridge fdb add ${station} dev ${random.pick(gateway.ports)} master static`,
    `bridge fdb add ${station.replace('5a', '5b')} dev ${random.pick(gateway.ports)} master static sticky`,
    `bridge fdb add ${station.replace('5a', '5c')} dev ${random.pick(gateway.ports)} master local`,
    `ip link set ${random.pick(gateway.ports)} mtu 1300`,
    `bridge link set dev ${random.pick(gateway.ports)} state 0`,
    ...gateway.interfaces
      .filter((name) => site.hosts.some(({ bridge }) => bridge === `${gateway.name}:${name}`))
      .flatMap((name) => [
        `ip link set ${name} promisc on`,
        `ip link set ${name} type bridge ageing_time 0`,
        `ip link set ${name} type bridge nf_call_iptables 1`,
      ]),
  ];
  return [...lines.filter(() => random.chance(0.12)), ...ports];
}

function randomFrame(random: Random, site: Site): Stimulus {
  const stimulus = randomPacket(random, site, { ...USUAL, local: 0.1, group: 0.15, damaged: 0.03 });
  const { skb } = stimulus;
  if (stimulus.on.startsWith('local:')) return stimulus;
  const stations = site.hosts.map(({ mac }) => mac);
  const anybody = () =>
    random.pick([...stations, 0x025a00000000 + random.below(3), 0x025b00000001, 0x025c00000002]);
  return {
    ...stimulus,
    skb: {
      ...skb,
      ...(random.chance(0.25) ? { etherDestination: anybody() } : {}),
      ...(random.chance(0.1) ? { etherSource: anybody() } : {}),
      ...(random.chance(0.05) ? { vlans: random.pick([[0], [7], [7, 8]]) } : {}),
    },
  };
}
