/** Rows on rules: their own programs measure inside one process and print JSON. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../measure/nettrace.mjs';

/** The goals that a program prints. */
async function measured(script, ...words) {
  const command = [join(ROOT, 'scripts', 'bench', script), ...words];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  if (status !== 0) throw new Error(`${script}: exit status ${status}`);
  return { costs: new Map(), goals: JSON.parse(text).goals };
}

export const rules = {
  name: 'rules',
  title: "a flow's first packet through kube-proxy rulesets, with its trace",
  measure: () => measured('rules.mjs', '20000', '100000'),
};

export const kernelWalk = {
  name: 'kernel-walk',
  title: "10,000 linear --dport rules, against the kernel's own walk",
  async measure(context) {
    if (process.getuid?.() === 0) return measured('kernel-walk.mjs');
    context.missing.add('the rights to make namespaces');
    return { costs: new Map(), goals: [] };
  },
};
