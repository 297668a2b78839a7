/**
 * A router in a network namespace of its own whose neighbours are only sockets: what is sent to it is what the test sends, and
 * what leaves it is what its kernel did. The same packets go through the model, made of the router's own dumps.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { BUILTIN_CHAINS, TABLES } from '../../../src/xtables/rule.ts';

/** Of this process: several may run at once. */
export const PREFIX = `ntk${process.pid}`;
export const ROUTER = `${PREFIX}r`;
const FAR = `${PREFIX}f`;

/** Interfaces of the router and the MAC at each far end. */
export const ENDS = ['eth0', 'eth1', 'p0', 'p1'] as const;
export type End = (typeof ENDS)[number];
export const farMac = (end: End): number => 0x02aa00000000 + ENDS.indexOf(end) + 1;
export const nearMac = (end: End | 'br0'): number =>
  end === 'br0' ? 0x02bb000000ff : 0x02bb00000000 + ENDS.indexOf(end) + 1;

export function run(command: string, input?: string): string {
  return execFileSync('sh', ['-c', command], {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 24,
  });
}

export function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    run('ip netns list && iptables-nft --version && iptables-legacy --version && python3 --version');
    return true;
  } catch {
    return false;
  }
}

const inRouter = (command: string): string => run(`ip netns exec ${ROUTER} ${command}`);

export class Lab {
  private readonly agent: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;
  private readonly waiting: ((line: string) => void)[] = [];

  constructor() {
    Lab.remove();
    const macOf = (mac: number) => mac.toString(16).padStart(12, '0').match(/../g)?.join(':');
    const script = [
      `ip netns add ${ROUTER}`,
      `ip netns add ${FAR}`,
      `ip -n ${ROUTER} link set lo up`,
      `ip netns exec ${ROUTER} sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.mldv1_unsolicited_report_interval=100000000 net.ipv6.conf.default.mldv2_unsolicited_report_interval=100000000`,
      ...ENDS.flatMap((end) => [
        `ip -n ${ROUTER} link add ${end} address ${macOf(nearMac(end))} type veth peer name ${end} netns ${FAR}`,
        `ip -n ${FAR} link set ${end} address ${macOf(farMac(end))} arp off`,
        `ip netns exec ${FAR} sysctl -qw net.ipv6.conf.${end}.disable_ipv6=1`,
        `ip -n ${FAR} link set ${end} up promisc on`,
      ]),
      `ip -n ${ROUTER} link add br0 address ${macOf(nearMac('br0'))} type bridge mcast_snooping 0`,
      `ip -n ${ROUTER} link set p0 master br0`,
      `ip -n ${ROUTER} link set p1 master br0`,
      ...['eth0', 'eth1', 'p0', 'p1', 'br0'].map((name) => `ip -n ${ROUTER} link set ${name} up`),
      `ip -n ${ROUTER} addr add 10.90.1.1/24 dev eth0`,
      `ip -n ${ROUTER} addr add 10.90.2.1/24 dev eth1`,
      `ip -n ${ROUTER} addr add 10.90.3.1/24 dev br0`,
      `ip -n ${ROUTER} addr add fd90:1::1/64 dev eth0 nodad`,
      `ip -n ${ROUTER} addr add fd90:2::1/64 dev eth1 nodad`,
      `ip -n ${ROUTER} addr add fd90:3::1/64 dev br0 nodad`,
      ...(
        [
          ['eth0', 'eth0', 1],
          ['eth1', 'eth1', 2],
          ['br0', 'p0', 3],
        ] as const
      ).flatMap(([dev, end, net]) => [
        `ip -n ${ROUTER} neigh add 10.90.${net}.2 lladdr ${macOf(farMac(end))} dev ${dev} nud permanent`,
        `ip -n ${ROUTER} neigh add fd90:${net}::2 lladdr ${macOf(farMac(end))} dev ${dev} nud permanent`,
      ]),
      ...Array.from({ length: 28 }, (_, i) => i + 3).flatMap((host) => [
        `ip -n ${ROUTER} neigh add 10.90.1.${host} lladdr ${macOf(farMac('eth0'))} dev eth0 nud permanent`,
        `ip -n ${ROUTER} neigh add 10.90.2.${host} lladdr ${macOf(farMac('eth1'))} dev eth1 nud permanent`,
      ]),
      ...['10.90.1.0 eth0', '10.90.2.0 eth1'].map((each) => {
        const [address, dev] = each.split(' ');
        return `ip -n ${ROUTER} neigh add ${address} lladdr ${macOf(farMac(dev === 'eth0' ? 'eth0' : 'eth1'))} dev ${dev} nud permanent`;
      }),
      `ip -n ${ROUTER} neigh add 10.90.3.3 lladdr ${macOf(farMac('p1'))} dev br0 nud permanent`,
      `ip -n ${ROUTER} neigh add fd90:3::3 lladdr ${macOf(farMac('p1'))} dev br0 nud permanent`,
      `ip -n ${ROUTER} route add default via 10.90.2.2`,
      `ip -n ${ROUTER} -6 route add default via fd90:2::2`,
      `ip netns exec ${ROUTER} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0 net.ipv4.conf.eth1.send_redirects=0 net.ipv4.conf.br0.send_redirects=0`,
    ];
    run(script.join(' && '));
    this.agent = spawn('python3', [new URL('./agent.py', import.meta.url).pathname]);
    this.lines = createInterface({ input: this.agent.stdout });
    this.lines.on('line', (line) => this.waiting.shift()?.(line));
    this.agent.on('exit', () => {
      for (const answer of this.waiting) answer('{"error":"the agent ended"}');
    });
  }

