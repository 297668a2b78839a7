import { parseIp } from '../../../src/net/ip.ts';
import { createNet } from '../../../src/netstack/net.ts';
import { viewOf } from '../../../src/netstack/netfilter/view.ts';
import { walkTable } from '../../../src/netstack/netfilter/walk.ts';
import { createWorld } from '../../../src/netstack/world.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { derivedRoutes } from '../../../src/snapshot/derived-routes.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import { cpu, middle } from '../measure/timing.mjs';
import { kubeProxy } from '../rulesets/kube-proxy.mjs';
import { Random } from '../traffic/random.mjs';

const SPAN = { path: 'bench', line: 1 };

/**
 * One size of ruleset, µs of CPU each: to read it; for a first world and its first packet, which number the rules and index the long
 * chains; for any later world, and with one packet through it, as every flow of an analysis has; for the nat chains alone; for packets.
 */
export function measure(wanted, rounds) {
  const { text, services, rules } = kubeProxy(wanted);
  const load = median(3, () => cpu(() => parse(text)));
  const netns = node(parse(text));
  const snapshot = { namespaces: new Map([['host', netns]]), docker: { containers: [], networks: [] } };
  const topology = makeTopology(snapshot.namespaces, []);
  const packets = firstPackets(services, PACKETS);
  const flows = firstPackets(services, PACKETS * SETS);
  const first = cpu(() => send(createWorld(snapshot, topology), packets[0]));
  const walks = traversals(netns, flows, rounds);
  const paths = wholePaths(snapshot, topology, packets, rounds);
  const world = median(rounds, () => perCall(1000, () => createWorld(snapshot, topology)));
  let at = 0;
  const flow = () => send(createWorld(snapshot, topology), packets[at++ % packets.length]);
  const worldAndPacket = median(rounds, () => perCall(1000, flow));
  return { rules, services: services.length, load, first, world, worldAndPacket, ...walks, ...paths };
}

function send(world, { skb, on }) {
  return on ? world.receive({ namespace: 'host', name: on }, skb) : world.sendLocal('host', skb);
}

function parse(text) {
  return parseSave(text, 'iptables-save', { family: 4, backend: 'nft' }).ruleset;
}

/** A round has other flows than the one before. */
const PACKETS = 1000;
const SETS = 4;

/**
 * The nat chains from the hook's entry to the verdict, steps recorded, each packet the first of its flow. `firstWay`: where no packet
 * before took that way through the rules.
 */
function traversals(netns, flows, rounds) {
  let steps = [];
  let undecided = 0;
  const hooks = {
    step: (step) => void steps.push(step),
    nat: () => true,
    tproxy: () => true,
    tee: () => {},
    decide: () => undefined,
    undecided: () => void undecided++,
  };
  let total = 0;
  const send = (net, bases, packets) => {
    for (const { skb, hook } of packets) {
      skb.mark = 0;
      steps = [];
      const view = viewOf(net, skb.time, undefined, {});
      walkTable({ tables: net.tables[4], base: bases.get(hook), skb, view, hooks });
      total += steps.length;
    }
  };
  const setOf = (i) => flows.slice((i % SETS) * PACKETS, ((i % SETS) + 1) * PACKETS);
  // The rules are read and compiled with the first packets that come to them.
  let warm = chainsOf({ ...netns });
  for (let i = 0; i < SETS; i++) send(warm.net, warm.bases, setOf(i));
  const firstWays = [];
  for (let i = 0; i < SETS; i++) {
    // Of a copy no ways are known.
    warm = chainsOf({ ...netns });
    firstWays.push(cpu(() => send(warm.net, warm.bases, setOf(i))) / PACKETS);
  }
  for (let i = 0; i < 10 * SETS; i++) send(warm.net, warm.bases, setOf(i));
  total = 0;
  undecided = 0;
  let at = 0;
  const traversal = median(10 * rounds, () => cpu(() => send(warm.net, warm.bases, setOf(at++)))) / PACKETS;
  const packets = 10 * rounds * PACKETS;
  return { traversal, firstWay: middle(firstWays), steps: total / packets, unknown: undecided / packets };
}

function chainsOf(netns) {
  const net = createNet(netns);
  const base = (hook) => net.tables[4].nat[hook].find(({ kind }) => kind === 'table').base;
  return { net, bases: new Map(['PREROUTING', 'OUTPUT'].map((hook) => [hook, base(hook)])) };
}

