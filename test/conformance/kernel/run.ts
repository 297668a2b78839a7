/** A case through the kernel. */
import type { Mac } from '../../../src/net/mac.ts';
import type { Case, Frame, Network, Stimulus } from '../case.ts';
import { readCounters, readNftCounters } from '../counters.ts';
import { frameOf, outFrame, readFrame } from '../frame.ts';
import type { OutFrame, PacketObservation } from '../observation.ts';
import type { RecordedStimulus, Recording } from '../recording.ts';
import { comparableSets } from '../sets.ts';
import { hex, type Sent, unhex } from './agent.ts';
import { countRules, type Places, placesOf, type Sizes, signatureOfPacket, waysOf } from './events.ts';
import { type Lab, parts } from './lab.ts';
import { PROBE_TABLE } from './probe.ts';

const SEPARATOR = '@@@ nettrace @@@';

/** What the model is told of each namespace. `nft` and `ipset` only where the case has such rules. */
function commandsOf({ backend, rules, settings, sockets }: Case, namespace: string): string[] {
  const own = rules[namespace] ?? {};
  return [
    'ip -d -j addr show',
    'ip -d -j route show table all',
    'ip -6 -d -j route show table all',
    'ip -6 -j rule show',
    'ip -j rule show',
    'ip -j neigh show',
    ...(hasNexthops(settings, namespace) ? ['ip -j nexthop bucket show', 'ip -d -j nexthop show'] : []),
    'bridge -j fdb show',
    'bridge -j vlan show',
    'bridge -d -j link show',
    'bridge -d -j mdb show',
    'sysctl -a --pattern ^net',
    sockets?.[namespace] ? 'ss -tunape --inet-sockopt' : 'ss -lntup',
    `iptables-${backend}-save`,
    `ip6tables-${backend}-save`,
    ...(own.nft === undefined ? [] : [nftCommand(own.nft)]),
    ...(own.ipset === undefined ? [] : ['ipset save']),
  ];
}

const ALL_RULES = 'nft -j -a list ruleset';
const COUNTED_RULES = 'nft -j list ruleset';
const CONNECTIONS = 'conntrack -L -o extended 2>/dev/null';

/** The JSON of nft 1.0.6 leaves out the devices of chains on them. */
function nftCommand(ruleset: string): string {
  return / device "/.test(ruleset) ? 'nft -a list ruleset' : ALL_RULES;
}

function hasNexthops(settings: Case['settings'], name: string): boolean {
  return settings?.[name]?.some((command) => command.includes('nexthop add')) ?? false;
}

/** What each command printed there. Those of iproute2 print their JSON on a line each, so that neighbours can be in one batch. */
async function printed(
  lab: Lab,
  namespace: string,
  commands: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const separator = `echo '${SEPARATOR}'`;
  const [lines, others] = [commands.filter(isOneLine), commands.filter((command) => !isOneLine(command))];
  const text = await lab.run(namespace, [
    ...lines,
    separator,
    ...others.flatMap((each) => [each, separator]),
  ]);
  const [first = '', ...pieces] = text.split(`${SEPARATOR}\n`);
  const told = first.split('\n').slice(0, -1);
  if (told.length !== lines.length) throw new Error(`${told.length} lines of ${lines.join(', ')}:\n${first}`);
  return new Map([
    ...lines.map((command, index) => [command, told[index] ?? ''] as const),
    ...others.map((command, index) => [command, pieces[index] ?? ''] as const),
  ]);
}

function isOneLine(command: string): boolean {
  return /^(?:ip|bridge) .*-j /.test(command);
}

/** Network, settings and rules stand already when `prepared`: a repetition with other packets. */
export async function runOnKernel(lab: Lab, of: Case, prepared = false): Promise<Recording> {
  const names = Object.keys(of.network.namespaces);
  if (!prepared) {
    await lab.build(of.network);
    for (const name of names) {
      const settings = of.settings?.[name] ?? [];
      if (settings.length > 0) await lab.run(name, settings);
      await lab.load(name, of.backend, of.rules[name] ?? {});
      const sockets = of.sockets?.[name] ?? [];
      if (sockets.length > 0) await lab.hold(name, sockets);
    }
    await lab.settle();
  }
  const dumps: [string, string, string][] = [];
  const known = new Map<string, { places: Places; sizes: Sizes }>();
  for (const name of names) {
    const commands = commandsOf(of, name);
    const texts = await printed(lab, name, [...new Set([...commands, ALL_RULES])]);
    const sizes = new Map<string, number>();
    for (const command of commands) {
      const text = told(command, texts.get(command) ?? '');
      if (/^ip6?tables-.*-save/.test(command)) countRules(text, command.startsWith('ip6') ? 6 : 4, sizes);
      dumps.push([name, command, text]);
    }
    known.set(name, { places: placesOf(texts.get(ALL_RULES) ?? ''), sizes });
  }
  const clock = await lab.agent.clock();
  const stimuli: RecordedStimulus[] = [];
  const packets: PacketObservation[] = [];
  const knownOf = (name: string) => known.get(name) ?? { places: new Map(), sizes: new Map() };
  const waiting = [...of.stimuli];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    if (next.after !== undefined) await lab.agent.idle(next.after);
    const { stimulus, sent } = await send(lab, of.network, next);
    stimuli.push(stimulus);
    const { packet, frames } = observed(lab, stimulus, sent, knownOf);
    packets.push(packet);
    waiting.push(...(of.answer?.(frames) ?? []));
  }
  const end = Date.now() / 1000;
  const counters: Record<string, Record<string, string>> = {};
  const connections: Record<string, string[]> = {};
  const sets: Record<string, string[]> = {};
  const saves: Record<string, [string, string]> = {};
  for (const name of names) {
    const [save4, save6] = [`iptables-${of.backend}-save -c`, `ip6tables-${of.backend}-save -c`];
    const { nft, ipset } = of.rules[name] ?? {};
    const texts = await printed(lab, name, [
      save4,
      save6,
      CONNECTIONS,
      ...(nft === undefined ? [] : [COUNTED_RULES]),
      ...(ipset === undefined ? [] : ['ipset save']),
    ]);
    const [v4 = '', v6 = ''] = [texts.get(save4), texts.get(save6)];
    counters[name] = { ...readCounters(v4, 4), ...readCounters(v6, 6) };
    saves[name] = [v4, v6];
    if (nft !== undefined) Object.assign(counters[name], readNftCounters(texts.get(COUNTED_RULES) ?? ''));
    connections[name] = (texts.get(CONNECTIONS) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .toSorted();
    if (ipset !== undefined) sets[name] = comparableSets(texts.get('ipset save') ?? '');
  }
  return {
    name: of.name,
    backend: of.backend,
    dumps,
    wires: of.network.wires,
    ends: Object.fromEntries(Object.entries(of.network.ends).map(([name, { at }]) => [name, at])),
    ...(clock ? { clock } : {}),
    stimuli,
    observation: { packets, counters, connections, ...(Object.keys(sets).length > 0 ? { sets } : {}) },
    end,
    ...(of.keepSaves ? { saves } : {}),
  };
}

