/** A flood through a router, and a small flow beside it that gets lost. The kernel is the judge. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectValid } from '../support/schemas.ts';
import { causeIs, Following, isOver, sh } from './following.ts';

const TOOLS = ['ip', 'nsenter', 'tcpdump', 'iptables', 'ping', 'sysctl'];
const possible =
  process.getuid?.() === 0 &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('unshare', ['--net', 'true']).status === 0;

const names = ['r', 'c', 's'].map((letter) => `lf${process.pid}${letter}`) as [string, string, string];
const [router, client, server] = names;

describe.skipIf(!possible)('under a flood (needs root, network namespaces and tcpdump)', () => {
  const running: ChildProcess[] = [];
  let following: Following | undefined;

  beforeAll(() => {
    sh(`
      for ns in ${names.join(' ')}; do ip netns add $ns; ip -n $ns link set lo up; done
      ip link add eth0 netns ${client} type veth peer name lan0 netns ${router}
      ip link add eth0 netns ${server} type veth peer name wan0 netns ${router}
      ip -n ${client} addr add 10.62.1.2/24 dev eth0; ip -n ${client} link set eth0 up
      ip -n ${server} addr add 10.62.2.2/24 dev eth0; ip -n ${server} addr add 10.62.2.3/24 dev eth0
      ip -n ${server} link set eth0 up
      ip -n ${router} addr add 10.62.1.1/24 dev lan0; ip -n ${router} link set lan0 up
      ip -n ${router} addr add 10.62.2.1/24 dev wan0; ip -n ${router} link set wan0 up
      ip -n ${client} route add default via 10.62.1.1
      ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1
      ip netns exec ${router} iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
      ip netns exec ${server} iptables -A INPUT -p udp --dport 9 -j DROP
    `);
  });
  afterEach(async () => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    following?.child.kill('SIGINT');
    await following?.ended;
  });
  afterAll(() => {
    for (const name of names) spawnSync('ip', ['netns', 'del', name]);
  });

  const inClient = (...words: string[]) => {
    running.push(spawn('ip', ['netns', 'exec', client, ...words]));
  };

  it.each(['one', 'many'])(
    'of datagrams from %s ports a small flow that is dropped is found',
    async (ports) => {
      inClient('ping', '-q', '-i', '0.2', '10.62.2.3');
      following = new Following(names, ['-i', `${router}:lan0,${router}:wan0`]);
      await following.until('begin', ({ event }) => event === 'begin');
      inClient(process.execPath, 'test/live/flood.mjs', '10.62.2.2', ports);
      await following.until('sampling', (event) => event.event === 'sampled' && event.share < 1);
      const before = following.events.length;
      sh(`ip netns exec ${router} iptables -I FORWARD -d 10.62.2.3 -j DROP`);
      try {
        const found = await following.until('finding', causeIs('flt-rule-drop'), before);
        expect(found).toMatchObject({
          finding: { namespace: router, fix: { verified: true } },
          flows: [{ protocol: 'icmp', server: { address: '10.62.2.3' } }],
        });
      } finally {
        sh(`ip netns exec ${router} iptables -D FORWARD -d 10.62.2.3 -j DROP`);
      }
      await following.until('end', isOver('flt-rule-drop'), before);
      // What nobody answers is said, and nothing else: the flood is not lost, and it meets no rule of the router.
      const causes = following.events.flatMap((event) =>
        event.event === 'finding' ? event.finding.cause : [],
      );
      expect(causes.filter((cause) => !['flt-rule-drop', 'flt-input-drop'].includes(cause))).toEqual([]);
      for (const event of following.events) expectValid('live-event', event);
      expect(following.complaint).toBe('');
    },
  );
});
