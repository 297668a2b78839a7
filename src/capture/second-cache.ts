import { readFileSync } from 'node:fs';

/** Bytes of a processor's second cache, as Linux has it in sysfs: `512K`, `2M`; undefined where it doesn't tell. */
export function secondCache(path = '/sys/devices/system/cpu/cpu0/cache/index2/size'): number | undefined {
  try {
    const [, count, unit] = /^(\d{1,9})([KM])$/.exec(readFileSync(path, 'latin1').trim()) ?? [];
    return count === undefined ? undefined : Number(count) * (unit === 'K' ? 2 ** 10 : 2 ** 20);
  } catch {
    return undefined;
  }
}
