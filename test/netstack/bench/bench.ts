/**
 * Namespaces that a case wires as it likes, with sockets at the far ends of some veths: what is sent into them is what the case
 * sends, and what comes out is what their kernel did. Recorded with the dumps of every namespace.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import type { Skb } from '../../../src/skb/skb.ts';

export interface BenchCase {
  readonly name: string;
  /** `h` when left out. */
  readonly namespaces?: readonly string[];
  /** `NS:IFACE`: veths of a namespace whose other end is a socket. The first has the MAC near(0), and far(0) at its other end. */
  readonly ends: readonly string[];
  /** Shell lines; a line that begins with a namespace's name is run in it. */
  readonly setup: string;
  /** iptables rules by namespace, in iptables-restore's form. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly rules6?: Readonly<Record<string, string>>;
  readonly send: readonly Sent[];
}

export interface Sent {
  /** An end, or a namespace that sends it itself. */
  readonly on: string;
  readonly skb: Skb;
  readonly source?: Mac;
  readonly destination?: Mac;
  readonly vlans?: readonly number[];
  /** Shell lines before it. */
  readonly before?: string;
}

export interface BenchRecording {
  readonly name: string;
  readonly ends: readonly string[];
  /** Namespace, command, and what it printed. */
  readonly dumps: readonly (readonly [string, string, string])[];
  readonly packets: readonly BenchPacket[];
  /** Epoch seconds when it was over. */
  readonly end: number;
  /** `iptables-save -c` and `ip6tables-save -c` of every namespace, and its FDB, at the end. */
  readonly after: Readonly<Record<string, { readonly 4: string; readonly 6: string; readonly fdb: string }>>;
}

export interface BenchPacket {
  readonly on: string;
  /** Epoch seconds. */
  readonly time: number;
  /** An end: the frame; a namespace: the IP packet. Hexadecimal. */
  readonly bytes: string;
  readonly out: readonly (readonly [end: string, frame: string])[];
}

export const near = (end: number): Mac => 0x02bb00000001 + end;
export const far = (end: number): Mac => 0x02aa00000001 + end;

const PREFIX = `ntb${process.pid}`;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function run(command: string, input?: string): string {
  return execFileSync('sh', ['-c', command], {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 24,
  });
}

export class Bench {
  private readonly agent: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;
  private readonly waiting: ((line: string) => void)[] = [];

  constructor() {
    this.agent = spawn('python3', [new URL('./agent.py', import.meta.url).pathname]);
    this.lines = createInterface({ input: this.agent.stdout });
    this.lines.on('line', (line) => this.waiting.shift()?.(line));
    this.agent.on('exit', () => {
      for (const answer of this.waiting) answer('{"error":"the agent ended"}');
    });
  }

  close(): void {
    this.lines.close();
    this.agent.kill();
  }

  async record(kase: BenchCase): Promise<BenchRecording> {
    const namespaces = kase.namespaces ?? ['h'];
    try {
      build(kase, namespaces);
      await this.ask({
        open: kase.ends.map((_, i) => [`${PREFIX}far`, `e${i}`]),
        local: namespaces.map((name) => PREFIX + name),
      });
      await new Promise((resolve) => setTimeout(resolve, 60));
      const dumps = namespaces.flatMap((name) => dumpsOf(name));
      const packets: BenchPacket[] = [];
      for (const sent of kase.send) {
        if (sent.before !== undefined) script(namespaces, sent.before);
        packets.push(await this.send(kase, sent));
      }
      const end = Date.now() / 1000;
      const after = Object.fromEntries(
        namespaces.map((name) => [
          name,
          {
            4: inside(name, 'iptables-nft-save -c'),
            6: inside(name, 'ip6tables-nft-save -c'),
            fdb: inside(name, 'bridge -j fdb show'),
          },
        ]),
      );
      return { name: kase.name, ends: kase.ends, dumps, packets, end, after };
    } finally {
      for (const name of [...namespaces, 'far']) {
        try {
          run(`ip netns del ${PREFIX}${name}`);
        } catch {
          // It wasn't there.
        }
      }
    }
  }

