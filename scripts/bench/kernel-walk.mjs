// What 10,000 rules `-p udp --dport N` cost a packet that matches none of them: in the kernel and in the model, in the same run.
// `node scripts/bench/kernel-walk.mjs [--quick] [RULES]` prints JSON; needs root, iproute2, python3 and an iptables backend. µs of CPU a packet.
//
// The kernel's side: a process of a fresh namespace sends datagrams over lo, whose OUTPUT chain has the rules; a chain is walked by
// the process that sends, so its own CPU time, less that without rules, is the walk. The model's side: the same ruleset, the same packet,
// through the same chain. The ratios hold the kernel's walk alone against the model's whole call.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundled } from './measure/bundled.mjs';
import { cpu, middle } from './measure/timing.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, quick: { type: 'boolean' } },
});
const RULES = Number(positionals[0] ?? 10_000);
const ROUNDS = Number(values.runs ?? 5);
const PACKETS = values.quick ? 1000 : 4000;
const FIRST_PORT = 10_000;
const PORT = 9999;

const ruleset = (rules) =>
  [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...Array.from({ length: rules }, (_, i) => `-A OUTPUT -p udp -m udp --dport ${FIRST_PORT + i} -j DROP`),
    'COMMIT',
    '',
  ].join('\n');

const SENDER = `
import resource, socket
taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taker.bind(('127.0.0.1', ${PORT}))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.connect(('127.0.0.1', ${PORT}))
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
for _ in range(200): sender.send(b'x')
start = cpu()
for _ in range(${PACKETS}): sender.send(b'x')
print((cpu() - start) / ${PACKETS} * 1e6)
`;

/** Runs in the bundle: a function that sends one packet through the OUTPUT chain, steps and counters included. */
const MODEL = `
import { createNet } from './netstack/net.ts';
import { viewOf } from './netstack/netfilter/view.ts';
import { walkTable } from './netstack/netfilter/walk.ts';
import { buildSkb } from './skb/build.ts';
import { parseSave } from './xtables/parse.ts';
export function walker(text, destinationPort) {
  const { ruleset } = parseSave(text, 'iptables-save', { family: 4, backend: 'nft' });
  const net = createNet({ name: 'host', inferred: false, rulesets4: [ruleset] });
  const tables = net.tables[4];
  const { base } = tables.hooks.OUTPUT.find(({ kind }) => kind === 'table');
  const local = 0x7f000001;
  const skb = buildSkb({ source: local, destination: local, protocol: 17, sourcePort: 4000, destinationPort, payload: 1, time: 1 });
  skb.out = 'lo';
  let steps = 0;
  const hooks = { step: () => void steps++, decide: () => undefined, undecided: () => void steps++ };
  return () => walkTable({ tables, base, skb, view: viewOf(net, 1), hooks });
}
`;

const kernel = {};
for (const backend of ['nft', 'legacy']) {
  const cost = kernelCost(backend);
  if (cost) kernel[backend] = cost;
}
const model = await modelCost();
const goals = ['nft', 'legacy'].map((backend) => ({
  name: `times faster than iptables-${backend}`,
  value: kernel[backend] && kernel[backend].walk / model.with,
  least: 100,
}));
process.stdout.write(`${JSON.stringify({ goals, rules: RULES, kernel, model }, undefined, 2)}\n`);

/** Undefined without root, and where that iptables isn't there. */
function kernelCost(backend) {
  const restore = `iptables-${backend}-restore`;
  if (process.getuid?.() !== 0 || spawnSync(restore, ['--version']).status !== 0) return undefined;
  const name = `nettrace-walk-${process.pid}`;
  must('ip', ['netns', 'add', name]);
  try {
    must('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    const load = (rules) => must('ip', ['netns', 'exec', name, restore], ruleset(rules));
    const send = () => Number(must('ip', ['netns', 'exec', name, 'python3', '-c', SENDER]));
    const plain = [];
    const ruled = [];
    for (let i = 0; i < ROUNDS; i++) {
      load(0);
      plain.push(send());
      load(RULES);
      ruled.push(send());
    }
    const [without, within] = [middle(plain), middle(ruled)];
    return { without, with: within, walk: within - without };
  } finally {
    must('ip', ['netns', 'del', name]);
  }
}

function must(command, args, input = '') {
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function modelCost() {
  const resolveDir = fileURLToPath(new URL('../../src/', import.meta.url));
  const { walker } = await bundled({ stdin: { contents: MODEL, resolveDir } });
  const [empty, full] = [walker(ruleset(0), PORT), walker(ruleset(RULES), PORT)];
  const plain = [];
  const ruled = [];
  for (let i = 0; i < ROUNDS + 2; i++) {
    plain.push(cpuOf(empty));
    ruled.push(cpuOf(full));
  }
  // The first two rounds are the compiler's.
  const [without, within] = [middle(plain.slice(2)), middle(ruled.slice(2))];
  return { without, with: within, walk: Math.max(within - without, 0.001) };
}

function cpuOf(walk) {
  const calls = PACKETS * 50;
  const all = cpu(() => {
    for (let i = 0; i < calls; i++) walk();
  });
  return all / calls;
}
