/** Tutorials of namespaces, typed line by line on this kernel: after each, a ping meets what `trace --steps` says it meets. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceReport, TraceStep } from '../../src/report/trace-report.ts';
import { run } from '../cli/harness.ts';

/** A machine with eth0 and a default route, behind which is an internet that knows no private address. */
const MACHINE = `
mkdir -p /run/netns && mount -t tmpfs none /run/netns
sysctl -qw net.ipv4.ip_forward=0
ip netns add the-world
ip link add eth0 type veth peer name up0 netns the-world
ip addr add 203.0.113.77/24 dev eth0 && ip link set eth0 up && ip link set lo up
ip route add default via 203.0.113.1
ip -n the-world link set lo up && ip -n the-world link set up0 up
ip -n the-world addr add 203.0.113.1/24 dev up0 && ip -n the-world addr add 8.8.8.8/32 dev lo
ip netns exec the-world sleep 600 >/dev/null 2>&1 & world=$!
trap 'kill $world' EXIT
while [ /proc/$world/ns/net -ef /proc/$$/ns/net ]; do sleep 0.02; done`;

const PING = `
# Sets arrived to the echo requests that the world has had: a process there makes its counters readable without another one.
arrived() {
  while read -r -a fields; do
    case \${fields[0]} in Icmp:) ;; *) continue;; esac
    case \${fields[1]} in
      InMsgs) for at in "\${!fields[@]}"; do case \${fields[at]} in InEchos) column=$at;; esac; done;;
      *) arrived=\${fields[column]};;
    esac
  done </proc/$world/net/snmp
}
# What the kernel remembers of a neighbour that didn't answer, and of a wire that has just come up, is given its time.
ask() {
  for ns in /run/netns/*; do ip -n "\${ns##*/}" neigh flush all; done; ip neigh flush all
  for wait in 0.2 0.6 1.2; do
    arrived; before=$arrived
    said=$(ip netns exec "$FROM" ping -n -c1 -W0.4 "$TO" 2>&1) && passes=true || passes=false
    case "$passes $said" in true*|*'Network is unreachable'*|*'such file'*) break;; esac
    sleep $wait
  done
  case "$said" in *'Network is unreachable'*) route=false;; *) route=true;; esac
  arrived
  [ "$arrived" -gt "$before" ] && out=true || out=false
  echo "== $1 $passes $route $out"
}
# A namespace's name goes at once, its links go when the kernel gets to it.
ip() {
  case "$*" in 'netns del '*) links=$(command ip -o link show | awk -v ns="$3" -F'[ @:]+' '$0 ~ "link-netns " ns "( |$)" { print $2 }');; *) links=;; esac
  command ip "$@" || return
  for link in $links; do while command ip link show "$link" >/dev/null 2>&1; do sleep 0.05; done; done
}`;

interface Tutorial {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  /** As it stands in the paste, and the command that it is; undefined: a line that is none. */
  readonly lines: readonly (readonly [line: string, command?: string])[];
}

function script(...commands: readonly string[]): Tutorial['lines'] {
  return commands.map((command) => [command, command]);
}

function pasted(prompt: string, ...commands: readonly string[]): Tutorial['lines'] {
  return ['Some steps:', '```', ...commands, '```'].map((line) =>
    commands.includes(line) ? [`${prompt}${line}`, line] : [line],
  );
}

const PAIR = [
  'ip netns add lemon',
  'ip link add to-lemon type veth peer name eth9',
  'ip link set eth9 netns lemon',
  'ip addr add 10.41.0.1/24 dev to-lemon',
  'ip netns exec lemon ip addr add 10.41.0.2/24 dev eth9',
  'ip link set to-lemon up',
  'ip netns exec lemon ip link set dev eth9 up',
];
const BRIDGE = [
  'ip link add name tray type bridge',
  'ip link set tray up',
  'ip netns add thyme',
  'ip netns add sage',
  'ip link add t-thyme type veth peer name e-thyme',
  'ip link add t-sage type veth peer name e-sage',
  'ip link set e-thyme netns thyme',
  'ip link set e-sage netns sage',
  'ip link set t-thyme master tray',
  'brctl addif tray t-sage',
  'ip link set t-thyme up',
  'ip link set t-sage up',
  'ip netns exec thyme ip link set lo up',
  'ip netns exec thyme ip link set e-thyme up',
  'ip netns exec sage ip link set e-sage up',
  'ip netns exec thyme ip addr add 172.22.7.10/24 dev e-thyme',
  'ip -n sage addr add 172.22.7.11/24 dev e-sage',
];
const OUT = [
  'ip addr add 172.22.7.1/24 dev tray',
  'ip netns exec thyme ip route add default via 172.22.7.1',
  'sysctl -w net.ipv4.ip_forward=1',
  'iptables -t nat -A POSTROUTING -s 172.22.7.0/24 ! -o tray -j MASQUERADE',
];

