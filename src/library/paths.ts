import { fileURLToPath } from 'node:url';
import { UsageError } from './errors.ts';

/** A path as it is, or that of a `file:` URL. */
export function pathOf(given: string | URL): string {
  if (typeof given === 'string') return given;
  if (given.protocol === 'file:') return fileURLToPath(given);
  throw new UsageError(`${given.protocol} URLs are not read`, 'url-scheme', {
    advice: 'Fetch it, and give the bytes.',
  });
}
