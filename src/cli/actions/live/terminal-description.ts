/**
 * What the environment says of the terminal. Its description is a file that blessed makes code of, and that may name files to be sent to
 * the terminal: root takes it from nowhere but root's own folders.
 */
import { isTrusted } from '../../../collect/trusted.ts';
import { UsageError } from '../../io.ts';

/** term(7): letters, digits and few signs; never a path. */
const NAME = /^[A-Za-z0-9][\w.+-]*$/;

export function checkTerminalName(name: string, hint: string): void {
  if (!NAME.test(name)) throw new UsageError(`TERM names no terminal: ${name}`, hint);
}

/** Before blessed is loaded: it looks where these lead. Removes from `env`. */
export function trustDescriptions(env: NodeJS.ProcessEnv, isRoot: boolean): void {
  if (!isRoot) return;
  // Its content, or a file's name.
  delete env.TERMCAP;
  for (const name of ['HOME', 'TERMINFO']) {
    const folder = env[name];
    if (folder !== undefined && !isTrusted(folder)) delete env[name];
  }
  const folders = env.TERMINFO_DIRS?.split(':').filter(isTrusted);
  if (folders) env.TERMINFO_DIRS = folders.join(':');
}