const TUTORIALS: readonly Tutorial[] = [
  {
    what: 'one pair, a default route, forwarding, MASQUERADE',
    from: 'lemon',
    to: '8.8.8.8',
    lines: script(
      ...PAIR,
      'ip netns exec lemon ip route add default via 10.41.0.1',
      'echo 1 > /proc/sys/net/ipv4/ip_forward',
      'iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE',
      'iptables -P FORWARD DROP',
      'iptables -A FORWARD -i to-lemon -o eth0 -j ACCEPT',
      'iptables -A FORWARD -i eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      'ip link set to-lemon down',
      'ip link set to-lemon up',
      'ip netns exec lemon ip route add default via 10.41.0.1',
    ),
  },
  {
    what: 'a bridge and two namespaces: out',
    from: 'thyme',
    to: '8.8.8.8',
    lines: pasted('cook@stove:~$ sudo ', ...BRIDGE, ...OUT),
  },
  {
    what: 'a bridge and two namespaces: to the other',
    from: 'thyme',
    to: '172.22.7.11',
    lines: pasted(
      'root@stove:~# ',
      ...BRIDGE,
      'ip link set t-sage nomaster',
      'ip link set t-sage master tray',
      'ip -n sage addr del 172.22.7.11/24 dev e-sage',
      'ip -n sage addr add 172.22.7.11/32 dev e-sage',
      'ip -n sage route add 172.22.7.0/24 dev e-sage',
      'ip netns exec sage iptables -A INPUT -p icmp -j DROP',
      'ip netns exec sage iptables -F',
      'ip netns del sage',
    ),
  },
  {
    what: 'with what goes wrong: no prefix, the wrong chain, an address as gateway that nobody has',
    from: 'thyme',
    to: '8.8.8.8',
    lines: script(
      ...BRIDGE.slice(0, -2),
      'ip -n thyme addr add 172.22.7.10 dev e-thyme',
      'ip addr add 172.22.7.1/24 dev tray',
      'ip -n thyme route add default via 172.22.7.1',
      'ip -n thyme addr add 172.22.7.10/24 dev e-thyme',
      'ip -n thyme addr del 172.22.7.10/32 dev e-thyme',
      'ip -n thyme addr add 172.22.7.10/24 dev e-thyme',
      'ip -n thyme route add default via 172.22.7.254',
      'sysctl -w net.ipv4.ip_forward=1',
      'iptables -A POSTROUTING -s 172.22.7.0/24 -j MASQUERADE',
      'iptables -t nat -A POSTROUTING -s 172.22.7.0/24 -j MASQUERADE',
      'ip -n thyme route replace default via 172.22.7.1',
      'ip link set tray down',
      'ip link set tray up',
    ),
  },
  {
    what: 'two routers in a row',
    from: 'thyme',
    to: '8.8.8.8',
    lines: script(
      'ip netns add thyme',
      'ip netns add mint',
      'ip link add a0 type veth peer name a1',
      'ip link add b0 type veth peer name b1',
      'ip link set a0 netns thyme',
      'ip link set a1 netns mint',
      'ip link set b1 netns mint',
      'ip -n thyme addr add 10.42.1.2/24 dev a0',
      'ip -n mint addr add 10.42.1.1/24 dev a1',
      'ip -n mint addr add 10.42.2.1/30 dev b1',
      'ip addr add 10.42.2.2/30 dev b0',
      'ip -n thyme link set a0 up',
      'ip -n mint link set a1 up',
      'ip -n mint link set b1 up',
      'ip link set b0 up',
      'ip -n thyme route add default via 10.42.1.1',
      'ip -n mint route add default via 10.42.2.2',
      'ip netns exec mint sysctl -w net.ipv4.ip_forward=1',
      'sysctl -w net.ipv4.ip_forward=1',
      'iptables -t nat -A POSTROUTING -s 10.42.0.0/16 -o eth0 -j MASQUERADE',
      'ip route add 10.42.1.0/24 via 10.42.2.1',
      'ip netns exec mint iptables -t nat -A POSTROUTING -o b1 -j MASQUERADE',
      'ip route del 10.42.1.0/24',
    ),
  },
];

interface Met {
  readonly line: number;
  readonly passes: boolean;
  /** The sender has a route. */
  readonly route: boolean;
  /** It is seen in the world. */
  readonly out: boolean;
}

const execute = promisify(execFile);

async function byKernel({ from, to, lines }: Tutorial): Promise<readonly Met[]> {
  const steps = lines.flatMap(([, command], at) =>
    command === undefined ? [] : [`{ ${command}; } >/dev/null 2>&1; ask ${at + 1}`],
  );
  const script = [MACHINE, `FROM=${from} TO=${to}`, PING, ...steps].join('\n');
  const { stdout: text } = await execute('unshare', ['-n', '-m', 'bash', '-c', script]);
  return [...text.matchAll(/^== (\d+) (\w+) (\w+) (\w+)$/gm)].map(([, line, passes, route, out]) => ({
    ...{ line: Number(line), passes: passes === 'true', route: route === 'true', out: out === 'true' },
  }));
}

function byModel({ line, verdict, cause, passes, outcome }: TraceStep): Met {
  const unsent = verdict === 'dropped' && /^route-(?!wrong)/.test(cause ?? '');
  return { line, passes, route: verdict === undefined || !unsent, out: /leaves host by eth0/.test(outcome) };
}

function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['-n', '-m', 'bash', '-c', `${MACHINE}\nbrctl show && iptables -S`], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-tutorial-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!isPossible())('on this kernel (needs root, network namespaces, iptables, brctl)', () => {
  it.concurrent.each(TUTORIALS)('$what', { timeout: 240_000 }, async (tutorial) => {
    const path = join(folder, `${tutorial.what}.md`.replace(/[^\w.]/g, '-'));
    writeFileSync(path, `${tutorial.lines.map(([line]) => line).join('\n')}\n`);
    const words = ['--from', tutorial.from, '--to', tutorial.to, '--steps', '--format', 'json', '-q'];
    const { stdout } = await run(['trace', path, ...words]);
    const { steps = [] } = JSON.parse(stdout) as TraceReport;
    const kernel = await byKernel(tutorial);
    const isOutside = tutorial.to === '8.8.8.8';
    const shown = (met: Met): string =>
      `${met.line} ${tutorial.lines[met.line - 1]?.[0]}: ${JSON.stringify(met)}`;
    expect(steps.map(byModel).map((met) => shown(isOutside ? met : { ...met, out: false }))).toEqual(
      kernel.map(shown),
    );
  });
});
