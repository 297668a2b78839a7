/** counter, quota, limit, ct count and last. */
import type { Limit, Quota, Statement } from '../statement.ts';
import { printDuration } from '../time.ts';
import { printExpression } from './expression.ts';
import type { PrintContext } from './rule.ts';

export function printStateful(statement: Statement, ctx: PrintContext): string {
  switch (statement.kind) {
    case 'counter':
      return ctx.stateful && statement.packets !== undefined
        ? `counter packets ${statement.packets} bytes ${statement.bytes ?? 0}`
        : 'counter';
    case 'quota':
      return `quota ${printQuota(statement, ctx)}`;
    case 'limit':
      return `limit ${printLimit(statement)}`;
    case 'ct count':
      return `ct count ${statement.over ? 'over ' : ''}${statement.count}`;
    case 'last':
      if (!ctx.stateful) return 'last';
      return statement.used === undefined ? 'last used never' : `last used ${printDuration(statement.used)}`;
    case 'object':
      return `${statement.object} name ${printExpression(statement.name, ctx)}`;
    default:
      return '';
  }
}

export function printQuota({ over, bytes, used }: Quota, ctx: PrintContext): string {
  const spent = ctx.stateful && used !== undefined && used > 0 ? ` used ${printBytes(used)}` : '';
  return `${over ? 'over ' : ''}${printBytes(bytes)}${spent}`;
}

/** In the largest unit that divides it. */
function printBytes(bytes: number): string {
  const units = ['bytes', 'kbytes', 'mbytes'];
  let [value, unit] = [bytes, 0];
  while (unit < 2 && value > 0 && value % 1024 === 0) {
    value /= 1024;
    unit++;
  }
  return `${value} ${units[unit]}`;
}

const PERIODS: Readonly<Record<Limit['per'], string>> = {
  1: 'second',
  60: 'minute',
  3600: 'hour',
  86400: 'day',
  604800: 'week',
};

export function printLimit({ over, rate, unit, per, burst }: Limit): string {
  const head = `rate ${over ? 'over ' : ''}`;
  if (unit === 'packets') {
    return `${head}${rate}/${PERIODS[per]}${burst === 5 || burst === 0 ? '' : ` burst ${burst} packets`}`;
  }
  return `${head}${printBytes(rate)}/${PERIODS[per]}${burst === 0 ? '' : ` burst ${printBytes(burst)}`}`;
}
