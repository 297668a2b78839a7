import { printable } from '../../base/printable.ts';

/** Files of one bundle share a long beginning: the report says it once, and shows the rest. */

/** The folder that all paths lie in, with its slash; empty when they share none. */
export function commonFolder(paths: readonly string[]): string {
  const [first, ...others] = [...new Set(paths)];
  if (first === undefined) return '';
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  while (folder !== '' && !others.every((path) => path.startsWith(folder))) {
    folder = folder === '/' ? '' : folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  }
  return folder === '/' || folder === './' ? '' : folder;
}

export function shortener(folder: string): (path: string) => string {
  return (path) => (folder !== '' && path.startsWith(folder) ? path.slice(folder.length) : path);
}

/** `rules.v4:12`, `br0.pcap packet 3`. */
export function place(at: {
  readonly path: string;
  readonly line?: number;
  readonly packet?: number;
}): string {
  const line = at.line === undefined ? '' : `:${at.line}`;
  const packet = at.packet === undefined ? '' : ` packet ${at.packet}`;
  return `${printable(at.path)}${line}${packet}`;
}
