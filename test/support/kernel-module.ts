import { resolve } from 'node:path';
import { kernelModule } from '../../scripts/build/kernel.mjs';
import { pageScript } from '../../scripts/build/page.mjs';

/** What runs from its sources finds the scan's kernel and the script of reports compiled, as those of dist/ have them inside. */
export async function setup(): Promise<void> {
  await kernelModule(resolve('.'));
  await pageScript(resolve('.'));
}
