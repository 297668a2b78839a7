/** What ends a command before its time: Ctrl-C, a closed terminal, kill. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls with how many there were, from 1; gives what takes the handlers away again. */
export function onInterrupt(handle: (times: number) => void): () => void {
  let times = 0;
  const listen = (): void => {
    times++;
    handle(times);
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}