  static remove(): void {
    for (const name of [ROUTER, FAR]) {
      try {
        run(`ip netns del ${name}`);
      } catch {
        // It wasn't there.
      }
    }
  }

  async open(): Promise<void> {
    await this.ask({ open: ENDS.map((end) => [FAR, end]), local: ROUTER });
  }

  close(): void {
    this.lines.close();
    this.agent.kill();
    Lab.remove();
  }

  private ask(command: object): Promise<{ frames: [number, string][]; errno?: number; error?: string }> {
    return new Promise((resolve) => {
      this.waiting.push((line) => resolve(JSON.parse(line)));
      this.agent.stdin.write(`${JSON.stringify(command)}\n`);
    });
  }

  async sendFrame(end: End, frame: Uint8Array, wait = 0.004): Promise<[End, Uint8Array][]> {
    return this.framesOf(await this.ask({ send: ENDS.indexOf(end), frame: hex(frame), wait }));
  }

  async sendLocal(packet: Uint8Array, wait = 0.004): Promise<[End, Uint8Array][]> {
    return this.framesOf(await this.ask({ local: hex(packet), wait }));
  }

  private framesOf(answer: { frames: [number, string][]; error?: string }): [End, Uint8Array][] {
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.frames.map(([index, text]) => [
      ENDS[index] ?? 'eth0',
      Uint8Array.from(Buffer.from(text, 'hex')),
    ]);
  }

  setup(commands: string): void {
    if (commands.trim() !== '') run(`set -e\n${commands.replaceAll('R ', `ip netns exec ${ROUTER} `)}`);
  }

  /** Loads the rules of a family afresh; what was there before goes, with the connections. */
  load(backend: 'nft' | 'legacy', rules4: string, rules6: string): void {
    this.clear();
    inRouter('nft flush ruleset');
    run(`ip netns exec ${ROUTER} iptables-${backend}-restore`, rules4);
    run(`ip netns exec ${ROUTER} ip6tables-${backend}-restore`, rules6);
    run(`ip netns exec ${ROUTER} conntrack -F 2>&1`);
  }

  /** Legacy tables, once loaded, stay; an empty ruleset with accepting policies is as good as none. */
  private clear(): void {
    const rules = TABLES.map(
      (table) =>
        `*${table}\n${BUILTIN_CHAINS[table].map((chain) => `:${chain} ACCEPT [0:0]\n`).join('')}COMMIT\n`,
    );
    for (const command of ['iptables', 'ip6tables']) {
      run(`ip netns exec ${ROUTER} ${command}-legacy-restore`, rules.join(''));
    }
  }

  counters(backend: 'nft' | 'legacy', family: 4 | 6): string {
    return inRouter(`${family === 4 ? 'iptables' : 'ip6tables'}-${backend}-save -c`);
  }

  /** What the model is told of the router: each command with what it printed. */
  dumps(backend: 'nft' | 'legacy'): [string, string][] {
    const commands = [
      'ip -d -j addr show',
      'ip -d -j route show table all',
      'ip -6 -d -j route show table all',
      'ip -j rule show',
      'ip -6 -j rule show',
      'ip -j neigh show',
      'bridge -j fdb show',
      'bridge -d -j link show',
      'sysctl -a --pattern ^net',
      'ss -lntup',
      `iptables-${backend}-save`,
      `ip6tables-${backend}-save`,
    ];
    return commands.map((command) => {
      const text = inRouter(command);
      return [command, command.startsWith('sysctl') ? settings(text) : text];
    });
  }
}

/** The settings that packets meet, without what no packet does. */
function settings(text: string): string {
  const keep =
    /forward|rp_filter|local|redirects|mark|bridge-nf|icmp|nf_conntrack_|hop_limit|port_range|arp_/;
  return text
    .split('\n')
    .filter((line) => keep.test(line))
    .join('\n');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
