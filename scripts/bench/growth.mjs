/** How the cost of an analysis grows: with packets, flows, rules and capture points, each by itself. */
import { writeSmall } from './captures/definitions.mjs';
import { writePoints } from './captures/points.mjs';
import { HOSTILE } from './hostile/tables.mjs';
import { folderOf } from './inputs.mjs';
import { race } from './measure/race.mjs';
import { docker } from './rulesets/docker.mjs';
import { kubeProxy } from './rulesets/kube-proxy.mjs';

const VERSION = 2;
/** Seconds; what takes longer has stopped growing in proportion. */
const LIMIT = 300;

/** Name of the table → its sizes, each with what makes its input. */
export const TABLES = {
  packets: {
    sizes: [5e5, 1e6, 2e6, 4e6, 8e6],
    make: (folder, size) => writeSmall(folder, { packets: size, flows: 25_000 }),
    what: (size) => `${size / 1e6} M packets in 25,000 flows`,
  },
  flows: {
    sizes: [12_500, 50_000, 100_000, 200_000, 400_000],
    make: (folder, size) => writeSmall(folder, { packets: 4e6, flows: size }),
    what: (size) => `4 M packets in ${size.toLocaleString('en')} flows`,
  },
  failing: {
    sizes: [100, 500, 2000, 8000, 32_000, 128_000],
    make: HOSTILE['flows-unanswered'].make,
    what: (size) => `${size.toLocaleString('en')} connections that nobody answers`,
  },
  rules: {
    sizes: [10, 100, 1000, 10_000, 50_000],
    make: (folder, size) => writeSmall(folder, { packets: 1e6, flows: 50_000, rules: size }),
    what: (size) => `1 M packets in 50,000 flows, ${size.toLocaleString('en')} rules`,
  },
  docker: {
    sizes: [20, 200],
    make: (folder, size) => writeRuled(folder, () => docker(size, 'br0', '172.18')),
    what: (size) => `100,000 packets in 5,000 flows, Docker with ${size} containers`,
  },
  'kube-proxy': {
    sizes: [2000, 20_000, 50_000],
    make: (folder, size) => writeRuled(folder, (masquerade) => kubeProxy(size, { more: [masquerade] }).text),
    what: (size) => `100,000 packets in 5,000 flows, ${size.toLocaleString('en')} rules of kube-proxy`,
  },
  set: {
    sizes: [1000, 100_000, 1_000_000],
    make: (folder, size) => writeSmall(folder, { packets: 1e5, flows: 5000, rules: 10, members: size }),
    what: (size) => `100,000 packets in 5,000 flows, a set of ${size.toLocaleString('en')} members`,
  },
  'counted-set': {
    sizes: [1000, 20_000, 100_000],
    make: (folder, size) =>
      writeSmall(folder, { packets: 1e5, flows: 5000, rules: 10, members: size, isCounted: true }),
    what: (size) =>
      `100,000 packets in 5,000 flows, a set of ${size.toLocaleString('en')} members with timeouts and counters`,
  },
  points: {
    sizes: [1, 2, 3, 4],
    make: (folder, size) => writePoints(folder, { packets: 1e6, flows: 50_000, points: size }),
    what: (size) => `${size} ${size === 1 ? 'point' : 'points'} of 1 M packets in 50,000 flows`,
  },
};

function writeRuled(folder, ruleset) {
  writePoints(folder, { packets: 1e5, flows: 5000, points: 1, ruleset });
}

/** @param {import('./measure/context.mjs').Context} context @param {readonly string[]} wanted of TABLES; all when empty */
export async function growth(context, wanted) {
  const scale = context.quick ? 0.1 : 1;
  for (const [name, { sizes, make, what }] of Object.entries(TABLES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`\n| ${name} | CPU s | peak MiB |\n| --- | --- | --- |`);
    for (const size of sizes) {
      const scaled = name === 'packets' || name === 'flows' ? size * scale : size;
      const folder = folderOf(`growth/${name}-${scaled}`, VERSION, (target) => make(target, scaled));
      const command = context.nettrace('analyze', folder);
      const program = { name: 'nettrace', command, accept: [0, 1], limit: LIMIT };
      try {
        const costs = await race([program], { ...context, runs: Math.min(3, context.runs) });
        const { cpu, memory } = costs.get('nettrace');
        console.log(`| ${what(scaled)} | ${cpu.toFixed(2)} | ${(memory / 2 ** 20).toFixed(0)} |`);
      } catch (error) {
        console.log(`| ${what(scaled)} | ${error instanceof Error ? error.message : error} | |`);
        break;
      }
    }
  }
}
