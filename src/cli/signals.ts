/** What ends a command before its time: Ctrl-C, a closed terminal, kill. */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls with how many there were, from 1, and the status of a program that this one ended (128 and its number, as shells say it); gives what takes the handlers away again. */
export function onInterrupt(handle: (times: number, status: number) => void): () => void {
  let times = 0;
  const listen = (signal: NodeJS.Signals): void => {
    times++;
    handle(times, 128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}

/** Has it done should the process end before the function that this gives is called: by `process.exit`, or by what nobody caught. */
export function atExit(clean: () => void): () => void {
  process.on('exit', clean);
  return () => process.off('exit', clean);
}
