/** A thread that reads captures for readers.ts. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { readShare, type Share } from './share.ts';

const port = parentPort as MessagePort;
void readShare(workerData as Share, (message, buffers) => port.postMessage(message, buffers));
