/** Rows on rules: their own programs measure inside one process and print JSON. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../measure/nettrace.mjs';

/** @returns {Promise<readonly import('../measure/goal.mjs').Goal[]>} what the program prints as `goals` */
async function goalsOf(script, context) {
  const path = join(ROOT, 'scripts', 'bench', script);
  if (!existsSync(path)) return [];
  const words = [path, '--runs', String(context.runs), ...(context.quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  if (status !== 0) throw new Error(`${script}: exit status ${status}`);
  return JSON.parse(text).goals;
}

export const rules = {
  name: 'rules',
  title: "a flow's first packet through kube-proxy rulesets, with its trace",
  measure: async (context) => ({ costs: new Map(), goals: await goalsOf('rules.mjs', context) }),
};

export const kernelWalk = {
  name: 'kernel-walk',
  title: "10,000 linear --dport rules, against the kernel's own walk",
  measure: async (context) => ({ costs: new Map(), goals: await goalsOf('kernel-walk.mjs', context) }),
};
