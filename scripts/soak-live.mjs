// `nettrace live` for a long time on a router with traffic (npm run soak:live [-- --seconds 600 --rate 1700]): two clients behind NAT fetch
// pages, ask for names, stream and ping; now and then the router is broken. Each second the memory of the program is looked at; in the
// end, whether all of the host is as it was. Root, ip, iptables, tcpdump; tmux with --screen.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seconds } from './soak/time.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    /** Packets a second, about, each counted once. */
    rate: { type: 'string', default: '1700' },
    /** MiB of the whole program that may be resident: less than 200 MB. */
    limit: { type: 'string', default: '190' },
    /** With its screen, in tmux, where keys are pressed. */
    screen: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(values.seconds);
const RATE = Number(values.rate);
const LIMIT = Number(values.limit);
const TRAFFIC = fileURLToPath(new URL('soak/traffic.mjs', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../bin/nettrace.js', import.meta.url));
/** Seconds from one fault to the next, and how long it lasts. */
const FAULTS = 45;
const FAULT = 12;

const id = `sl${process.pid}`;
const [router, web, app, server] = ['r', 'a', 'b', 's'].map((letter) => `${id}${letter}`);
const namespaces = [router, web, app, server];
const children = [];
/** What is soaked. */
let program;

const faults = [
  [
    'fwd-ip-forward-off',
    `ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=0`,
    `ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1`,
  ],
  [
    'flt-rule-drop',
    `ip netns exec ${router} iptables -I FORWARD -p udp --dport 53 -j DROP`,
    `ip netns exec ${router} iptables -D FORWARD -p udp --dport 53 -j DROP`,
  ],
  [
    'route-special-type',
    `ip -n ${router} route add blackhole 10.77.2.2/32`,
    `ip -n ${router} route del blackhole 10.77.2.2/32`,
  ],
];

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });

