/** Rows on reading alone: counting, the scan, big packets, packets as text. */
import { ratio } from '../measure/goal.mjs';
import { peer } from '../measure/peers.mjs';
import { race } from '../measure/race.mjs';

export const count = {
  name: 'count',
  title: 'show --format count, 10 M small packets',
  async measure(context) {
    const files = context.files('small');
    const [file] = files;
    const ours = { name: 'nettrace', command: context.nettrace('show', '--format', 'count', file) };
    const programs = [ours, ...peer('capinfos -c', file, context), ...peer('cat', file, context)];
    const costs = await race(programs, { ...context, warm: files });
    return { costs, goals: [cpuGoal(costs, 'capinfos -c', 0.3)] };
  },
};

export const scan = {
  name: 'scan',
  title: 'read, decode and assign flows, 10 M small packets in 500,000 flows',
  async measure(context) {
    const files = context.files('small');
    const [file] = files;
    const programs = [
      { name: 'nettrace', command: context.nettrace('scan', file) },
      ...peer('tcpdump -w', file, context),
      ...peer('nfpcapd', file, context),
      ...['softflowd', 'argus', 'tcptrace'].flatMap((name) => peer(name, file, context, 1)),
    ];
    const costs = await race(programs, { ...context, warm: files });
    return { costs, goals: [cpuGoal(costs, 'tcpdump -w', 1.25), cpuGoal(costs, 'nfpcapd', 1 / 12)] };
  },
};

export const large = {
  name: 'large',
  title: 'read, decode and assign flows, 1 M packets of 1,400 bytes',
  async measure(context) {
    const files = context.files('large');
    const [file] = files;
    const programs = [
      { name: 'nettrace', command: context.nettrace('scan', file) },
      ...peer('cat', file, context),
      { name: 'node', command: [process.execPath, '-e', '0'] },
      ...peer('tcpdump -w', file, context),
    ];
    const costs = await race(programs, { ...context, warm: files });
    const cat = costs.get('cat')?.cpu;
    const limit = cat === undefined ? undefined : 2 * cat + (costs.get('node')?.cpu ?? 0);
    return {
      costs,
      goals: [
        { name: 'CPU / (2 cat + node -e 0)', value: ratio(costs.get('nettrace')?.cpu, limit), most: 1 },
      ],
    };
  },
};

export const text = {
  name: 'text',
  title: 'packets as text (show), 1 M mixed packets',
  async measure(context) {
    const files = context.files('mixed');
    const [file] = files;
    const programs = [
      { name: 'nettrace', command: context.nettrace('show', file) },
      ...peer('tcpdump -nn', file, context),
    ];
    const costs = await race(programs, { ...context, warm: files });
    return { costs, goals: [cpuGoal(costs, 'tcpdump -nn', 0.5)] };
  },
};

export function cpuGoal(costs, name, most) {
  return { name: `CPU / ${name}`, value: ratio(costs.get('nettrace')?.cpu, costs.get(name)?.cpu), most };
}
