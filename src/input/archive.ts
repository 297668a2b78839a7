/** Reads a tar archive into memory: nothing is written to disk, no link is followed, no path leads outside. */
import type { Issue } from '../base/issue.ts';
import { formatBytes, type InputLimits, limitIssue } from '../base/limits.ts';
import { printable } from '../base/printable.ts';
import type { ByteSource } from '../capture/source.ts';

export interface ArchiveFile {
  /** Path inside the archive, normalized: no leading `./`, no empty parts. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Epoch seconds of its last modification, as the archive has it. */
  readonly modified?: number;
}

/** POSIX ustar or GNU magic, or an old header whose checksum is right (tar(5)). */
export function isTar(head: Uint8Array): boolean {
  if (head.length < 512) return false;
  const magic = String.fromCharCode(...head.subarray(257, 262));
  if (magic === 'ustar') return true;
  const field = String.fromCharCode(...head.subarray(148, 156)).replace(/[\0 ]+$/, '');
  if (!/^ *[0-7]+$/.test(field) || head[0] === 0) return false;
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : (head[i] ?? 0);
  return sum === Number.parseInt(field.trim(), 8);
}

/** `source` gives the archive's unpacked bytes; it is read to its end, or to the first limit it breaks. */
export async function readArchive(
  path: string,
  source: ByteSource,
  limits: InputLimits,
): Promise<{ files: ArchiveFile[]; issues: Issue[] }> {
  const { Parser } = await import('tar');
  const files = new Map<string, ArchiveFile>();
  const issues: Issue[] = [];
  const report = (severity: Issue['severity'], code: string, text: string): void => {
    if (issues.length < 100) issues.push({ severity, code, text, path });
  };
  let held = 0;
  let length = 0;
  let entries = 0;
  let full: Issue | undefined;
  const parser = new Parser({
    strict: false,
    maxMetaEntrySize: 2 ** 20,
    onReadEntry: (entry) => {
      const shown = printable(entry.path).slice(0, 300);
      const name = safeName(entry.path);
      const directory = entry.type === 'Directory' || entry.type === 'GNUDumpDir';
      const regular = entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
      entries++;
      if (entries > limits.archiveEntries) {
        const found = `${shown}: entry ${entries} of the archive`;
        full ??= limitIssue('archiveEntries', limits, found, 'it and what follows is not read', {
          severity: 'error',
          path,
        });
      } else if (name === undefined) {
        report('warning', 'archive-path-outside', `${shown}: the path leads outside the archive; not read`);
      } else if (!regular && !directory) {
        const what = entry.type === 'SymbolicLink' || entry.type === 'Link' ? 'a link' : 'not a regular file';
        report('warning', 'archive-not-a-file', `${shown}: ${what} (${entry.type}); not read`);
      } else if (regular && held + entry.size > limits.archiveBytes) {
        const found = `${shown}: its ${formatBytes(entry.size)} make ${formatBytes(held + entry.size)} of the archive`;
        const skipped = 'it and what follows is not read; unpack the archive and name the directory';
        full ??= limitIssue('archiveBytes', limits, found, skipped, { severity: 'error', path });
      } else if (regular) {
        held += entry.size;
        const chunks: Uint8Array[] = [];
        entry.on('data', (chunk: Uint8Array) => {
          chunks.push(chunk);
        });
        entry.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const modified = entry.mtime === undefined ? {} : { modified: entry.mtime.getTime() / 1000 };
          if (bytes.length === entry.size) files.set(name, { name, bytes, ...modified });
        });
        return;
      }
      entry.resume();
    },
    onwarn: (code, message) => {
      if (code !== 'TAR_ENTRY_INFO') report('warning', 'archive-damaged', printable(String(message)));
    },
  });
  const done = new Promise<void>((resolve) => {
    parser.on('end', () => resolve());
    parser.on('error', (error: Error) => {
      report('warning', 'archive-damaged', printable(error.message));
      resolve();
    });
  });
  try {
    while (full === undefined) {
      const block = await source.read();
      if (block === undefined) break;
      length += block.length;
      parser.write(Buffer.from(block));
    }
    if (full === undefined) {
      parser.end();
      await done;
      if (source.issue) report(source.issue.severity, source.issue.code, source.issue.text);
      else if (length % 512 !== 0)
        report('warning', 'archive-damaged', 'it ends in the middle; what came before was read');
    }
  } catch (error) {
    report('warning', 'archive-damaged', `${(error as Error).message}; what was read before it is used`);
  } finally {
    source.close();
  }
  if (full !== undefined) issues.push(full);
  return { files: [...files.values()], issues };
}

/** Undefined when the path is absolute or climbs out; tar's own `..` handling is not relied on. */
function safeName(path: string): string | undefined {
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\\') || path.includes('\0')) {
    return undefined;
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}