async function send(
  lab: Lab,
  network: Network,
  { on, skb }: Stimulus,
): Promise<{ stimulus: RecordedStimulus; sent: Sent }> {
  const bytes = hex(skb.bytes);
  if (on.startsWith('local:')) {
    const sent = await lab.sendLocal(on.slice('local:'.length), skb.bytes);
    const { time, errno } = sent;
    return { stimulus: { on, bytes, time, ...(errno === undefined ? {} : { errno }) }, sent };
  }
  const source = skb.etherSource ?? network.ends[on]?.mac ?? 0;
  const destination = skb.etherDestination ?? (await nearMac(lab, network, on));
  const sent = await lab.send(on, frameOf(skb.bytes, source, destination, skb.vlans));
  const vlans = skb.vlans.length > 0 ? { vlans: skb.vlans } : {};
  return { stimulus: { on, bytes, time: sent.time, ether: [source, destination], ...vlans }, sent };
}

const NEAR = new WeakMap<Network, Map<string, Mac>>();

/** Of the device at the far end, or of the bridge that it is a port of. */
async function nearMac(lab: Lab, network: Network, end: string): Promise<Mac> {
  const known = NEAR.get(network) ?? new Map<string, Mac>();
  NEAR.set(network, known);
  const found = known.get(end);
  if (found !== undefined) return found;
  const [namespace, device] = parts(network.ends[end]?.at ?? '');
  const path = `/sys/class/net/${device}`;
  // sysfs shows the namespace that mounted it: `ip` does not.
  const text = await lab.run(namespace, [
    `link=$(ip -o link show ${device})`,
    'master=$(echo "$link" | sed -n "s/.* master \\([^ ]*\\) .*/\\1/p")',
    `[ -z "$master" ] || link=$(ip -o link show "$master")`,
    'echo "$link" | sed -n "s/.*link\\/ether \\([0-9a-f:]*\\).*/\\1/p"',
  ]);
  const mac = Number.parseInt(text.trim().replaceAll(':', ''), 16);
  if (Number.isNaN(mac)) throw new Error(`${path} has no MAC: ${text}`);
  known.set(end, mac);
  return mac;
}

function observed(
  lab: Lab,
  stimulus: RecordedStimulus,
  sent: Sent,
  known: (namespace: string) => { places: Places; sizes: Sizes },
): { packet: PacketObservation; frames: Frame[] } {
  const frames = sent.frames.map(([index, text]): Frame => ({ end: lab.endName(index), bytes: unhex(text) }));
  const out = frames.flatMap(({ end, bytes }): OutFrame[] => {
    const ethernet = readFrame(bytes);
    return ethernet ? [outFrame(end, ethernet)] : [];
  });
  const bytes = unhex(stimulus.bytes);
  const fragment = (bytes[0] ?? 0) >> 4 === 4 && (((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) % 0x4000 !== 0;
  return {
    packet: { ways: waysOf(sent.events, { signature: signatureOfPacket(bytes), fragment }, known), out },
    frames,
  };
}

/** What no packet meets stays out of the model's dumps: it would only make recordings long. */
function told(command: string, text: string): string {
  if (command.startsWith('sysctl')) {
    const keep =
      /forward|rp_filter|local|redirects|mark|bridge|icmp|nf_conntrack_|hop_limit|port_range|arp_|fib_|mtu|ignore|tcp_|proxy|shared|disable_ipv6|early_demux|use_/;
    return text
      .split('\n')
      .filter((line) => keep.test(line))
      .join('\n');
  }
  if (command === 'nft -a list ruleset') {
    return text.replace(new RegExp(`table inet ${PROBE_TABLE} \\{[\\s\\S]*?\\n\\}\\n`), '');
  }
  if (command.startsWith('nft')) {
    const { nftables } = JSON.parse(text) as {
      nftables: Record<string, { name?: string; table?: string }>[];
    };
    const own = nftables.filter((item) =>
      Object.entries(item).every(
        ([kind, { name, table }]) => (kind === 'table' ? name : table) !== PROBE_TABLE,
      ),
    );
    return JSON.stringify({ nftables: own });
  }
  return text;
}
