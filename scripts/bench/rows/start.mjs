/** Rows on starting: the help, and the analysis of a small bundle, against the runtime's own start. */
import { ratio } from '../measure/goal.mjs';
import { race } from '../measure/race.mjs';

const NODE = { name: 'node -e 0', command: [process.execPath, '-e', '0'] };

async function against(context, command, most) {
  // Milliseconds each: more of them cost nothing and settle the noise.
  const runs = 3 * context.runs;
  const programs = [{ name: 'nettrace', command, accept: [0, 1] }, NODE];
  const costs = await race(programs, { ...context, runs });
  const value = ratio(costs.get('nettrace')?.cpu, costs.get('node -e 0')?.cpu);
  return { costs, goals: [{ name: 'CPU / node -e 0', value, most }] };
}

export const help = {
  name: 'help',
  title: 'nettrace --help',
  measure: (context) => against(context, context.nettrace('--help'), 1.5),
};

export const start = {
  name: 'start',
  title: 'analyze, a bundle of 100 packets at four capture points',
  measure: (context) => against(context, context.nettrace('analyze', context.folder('bundle')), 3),
};
