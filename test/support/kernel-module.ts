import { resolve } from 'node:path';
import { kernelModule } from '../../scripts/build/kernel.mjs';

/** What runs from its sources finds the scan's kernel compiled, as those of dist/ have it inside. */
export async function setup(): Promise<void> {
  await kernelModule(resolve('.'));
}
