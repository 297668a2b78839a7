import { readFileSync } from 'node:fs';

/** The compiled assembly/kernel.ts (scripts/build/assembly.mjs makes it); bundles have it inside. */
export function kernelCode(): Uint8Array {
  return readFileSync(new URL('../../dist/kernel.wasm', import.meta.url));
}
