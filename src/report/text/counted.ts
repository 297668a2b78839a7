/** What is said of flows that were not looked at packet by packet. */
import type { Analysis } from '../analysis.ts';
import type { Style } from './style.ts';
import { hang } from './wrap.ts';

export function countedLines({ counted, flows }: Analysis, style: Style): string[] {
  if (!counted || counted.flows === 0) return [];
  const { delivered, failing, meant, degraded, unknown, unlisted } = counted;
  const parts = [
    [delivered, 'were answered to the end'],
    [failing, 'fail'],
    [meant, 'ended as they were meant to'],
    [degraded, 'suffer'],
    [unknown, 'show too little to tell'],
  ] as const;
  const sums = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const listed =
    unlisted === undefined
      ? '--format json lists them.'
      : `Of ${unlisted} only that is known: they are the oldest, and had to make room (--max-memory).`;
  const text =
    `Of the ${counted.flows + flows.length} flows ${flows.length} were looked at packet by packet: those that stand for the ` +
    `others in how they fare. The other ${counted.flows} were counted: ${sums.join(', ')}. ${listed}`;
  return ['', style.bold('Counted'), ...hang('  ', text, style.width)];
}
