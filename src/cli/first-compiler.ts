import { statSync } from 'node:fs';
import { setV8Flags } from '../base/v8-flags.ts';
import type { CaptureInput } from '../input/input.ts';

/** Bytes of captures that an analysis takes so long for that its code repays being compiled. */
const LONG = 16 * 2 ** 20;

/** Puts V8's first compiler back, which the launcher leaves off for the sake of short analyses, where captures are long. */
export async function useFirstCompiler(captures: readonly CaptureInput[]): Promise<void> {
  let bytes = 0;
  for (const { file } of captures)
    bytes += (file !== undefined && statSync(file, { throwIfNoEntry: false })?.size) || 0;
  if (bytes < LONG) return;
  await setV8Flags('--sparkplug');
}
