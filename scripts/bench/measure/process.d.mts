export interface Once {
  /** Seconds, user and system. */
  readonly cpu: number;
  readonly wall: number;
  /** Bytes at the most. */
  readonly memory: number;
}
export function runOnce(
  command: readonly string[],
  options: { readonly home: string; readonly accept?: readonly number[] },
): Promise<Once>;
export function timesOf(line: string): number;
