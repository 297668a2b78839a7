/** A thread that reads captures for readers.ts, and then does what threads.ts asks for. */
import { getEnvironmentData, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { setV8Flags } from '../../base/v8-flags.ts';
import { Forest } from '../forest.ts';
import { type JoinTask, join } from './join.ts';
import { type Answer, type Request, UNITED_WORDS } from './requests.ts';
import { readShare, type WorkerData } from './share.ts';

const port = parentPort as MessagePort;

async function work(): Promise<void> {
  const { starting, ...share } = workerData as WorkerData;
  // V8's flags are the process': the launcher's, once Node's own code is loaded in all threads.
  const flags = getEnvironmentData('nettrace-flags');
  if (Atomics.sub(starting, 0, 1) === 1 && typeof flags === 'string') await setV8Flags(flags);
  await readShare(share, (message, buffers) => port.postMessage(message, buffers));
  port.on('message', (request: Request) => {
    if (request === 'end') port.close();
    else {
      const united = unite(request.join);
      port.postMessage({ united } satisfies Answer, [united.buffer]);
    }
  });
  port.postMessage('read' satisfies Answer);
}

/** In the order in which they were united. */
function unite(task: JoinTask): Uint32Array<ArrayBuffer> {
  const { count } = task.keys;
  // Two trees that become one are one less.
  const united = new Uint32Array(count * UNITED_WORDS);
  let end = 0;
  join(task, new Forest(count), undefined, (left, right, crossed) => {
    united[end++] = left;
    united[end++] = (right << 1) | crossed;
  });
  return united.slice(0, end);
}

void work();
