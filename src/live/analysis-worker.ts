/** The thread of `analyst.ts`. */
import { parentPort } from 'node:worker_threads';
import { analyseBundle } from './analyse-bundle.ts';
import { type Answer, buffersOf, type Question } from './analyst.ts';

export { analyseBundle };

parentPort?.on('message', async (question: Question) => {
  const answer = await answerTo(question);
  const buffers = buffersOf(question);
  parentPort?.postMessage({ ...answer, buffers } satisfies Answer, buffers);
});

async function answerTo({ bundle, whatIf, limits }: Question): Promise<Answer> {
  try {
    return { analysis: await analyseBundle(bundle, whatIf, limits) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
