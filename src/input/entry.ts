import type { ByteSource } from '../capture/source.ts';

/** One file among the inputs, wherever it lies: on disk, in an archive, in a pipe. */
export interface Entry {
  /** For messages: as the user named it, or the container's name and the path within. */
  readonly path: string;
  /** Path within its directory or archive, with `/`; the base name of a file named by itself. */
  readonly name: string;
  /** Its bytes as stored (compressed, if they are). A pipe can be opened only once. */
  open(): ByteSource;
  readonly once: boolean;
}
