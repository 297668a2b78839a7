/** The thread of `analyst.ts`. */
import { parentPort } from 'node:worker_threads';
import { type Answer, analyseBundle, type Question } from './analyst.ts';

parentPort?.on('message', async (question: Question) => {
  parentPort?.postMessage(await answerTo(question));
});

async function answerTo({ bundle, whatIf }: Question): Promise<Answer> {
  try {
    return { analysis: await analyseBundle(bundle, whatIf) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
