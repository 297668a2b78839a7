/** What an input may cost. Captures are streamed and have no limit; these are for what is held in memory. */
export interface InputLimits {
  /** Bytes of one text dump, unpacked. */
  readonly dumpBytes: number;
  /** Bytes of all files of one archive together, unpacked, and how many there may be. */
  readonly archiveBytes: number;
  readonly archiveEntries: number;
  /** Files of one directory, and how deep its folders are followed. */
  readonly directoryFiles: number;
  readonly directoryDepth: number;
}

export const DEFAULT_LIMITS: InputLimits = {
  dumpBytes: 256 * 2 ** 20,
  archiveBytes: 2 ** 30,
  archiveEntries: 20_000,
  directoryFiles: 20_000,
  directoryDepth: 12,
};

/** `1.5 GiB`, `300 KiB`, `17 bytes`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toFixed(1))} ${units[unit]}`;
}
