/** Rows on a whole analysis: 10 M packets behind a firewall, its time and its memory. */
import { peer } from '../measure/peers.mjs';
import { race } from '../measure/race.mjs';
import { cpuGoal } from './read.mjs';

const MIB = 2 ** 20;
/** Problems are found, so the exit status is 1. */
const FOUND = [0, 1];

export const analyze = {
  name: 'analyze',
  title: 'analyze, 10 M small packets in 500,000 flows, ruleset of 1,000 rules',
  async measure(context) {
    const folder = context.folder('small');
    const files = context.files('small');
    const [file] = files;
    const programs = [
      { name: 'nettrace', command: context.nettrace('analyze', folder), accept: FOUND },
      ...peer('tcpdump -w', file, context),
      ...peer('nfpcapd', file, context),
      // Minutes a run.
      ...peer('tshark conv', file, context, context.quick ? context.runs : 1),
    ];
    const costs = await race(programs, { ...context, warm: files });
    const flows = context.quick ? 5e4 : 5e5;
    return {
      costs,
      goals: [
        cpuGoal(costs, 'tshark conv', 1 / 40),
        cpuGoal(costs, 'tcpdump -w', 5),
        cpuGoal(costs, 'nfpcapd', 1 / 6),
        memoryGoal(costs, 'memory / (64 MiB + 512 bytes a flow)', 64 * MIB + 512 * flows),
      ],
    };
  },
};

export const boundedMemory = {
  name: 'memory',
  title: 'analyze --max-memory 512M, 10 M packets in 5 M flows',
  async measure(context) {
    const command = context.nettrace('analyze', '--max-memory', '512M', context.folder('scattered'));
    const programs = [{ name: 'nettrace', command, accept: FOUND }];
    const costs = await race(programs, { ...context, runs: 1, warm: context.files('scattered') });
    return { costs, goals: [memoryGoal(costs, 'memory / 512 MiB', 512 * MIB)] };
  },
};

function memoryGoal(costs, name, limit) {
  return { name, value: (costs.get('nettrace')?.memory ?? Number.NaN) / limit, most: 1 };
}