  private async send(kase: BenchCase, sent: Sent): Promise<BenchPacket> {
    const end = kase.ends.indexOf(sent.on);
    const time = Date.now() / 1000;
    const bytes = hex(end < 0 ? sent.skb.bytes : frameOf(sent, end));
    const answer = await this.ask(
      end < 0
        ? { local: PREFIX + sent.on, packet: bytes, wait: 0.005 }
        : { send: end, frame: bytes, wait: 0.005 },
    );
    if (answer.error !== undefined) throw new Error(answer.error);
    const out = answer.frames.map(([index, frame]) => [kase.ends[index] ?? '', frame] as const);
    return { on: sent.on, time, bytes, out };
  }

  private ask(command: object): Promise<{ frames: [number, string][]; error?: string }> {
    return new Promise((resolve) => {
      this.waiting.push((line) => resolve(JSON.parse(line)));
      this.agent.stdin.write(`${JSON.stringify(command)}\n`);
    });
  }
}

const inside = (name: string, command: string): string => run(`ip netns exec ${PREFIX}${name} ${command}`);

function script(namespaces: readonly string[], lines: string): void {
  const functions = namespaces.map((name) => `${name}() { ip netns exec ${PREFIX}${name} "$@"; }`);
  run(['set -e', `P=${PREFIX}`, ...functions, lines].join('\n'));
}

function build(kase: BenchCase, namespaces: readonly string[]): void {
  const lines = [...namespaces, 'far'].flatMap((name) => [
    `ip netns add ${PREFIX}${name}`,
    `ip -n ${PREFIX}${name} link set lo up`,
    `ip netns exec ${PREFIX}${name} sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.mldv1_unsolicited_report_interval=100000000 net.ipv6.conf.default.mldv2_unsolicited_report_interval=100000000 net.ipv4.icmp_ratelimit=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0`,
  ]);
  kase.ends.forEach((end, i) => {
    const [name = '', device = ''] = end.split(':');
    lines.push(
      `ip -n ${PREFIX}${name} link add ${device} address ${formatMac(near(i))} type veth peer name e${i} netns ${PREFIX}far`,
      `ip -n ${PREFIX}far link set e${i} address ${formatMac(far(i))} arp off mtu 9000`,
      `ip -n ${PREFIX}far link set e${i} up promisc on`,
      `ip -n ${PREFIX}${name} link set ${device} up`,
    );
  });
  run(lines.join('\n'));
  script(namespaces, kase.setup);
  for (const name of namespaces) {
    const [rules, rules6] = [kase.rules?.[name], kase.rules6?.[name]];
    if (rules !== undefined) run(`ip netns exec ${PREFIX}${name} iptables-nft-restore`, rules);
    if (rules6 !== undefined) run(`ip netns exec ${PREFIX}${name} ip6tables-nft-restore`, rules6);
  }
}

function dumpsOf(name: string): [string, string, string][] {
  const commands = [
    'ip -d -j addr show',
    'ip -d -j route show table all',
    'ip -6 -d -j route show table all',
    'ip -j neigh show',
    'bridge -j fdb show',
    'bridge -d -j link show',
    'bridge -d -j mdb show',
    'sysctl -a --pattern ^net',
    'ss -lntup',
    'iptables-nft-save',
    'ip6tables-nft-save',
  ];
  return commands.flatMap((command): [string, string, string][] => {
    const text = inside(name, command);
    const settings = command.startsWith('sysctl');
    if (text.trim() === '' || text.trim() === '[]') return [];
    return [[name, command, settings ? kept(text) : text]];
  });
}

/** The settings that packets meet, without what no packet does. */
function kept(text: string): string {
  const keep = /forward|rp_filter|local|redirects|mark|bridge-nf|icmp|nf_conntrack_|arp_/;
  return text
    .split('\n')
    .filter((line) => keep.test(line))
    .join('\n');
}

function frameOf(sent: Sent, end: number): Uint8Array {
  const { skb, vlans = [] } = sent;
  const macs = [sent.destination ?? near(end), sent.source ?? far(end)];
  const type = skb.family === 4 ? 0x0800 : 0x86dd;
  const words = [...vlans.flatMap((tag) => [0x8100, tag]), type];
  const head = [
    ...macs.map((mac) => mac.toString(16).padStart(12, '0')),
    ...words.map((word) => word.toString(16).padStart(4, '0')),
  ];
  return Uint8Array.from(Buffer.concat([Buffer.from(head.join(''), 'hex'), skb.bytes]));
}
