/** A thread that reads captures for readers.ts, and then does what threads.ts asks for. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Forest } from '../forest.ts';
import { type JoinTask, join } from './join.ts';
import { type Answer, type Request, UNITED_WORDS } from './requests.ts';
import { readShare, type Share } from './share.ts';

const port = parentPort as MessagePort;

async function work(): Promise<void> {
  await readShare(workerData as Share, (message, buffers) => port.postMessage(message, buffers));
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
