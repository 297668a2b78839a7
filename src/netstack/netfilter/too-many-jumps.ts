import { type InputLimits, limitText } from '../../base/limits.ts';

/** Of a walk that is given up; `rule`: the text of the one whose jump was one too many. */
export function tooManyJumps(limits: Pick<InputLimits, 'chainJumps'>, rule = ''): string {
  const found = `at "${rule}" the packet has jumped from chain to chain without an end`;
  return limitText('chainJumps', limits, found, 'what becomes of it in this table is unknown');
}
