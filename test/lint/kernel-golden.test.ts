/** A large ruleset of the corpus on this machine's kernel: its devices are made, packets for its dead rules sent through, and the counters of those stay at nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadRules } from '../../src/lint/dead.ts';
import { hooksReaching } from '../../src/lint/graph.ts';
import { type RuleRef, rulesOf } from '../../src/lint/rules.ts';
import { formatIp } from '../../src/net/ip.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { Rule } from '../../src/xtables/rule.ts';
import { isPossible } from '../conformance/kernel/lab.ts';
import { Model, Trials } from './evidence.ts';
import { packetAt } from './packet-at.ts';

const CORPUS = '../shared/corpus/rulesets';
const [FILE] = existsSync(CORPUS)
  ? readdirSync(CORPUS).filter((name) => /iptables_20\.11\.2013_\w+$/.test(name))
  : [];
const EACH = 8;
const FIREWALL = `ntg${process.pid}`;
const BESIDE = `${FIREWALL}b`;
/** The addresses were left out of the dump: all hosts have this one. */
const HOST = '02:00:00:00:00:01';
const ROUTER = '02:00:00:00:ff:01';

/** Lines of `device hex`, sent as frames into the peers of the firewall's devices. */
const SENDER = `
import socket, sys
s = {}
head = bytes.fromhex('${ROUTER.replaceAll(':', '')}${HOST.replaceAll(':', '')}0800')
for line in open(sys.argv[1]):
    device, data = line.split()
    if device not in s:
        s[device] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        s[device].bind(('p' + device, 0))
    s[device].send(head + bytes.fromhex(data))
`;

describe.skipIf(!FILE || !isPossible())('this kernel (needs root, iptables-nft and python3)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-lint-'));
  const rules = join(folder, 'rules');
  const text = FILE
    ? readFileSync(join(CORPUS, FILE), 'utf8').replaceAll('XX:XX:XX:XX:XX:XX', HOST.toUpperCase())
    : '';
  const own = parseSave(text, 'rules', { family: 4 }).ruleset;
  const devices = [
    ...new Set(
      rulesOf(own).flatMap(({ rule }) => [rule.in, rule.out].flatMap((device) => device?.name ?? [])),
    ),
  ].filter((name) => name !== 'lo');

  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const inside = (script: string): string => run('ip', 'netns', 'exec', FIREWALL, 'sh', '-c', script);

  beforeAll(() => {
    run('ip', 'netns', 'add', FIREWALL);
    run('ip', 'netns', 'add', BESIDE);
    inside(
      'for s in all default; do sysctl -qw net.ipv4.conf.$s.rp_filter=0 net.ipv6.conf.$s.disable_ipv6=1; done; sysctl -qw net.ipv4.ip_forward=1; ip link set lo up',
    );
    const made = devices.flatMap((name) => [
      `link add ${name} address ${ROUTER} type veth peer name p${name} netns ${BESIDE}`,
      `link set ${name} arp off up`,
    ]);
    writeFileSync(join(folder, 'links'), made.join('\n'));
    run('ip', '-n', FIREWALL, '-batch', join(folder, 'links'));
    writeFileSync(join(folder, 'peers'), devices.map((name) => `link set p${name} up`).join('\n'));
    run('ip', '-n', BESIDE, '-batch', join(folder, 'peers'));
    writeFileSync(join(folder, 'routes'), routes().join('\n'));
    run('ip', '-n', FIREWALL, '-force', '-batch', join(folder, 'routes'));
    writeFileSync(rules, text);
    writeFileSync(join(folder, 'send.py'), SENDER);
    inside(`iptables-nft-restore < ${rules}`);
  });
  afterAll(() => {
    for (const name of [FIREWALL, BESIDE]) run('ip', 'netns', 'del', name);
    rmSync(folder, { recursive: true });
  });

  /** As the rules have it: networks behind the devices by which they say their packets leave. */
  function routes(): string[] {
    const known = new Map<string, string>();
    for (const { rule } of rulesOf(own)) {
      const { destination, out } = rule;
      if (!destination || destination.invert || !out || out.invert) continue;
      const bits = Number(destination.mask).toString(2).replaceAll('0', '').length;
      if (bits > 0 && Number(destination.address) >>> 28 !== 14)
        known.set(`${formatIp(Number(destination.address))}/${bits}`, out.name);
    }
    const [first] = devices;
    return [
      ...[...known].map(([network, name]) => `route add ${network} dev ${name}`),
      `route add default dev ${first}`,
    ];
  }

  const isForwarded = ({ table, chain }: RuleRef): boolean =>
    table.name === 'filter' && hooksReaching(table).get(chain.name)?.has('FORWARD') === true;

  it('counts nothing at the dead rules of a firewall with a thousand others', { timeout: 120_000 }, () => {
    const model = new Model(own);
    const dead = deadRules(own).filter(({ ref }) => isForwarded(ref));
    const told = new Set<Rule>(dead.map(({ ref }) => ref.rule));
    const others = rulesOf(own)
      .filter((ref) => isForwarded(ref) && !told.has(ref.rule))
      .slice(0, 100);
    const frames: string[] = [];
    for (const ref of [...dead.map((each) => each.ref), ...others]) {
      const near = ref.chain.rules.slice(0, ref.number - 1).toReversed();
      for (const { draft, hook } of new Trials(model, ref.table, ref.rule.span.line).for(ref, near, EACH)) {
        if (hook !== 'FORWARD' || !devices.includes(draft.iif)) continue;
        const { bytes } = packetAt({ ...draft, ttl: 64 }, 'FORWARD', 'filter');
        frames.push(`${draft.iif} ${Buffer.from(bytes).toString('hex')}`);
      }
    }
    const sent = join(folder, 'frames');
    writeFileSync(sent, `${frames.join('\n')}\n`);
    run('ip', 'netns', 'exec', BESIDE, 'python3', join(folder, 'send.py'), sent);

    const counted = parseSave(inside('iptables-nft-save -c -t filter'), 'dump', { family: 4 }).ruleset;
    const packets = ({ chain, number }: RuleRef): number =>
      counted.tables.get('filter')?.chains.get(chain.name)?.rules[number - 1]?.counters?.packets ??
      Number.NaN;
    expect(dead.filter(({ ref }) => packets(ref) !== 0).map(({ ref }) => ref.rule.text)).toEqual([]);
    expect(dead.length).toBeGreaterThan(20);
    expect(frames.length).toBeGreaterThan(dead.length * 3);
    // The packets do get there: rules about them that are not dead are counted.
    const living = rulesOf(own).filter((ref) => isForwarded(ref) && packets(ref) > 0);
    expect(living.length).toBeGreaterThan(50);
  });
});
