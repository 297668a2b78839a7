/** Packets, rules and links of a router between two namespaces, as somebody watches them. The kernel is the judge. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Host } from '../../src/collect/host.ts';
import { createAnalyst } from '../../src/live/analyst.ts';
import { Live } from '../../src/live/live.ts';
import { flowChoice } from '../../src/live/packet-choice.ts';
import type { KeptPacket, PacketList } from '../../src/live/packet-index.ts';
import type { ChainRead } from '../../src/live/rule-book.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { summary } from '../../src/packet/summary.ts';
import { ruleHits } from '../../src/tui/panes/rule-hits.ts';

const TOOLS = ['ip', 'nsenter', 'tcpdump', 'iptables', 'nft', 'ping', 'sysctl'];
const possible =
  process.getuid?.() === 0 &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('unshare', ['--net', 'true']).status === 0;

const [router, client, server] = ['r', 'c', 's'].map((letter) => `lw${process.pid}${letter}`) as [
  string,
  string,
  string,
];
const TARGET = '10.62.2.2';

function sh(command: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

/** Echo requests so far. */
let sent = 0;

/** So many echo requests, all of which are answered. */
function ping(count: number): void {
  sent += count;
  expect(sh(`ip netns exec ${client} ping -c ${count} -i 0.02 ${TARGET}`)).toContain(` ${count} received`);
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const changes: string[] = [];
const warnings: string[] = [];
let live: Live;

describe.skipIf(!possible)('a router that is watched (needs root, network namespaces and tcpdump)', () => {
  beforeAll(async () => {
    sh(`
      for ns in ${router} ${client} ${server}; do ip netns add $ns; ip -n $ns link set lo up; done
      ip link add eth0 netns ${client} type veth peer name lan0 netns ${router}
      ip link add eth0 netns ${server} type veth peer name wan0 netns ${router}
      ip -n ${client} addr add 10.62.1.2/24 dev eth0; ip -n ${client} link set eth0 up
      ip -n ${server} addr add ${TARGET}/24 dev eth0; ip -n ${server} link set eth0 up
      ip -n ${router} addr add 10.62.1.1/24 dev lan0; ip -n ${router} link set lan0 up
      ip -n ${router} addr add 10.62.2.1/24 dev wan0; ip -n ${router} link set wan0 up
      ip -n ${client} route add default via 10.62.1.1
      ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1
      ip netns exec ${router} iptables -A FORWARD -i lan0 -p icmp -j ACCEPT
      ip netns exec ${router} iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
      ip netns exec ${router} nft 'add table inet fw; add chain inet fw fwd1 { type filter hook forward priority 5; }'
      ip netns exec ${router} nft 'add rule inet fw fwd1 oifname wan0 counter'
    `);
    live = new Live(
      {
        points: [`${router}:lan0`, `${router}:wan0`],
        scope: { hostChoice: 'own', only: [router, client, server] },
        backend: 'tcpdump',
        limits: { snaplen: 256, promiscuous: true },
      },
      {
        host: new Host(process.env),
        analyst: createAnalyst(),
        now: Date.now,
        listener: {
          onChange: (all) => changes.push(...all.map(({ path }) => path)),
          onAnalysis: () => {},
          onWarning: (text) => warnings.push(text),
        },
      },
    );
    expect(await live.begin()).toBeUndefined();
  }, 60_000);

  afterAll(async () => {
    await live?.stop();
    for (const name of [router, client, server]) spawnSync('ip', ['netns', 'del', name]);
  });

  const echoes = (list: PacketList): string[] =>
    Array.from({ length: list.length }, (_, row) => list.at(row) as KeptPacket).flatMap(
      ({ point, frame }) => {
        const text = summary(dissect(frame));
        const [, ends, what] = /^IP (\S+ > \S+): ICMP echo (request|reply)/.exec(text) ?? [];
        return what === undefined ? [] : [`${point.split(':')[1]} ${what} ${ends}`];
      },
    );

  it('shows each packet at each point, in order of time, and those of one flow', async () => {
    ping(5);
    const list = await until('packets', () => {
      const now = live.packets.list();
      return echoes(now).length >= 20 ? now : undefined;
    });
    const way = [
      `lan0 request 10.62.1.2 > ${TARGET}`,
      `wan0 request 10.62.2.1 > ${TARGET}`,
      `wan0 reply ${TARGET} > 10.62.2.1`,
      `lan0 reply ${TARGET} > 10.62.1.2`,
    ];
    expect(echoes(list)).toEqual(Array(5).fill(way).flat());
    // Packets from before a change of the host are looked at no more, and interfaces take a while to settle.
    const flow = await until('flow', () => {
      ping(1);
      return live.flows
        .list()
        .find(({ flow: { protocol, sightings } }) => protocol === 'icmp' && sightings.length === 4);
    });
    const kept = live.packets;
    const own = kept.list(flowChoice(flow));
    expect(echoes(own)).toEqual(echoes(kept.list()));
    expect(own.length).toBe(echoes(own).length);
  });

  const countsOf = (chains: readonly ChainRead[], table: string, chain: string) => {
    const read = chains.find(
      ({ namespace, form }) => namespace === router && form.table === table && form.chain === chain,
    );
    return read ? { text: read.form.textOf(0), ...read.countOf(0) } : undefined;
  };

  it('counts at rules what passes them, and reading them is no change of the host', async () => {
    live.watchRules(true);
    const { packets: before = 0 } = await until('rules', () =>
      countsOf(live.rules.chains, 'filter', 'FORWARD'),
    );
    ping(7);
    // Each reading adds what moved since the one before: together that is what the kernel counts.
    let moved = 0;
    let last = before;
    await until('counters', () => {
      const now = countsOf(live.rules.chains, 'filter', 'FORWARD');
      if (now?.packets === undefined || now.packets === last) return undefined;
      moved += now.morePackets ?? Number.NaN;
      last = now.packets;
      return last >= sent ? last : undefined;
    });
    expect([last, before + moved]).toEqual([sent, sent]);
    const { chains, span = 0 } = live.rules;
    expect(span).toBeGreaterThan(0);
    expect(countsOf(chains, 'filter', 'FORWARD')?.text).toBe('-i lan0 -p icmp -j ACCEPT');
    expect(countsOf(chains, 'nat', 'POSTROUTING')?.text).toBe('-o wan0 -j MASQUERADE');
    await until('nft counters', () =>
      (countsOf(live.rules.chains, 'fw', 'fwd1')?.packets ?? 0) >= sent ? true : undefined,
    );
    expect(countsOf(live.rules.chains, 'fw', 'fwd1')?.text).toBe('oifname "wan0" counter');
    live.watchRules(false);
    expect(changes.filter((path) => /tables|nft/.test(path))).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('knows which rules the flow hits', async () => {
    const { flow } = await until('flow', () =>
      live.flows.list().find((each) => each.flow.protocol === 'icmp' && each.flow.predicted.length > 0),
    );
    const hits = [...ruleHits(flow)].map(([key, rules]) => [
      ...(JSON.parse(key) as string[]),
      ...rules.keys(),
    ]);
    const of = (chain: string) => hits.find((hit) => hit[0] === router && hit[4] === chain);
    // The answer comes in elsewhere: the policies let it pass.
    expect(of('FORWARD')).toEqual([router, 'iptables-nft', 'ip', 'filter', 'FORWARD', 1, 0]);
    expect(of('POSTROUTING')).toEqual([router, 'iptables-nft', 'ip', 'nat', 'POSTROUTING', 1]);
    expect(of('fwd1')).toEqual([router, 'nft', 'inet', 'fw', 'fwd1', 1, 0]);
  });

  it('has rates of links by the kernel’s counters', async () => {
    live.links;
    ping(10);
    const rate = await until('rate', () => {
      const now = live.links.get(`${router}:wan0`);
      return (now?.packets ?? 0) > 0 ? now : undefined;
    });
    // At least the requests and replies of one of the pings, of which both readings may have been in the middle.
    expect(rate.packets * rate.span).toBeGreaterThanOrEqual(2);
    expect(rate.bytes).toBeGreaterThan(rate.packets * 20);
  });
});
