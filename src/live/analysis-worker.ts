/** The thread of `analyst.ts`. */
import { parentPort } from 'node:worker_threads';
import { type Answer, analyseBundle, type BundleFile } from './analyst.ts';

parentPort?.on('message', async (bundle: readonly BundleFile[]) => {
  parentPort?.postMessage(await answerTo(bundle));
});

async function answerTo(bundle: readonly BundleFile[]): Promise<Answer> {
  try {
    return { analysis: await analyseBundle(bundle) };
  } catch (error) {
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
