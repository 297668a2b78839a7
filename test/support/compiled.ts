import { resolve } from 'node:path';
import { assembled } from '../../scripts/build/assembly.mjs';
import { pageScript } from '../../scripts/build/page.mjs';

/** What runs from its sources finds the compiled modules and the script of reports, as those of dist/ have them inside. */
export async function setup(): Promise<void> {
  await assembled(resolve('.'), 'kernel');
  await assembled(resolve('.'), 'count');
  await pageScript(resolve('.'));
}
