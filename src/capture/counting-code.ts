import { readFileSync } from 'node:fs';

/** The compiled assembly/count.ts (scripts/build/assembly.mjs makes it); bundles have it inside. */
export function countingCode(): Uint8Array {
  return readFileSync(new URL('../../dist/count.wasm', import.meta.url));
}