/** `receive` and `sendLocal`: of a new flow each, then of packets that follow. */
function wholePaths(snapshot, topology, packets, rounds) {
  const fresh = [];
  const following = [];
  for (let i = 0; i < rounds + 1; i++) {
    const world = createWorld(snapshot, topology);
    fresh.push(
      cpu(() => {
        for (const packet of packets) send(world, packet);
      }) / packets.length,
    );
    const later = packets.map((packet) => ({ ...packet, skb: { ...packet.skb, time: packet.skb.time + 1 } }));
    following.push(
      cpu(() => {
        for (const packet of later) send(world, packet);
      }) / packets.length,
    );
  }
  return { newFlow: middle(fresh.slice(1)), following: middle(following.slice(1)) };
}

/** Half from pods to services, a quarter from the node itself, the rest to node ports and to what is no service. */
function firstPackets(services, count) {
  const random = new Random(7);
  const below = (limit) => random.below(limit);
  const live = services.filter(({ endpoints }) => endpoints.length > 0);
  const published = live.filter(({ nodePort }) => nodePort !== undefined);
  const ip = (text) => parseIp(text);
  return Array.from({ length: count }, (_, i) => {
    const service = live[below(live.length)];
    const outside = published[below(published.length)];
    const kind = ['pod', 'node', 'pod', 'published', 'pod', 'node', 'pod', 'other'][i % 8];
    const to = kind === 'published' ? outside : service;
    const skb = buildSkb({
      source:
        { pod: ip('10.244.3.0') + 2 + below(250), node: ip('192.168.0.10') }[kind] ?? ip('192.168.0.99'),
      destination:
        { published: ip('192.168.0.10'), other: ip('10.244.3.2') + below(200) }[kind] ?? ip(service.address),
      protocol: to.protocol === 'udp' ? 17 : 6,
      sourcePort: 20000 + i,
      destinationPort: kind === 'published' ? to.nodePort : to.port,
      ...(to.protocol === 'udp' ? { payload: 30 } : { tcpFlags: 2 }),
      time: 1000 + i / 1000,
    });
    const on = kind === 'pod' ? `cali${i % 4}` : kind === 'node' ? undefined : 'eth0';
    skb.in = on;
    return { skb, on, hook: on ? 'PREROUTING' : 'OUTPUT' };
  });
}

function node(ruleset) {
  const link = (name, address, index) => ({
    name,
    index,
    flags: ['UP'],
    mtu: 1500,
    mac: 0x020000000000 + index,
    addresses: address
      ? [{ address: parseIp(address[0]), length: address[1], flags: [], scope: 'global' }]
      : [],
    span: SPAN,
  });
  const links = [
    { ...link('lo', ['127.0.0.1', 8], 1), flags: ['UP', 'LOOPBACK'], mtu: 65536, mac: undefined },
    link('eth0', ['192.168.0.10', 24], 2),
    ...Array.from({ length: 4 }, (_, i) => ({ ...link(`cali${i}`, undefined, 3 + i), kind: 'veth' })),
  ];
  const route = (destination, length, dev, via) => ({
    family: 4,
    type: 'unicast',
    destination: { address: parseIp(destination), length },
    table: 'main',
    metric: 0,
    protocol: 'boot',
    scope: via === undefined ? 'link' : 'global',
    nexthops: [{ dev, ...(via === undefined ? {} : { gateway: parseIp(via) }), weight: 1, flags: [] }],
    flags: [],
    text: destination,
    span: SPAN,
  });
  const pods = Array.from({ length: 250 }, (_, i) => route(`10.244.3.${i}`, 32, `cali${i % 4}`));
  const routes = [
    route('0.0.0.0', 0, 'eth0', '192.168.0.1'),
    ...Array.from({ length: 250 }, (_, i) => i)
      .filter((i) => i !== 3)
      .map((i) => route(`10.244.${i}.0`, 24, 'eth0', `192.168.0.${20 + (i % 200)}`)),
    ...pods,
    ...derivedRoutes(links, 4),
  ];
  const on = { value: '1', span: SPAN };
  return {
    name: 'host',
    inferred: false,
    links,
    routes4: { routes, covers: 'all' },
    routes6: { routes: [], covers: 'all' },
    rulesets4: [ruleset],
    rulesets6: [],
    sysctls: new Map([
      ['net.ipv4.ip_forward', on],
      ['net.ipv4.conf.all.rp_filter', { value: '0', span: SPAN }],
    ]),
  };
}

function perCall(calls, run) {
  return (
    cpu(() => {
      for (let i = 0; i < calls; i++) run();
    }) / calls
  );
}

function median(rounds, run) {
  return middle(Array.from({ length: rounds }, run));
}
