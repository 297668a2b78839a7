import { readFileSync } from 'node:fs';

let known: { readonly bytes: number | undefined } | undefined;

/** Bytes of a processor's second cache, as Linux has it in sysfs; undefined where it doesn't tell. */
export function secondCache(): number | undefined {
  known ??= { bytes: bytesOf('/sys/devices/system/cpu/cpu0/cache/index2/size') };
  return known.bytes;
}

/** `512K`, `2M`. */
function bytesOf(path: string): number | undefined {
  try {
    const [, count, unit] = /^(\d{1,9})([KM])$/.exec(readFileSync(path, 'latin1').trim()) ?? [];
    return count === undefined ? undefined : Number(count) * (unit === 'K' ? 2 ** 10 : 2 ** 20);
  } catch {
    return undefined;
  }
}
