/** Rows on rules: their own programs measure inside one process and print JSON. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ratio } from '../measure/goal.mjs';
import { ROOT } from '../measure/nettrace.mjs';

async function printed(script, ...words) {
  const command = [join(ROOT, 'scripts', 'bench', script), ...words];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  if (status !== 0) throw new Error(`${script}: exit status ${status}`);
  return JSON.parse(text);
}

export const rules = {
  name: 'rules',
  title: "a flow's first packet through kube-proxy rulesets, with its trace",
  async measure() {
    const [fewer, more] = await printed('rules.mjs', '20000', '100000');
    return {
      costs: new Map(),
      goals: [
        { name: 'µs a packet, 20,000 rules', value: fewer.traversal, most: 1 },
        { name: '100,000 rules / 20,000', value: ratio(more.traversal, fewer.traversal), most: 2 },
      ],
    };
  },
};

export const kernelWalk = {
  name: 'kernel-walk',
  title: "10,000 linear --dport rules, against the kernel's own walk",
  async measure(context) {
    if (process.getuid?.() !== 0) {
      context.missing.add('the rights to make namespaces');
      return { costs: new Map(), goals: [] };
    }
    const { ratios } = await printed('kernel-walk.mjs');
    return {
      costs: new Map(),
      goals: Object.entries(ratios).map(([backend, value]) => ({
        name: `times faster than iptables-${backend}`,
        value,
        least: 100,
      })),
    };
  },
};
