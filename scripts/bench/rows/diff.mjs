/** The row on `diff`: a firewall of 10,000 rules, and the same with five of them others. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_DIR } from '../inputs.mjs';
import { race } from '../measure/race.mjs';
import { firewall } from '../rulesets/firewall.mjs';

const RULES = 10_000;
/** Seconds of CPU, and bytes. */
const MOST = { cpu: 5, memory: 2 ** 30 };

/** One rule gone, one for a network in place of one for a host, one new, one that answers instead of being silent, one gone. */
function edited(text) {
  const lines = text.split('\n');
  const from = (line) => lines.findIndex((each, i) => i >= line && each.startsWith('-A FORWARD'));
  const part = (tenths) => from(Math.floor((lines.length * tenths) / 20));
  lines.splice(part(1), 1);
  lines[part(6)] = '-A FORWARD -s 100.70.0.0/16 -j ACCEPT';
  lines.splice(part(12), 0, '-A FORWARD -i eth0 -p tcp -m tcp --dport 8080 -j ACCEPT');
  const answered = part(14);
  lines[answered] = lines[answered].replace('-j DROP', '-j REJECT --reject-with icmp-port-unreachable');
  lines.splice(part(16), 1);
  return lines.join('\n');
}

export const diff = {
  name: 'diff',
  title: 'diff, two rulesets of 10,000 rules that differ in five',
  async measure(context) {
    const folder = join(BENCH_DIR, 'diff');
    mkdirSync(folder, { recursive: true });
    const before = firewall(context.quick ? RULES / 10 : RULES);
    const files = [join(folder, 'before.rules'), join(folder, 'after.rules')];
    writeFileSync(files[0], before);
    writeFileSync(files[1], edited(before));
    const programs = [{ name: 'nettrace', command: context.nettrace('diff', ...files), accept: [1] }];
    const costs = await race(programs, { ...context, warm: files });
    const cost = costs.get('nettrace');
    return {
      costs,
      goals: [
        { name: 'CPU seconds', value: cost?.cpu, most: MOST.cpu },
        { name: 'memory / 1 GiB', value: cost && cost.memory / MOST.memory, most: 1 },
      ],
    };
  },
};
