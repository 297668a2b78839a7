import type { Io, Status } from '../io.ts';

export async function traceAction(_words: readonly string[], _options: object, _io: Io): Promise<Status> {
  return 2;
}
