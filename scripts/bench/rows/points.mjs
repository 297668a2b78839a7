/** Rows on several captures: the same traffic at four points against one point, and two processors against one. */
import { ratio } from '../measure/goal.mjs';
import { find } from '../measure/peers.mjs';
import { race } from '../measure/race.mjs';

const FOUND = [0, 1];

export const correlation = {
  name: 'correlation',
  title: 'analyze, four capture points of 2.5 M packets against one of 10 M',
  async measure(context) {
    const programs = [
      { name: 'nettrace', command: context.nettrace('analyze', context.folder('four')), accept: FOUND },
      { name: 'one point', command: context.nettrace('analyze', context.folder('one')), accept: FOUND },
    ];
    const files = [...context.files('four'), ...context.files('one')];
    const costs = await race(programs, { ...context, warm: files });
    const value = ratio(costs.get('nettrace')?.cpu, costs.get('one point')?.cpu);
    return { costs, goals: [{ name: 'CPU, four points / one', value, most: 1.3 }] };
  },
};

export const threads = {
  name: 'threads',
  title: 'analyze of four captures on two processors against one, wall clock',
  async measure(context) {
    const command = context.nettrace('analyze', context.folder('four'));
    const taskset = find('taskset');
    if (taskset === undefined) context.missing.add('taskset');
    const programs = [
      ...(taskset === undefined ? [] : [{ name: 'nettrace', command: [taskset, '-c', '0,1', ...command] }]),
      ...(taskset === undefined
        ? []
        : [{ name: 'one processor', command: [taskset, '-c', '0', ...command] }]),
    ].map((program) => ({ ...program, accept: FOUND }));
    const costs = await race(programs, { ...context, warm: context.files('four') });
    const value = ratio(costs.get('one processor')?.wall, costs.get('nettrace')?.wall);
    return { costs, goals: [{ name: 'wall clock, one processor / two', value, least: 1.7 }] };
  },
};