try {
  sh(`
    for ns in ${namespaces.join(' ')}; do ip netns add $ns; ip -n $ns link set lo up; done
    ip -n ${router} link add br0 type bridge; ip -n ${router} addr add 10.77.1.1/24 dev br0; ip -n ${router} link set br0 up
    n=2
    for ns in ${web} ${app}; do
      ip link add eth0 netns $ns type veth peer name port$n netns ${router}
      ip -n ${router} link set port$n master br0 up
      ip -n $ns addr add 10.77.1.$n/24 dev eth0; ip -n $ns link set eth0 up
      ip -n $ns route add default via 10.77.1.1
      n=$((n + 1))
    done
    ip link add eth0 netns ${server} type veth peer name wan0 netns ${router}
    ip -n ${router} addr add 10.77.2.1/24 dev wan0; ip -n ${router} link set wan0 up
    ip -n ${server} addr add 10.77.2.2/24 dev eth0; ip -n ${server} link set eth0 up
    ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1
    ip netns exec ${router} iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
    ip netns exec ${router} iptables -P FORWARD ACCEPT
  `);
  inside(server, process.execPath, TRAFFIC, 'serve', '10.77.2.2');
  await seconds(1);
  for (const ns of [web, app]) {
    inside(ns, process.execPath, TRAFFIC, 'ask', '10.77.2.2', String(RATE / 2));
    inside(ns, 'ping', '-q', '-i', '0.5', '10.77.2.2');
  }
  await seconds(2);
  const before = hostState();
  const report = await soak();
  await seconds(1);
  const after = hostState();
  for (const [what, was] of Object.entries(before))
    if (was !== after[what]) report.wrong.push(`${what} changed:\n${was}\n---\n${after[what]}`);
  const { wrong, ...figures } = report;
  console.log(JSON.stringify(figures, null, 1));
  for (const text of wrong) console.error(`✗ ${text}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  cleanUp();
}

/** Runs the program, breaks and repairs the router, and gives what was measured. */
async function soak() {
  const { begin } = await import(values.screen ? './soak/screen.mjs' : './soak/headless.mjs');
  program = await begin(LAUNCHER, ['--host-namespace', 'own', '--only', namespaces.join()]);
  await seconds(3);
  const samples = [];
  const wrong = [];
  const found = [];
  const begun = Date.now() / 1000;
  const cpu = ticksOf(program.pid);
  let fault = 0;
  let broken;
  for (let second = 0; second < SECONDS; second++) {
    const [cause, breaking, repairing] = faults[fault % faults.length];
    if (second % FAULTS === 10 && second + FAULT < SECONDS) {
      broken = Date.now() / 1000;
      sh(breaking);
    }
    if (second % FAULTS === 10 + FAULT && broken !== undefined) {
      const after = program.found(cause, broken);
      if (after === undefined) wrong.push(`${cause} was not found (second ${second})`);
      else found.push({ cause, after: Number(after.toFixed(2)) });
      broken = undefined;
      sh(repairing);
      fault++;
    }
    program.use();
    await seconds(begun + second + 1 - Date.now() / 1000);
    samples.push(memoryOf(program.pid));
  }
  const spent = ticksOf(program.pid) - cpu;
  const elapsed = Date.now() / 1000 - begun;
  const helpers = helpersOf(program.pid);
  const causes = program.causes();
  const { wrong: ending, ...counted } = await program.end();
  wrong.push(...ending);
  const peak = Math.max(...samples);
  if (peak > LIMIT) wrong.push(`${peak.toFixed(0)} MiB of memory, more than ${LIMIT}`);
  for (const { at, cause, title } of causes)
    if (at > begun && !faults.some(([name]) => name === cause)) wrong.push(`${cause} was found: ${title}`);
  return {
    seconds: Math.round(elapsed),
    ...counted,
    memory: {
      first: round(samples.slice(0, 30)),
      median: round([median(samples)]),
      last: round(samples.slice(-30)),
      peak: round([peak]),
    },
    cpu: `${((spent / 100 / elapsed) * 100).toFixed(1)} % of one processor, its captures ${((helpers / 100 / elapsed) * 100).toFixed(1)} %`,
    findings: causes.length,
    found,
    wrong,
  };
}

function round(values) {
  return `${(values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(0)} MiB`;
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1];
}

function sh(command) {
  const { status, stderr } = spawnSync('sh', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

function output(...words) {
  return spawnSync(words[0], words.slice(1), { encoding: 'utf8' }).stdout;
}

function inside(namespace, ...words) {
  children.push(spawn('ip', ['netns', 'exec', namespace, ...words], { stdio: 'ignore' }));
}

/** MiB resident. */
function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** Hundredths of a second of processor time. */
function ticksOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Of the programs that it has running. */
function helpersOf(pid) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, name) => {
      try {
        const parent = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')[1];
        return parent === String(pid) ? sum + ticksOf(name) : sum;
      } catch {
        // It ended meanwhile.
        return sum;
      }
    }, 0);
}

/** What the program must leave as it is. */
function hostState() {
  const links = JSON.parse(output('ip', '-n', router, '-d', '-j', 'link'));
  return {
    namespaces: readdirSync('/run/netns')
      .filter((name) => name.startsWith(id))
      .toSorted()
      .join(),
    rules: output('ip', 'netns', 'exec', router, 'iptables-save').replaceAll(/^#.*\n|\[\d+:\d+\]/gm, ''),
    links: links.map(({ ifname, flags, promiscuity }) => `${ifname} ${flags} ${promiscuity}`).join('\n'),
    settings: output('ip', 'netns', 'exec', router, 'sysctl', 'net.ipv4.ip_forward'),
    processes: namespaces.map((name) => `${name} ${processesIn(name)}`).join('\n'),
    files: readdirSync(tmpdir())
      .filter((name) => name.startsWith('nettrace-live'))
      .toSorted()
      .join(),
  };
}

function processesIn(name) {
  const { ino } = statSync(`/run/netns/${name}`);
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && statSync(`/proc/${pid}/ns/net`).ino === ino;
    } catch {
      // It ended meanwhile.
      return false;
    }
  }).length;
}

function cleanUp() {
  program?.kill();
  for (const child of children) child.kill('SIGKILL');
  // What runs inside of `ip netns exec` is that process itself.
  for (const name of namespaces) spawnSync('ip', ['netns', 'del', name]);
}
