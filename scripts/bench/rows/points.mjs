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
  title:
    'reading of four captures of a gigabyte on two processors against one, wall clock; and all of analyze',
  async measure(context) {
    const taskset = find('taskset');
    if (taskset === undefined) context.missing.add('taskset');
    const files = context.files('gigabytes');
    const on = (processors, name, command) =>
      taskset === undefined
        ? []
        : [{ name, command: [taskset, '-c', processors, ...command], accept: FOUND }];
    const reading = context.nettrace('scan', ...files);
    const analyzing = context.nettrace('analyze', context.folder('gigabytes'));
    const programs = [
      ...on('0,1', 'reading, two', reading),
      ...on('0', 'reading, on 0', reading),
      ...on('1', 'reading, on 1', reading),
      ...on('0,1', 'analyze, two', analyzing),
      ...on('0', 'analyze, on 0', analyzing),
      ...on('1', 'analyze, on 1', analyzing),
    ];
    const costs = await race(programs, { ...context, warm: files });
    // Of processors of a virtual machine one may be slower than the other, as others use them too: against one is against either.
    const faster = (what) => {
      const { wall: first } = costs.get(`${what}, on 0`) ?? {};
      const { wall: second } = costs.get(`${what}, on 1`) ?? {};
      const one = first !== undefined && second !== undefined ? (first + second) / 2 : undefined;
      return ratio(one, costs.get(`${what}, two`)?.wall);
    };
    return {
      costs,
      goals: [
        { name: 'wall clock, one processor / two', value: faster('reading'), least: 1.7 },
        // What joins the captures and explains is one thread's.
        { name: 'wall clock of analyze, one processor / two', value: faster('analyze') },
      ],
    };
  },
};
