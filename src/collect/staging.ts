/** The folder in which a bundle comes together, and the archive that is made of it. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export function ensureFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

export class Staging {
  readonly target: string;
  /** What becomes the archive's one folder. */
  readonly folder: string;
  private readonly draft: string;
  private gone = false;

  /** Beside the target: on the file system that has the room, and from which it can be renamed. `target` ends in `/` for a folder. */
  constructor(target: string) {
    this.target = target;
    const parent = dirname(resolve(target));
    this.draft = mkdtempSync(join(parent, 'nettrace-collect-'));
    this.folder = join(this.draft, 'bundle', basename(resolve(target)).replace(/\.(tar\.gz|tgz|tar)$/, ''));
    ensureFolder(this.folder);
  }

  write(path: string, content: string | Uint8Array): void {
    const file = join(this.folder, path);
    ensureFolder(dirname(file));
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
  }

  /** Another folder of the draft, beside the bundle's own. */
  side(name: string): string {
    const folder = join(this.draft, name);
    ensureFolder(folder);
    return folder;
  }

  /** Takes a folder of the draft for the bundle's. */
  take(folder: string): void {
    rmSync(this.folder, { recursive: true, force: true });
    renameSync(folder, this.folder);
  }

  /** Puts the whole bundle in its place at once. An existing file is replaced only with `force`. */
  async finish(force: boolean): Promise<void> {
    if (this.target.endsWith('/')) {
      if (force) rmSync(this.target, { recursive: true, force: true });
      renameSync(this.folder, this.target.replace(/\/+$/, ''));
    } else {
      const archive = join(this.draft, 'archive');
      const { create } = await import('tar');
      const options = { cwd: dirname(this.folder), file: archive, gzip: true, portable: true, mode: 0o600 };
      await create(options, [basename(this.folder)]);
      chmodSync(archive, 0o600);
      flush(archive);
      if (force) renameSync(archive, this.target);
      else {
        // Unlike rename(2), link(2) never replaces what came there meanwhile.
        linkSync(archive, this.target);
        unlinkSync(archive);
      }
    }
    this.remove();
  }

  remove(): void {
    if (this.gone) return;
    rmSync(this.draft, { recursive: true, force: true });
    this.gone = true;
  }
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** Why the target can't be written to; undefined when it can. */
export function targetFault(target: string, force: boolean): string | undefined {
  const parent = dirname(resolve(target));
  if (!existsSync(parent)) return `there is no folder ${parent}`;
  if (!existsSync(target)) return undefined;
  if (!force) return 'it exists already';
  // --force replaces a bundle, never a folder of somebody's files.
  if (target.endsWith('/') && !isBundle(target)) return 'it is a folder with something else in it';
  return undefined;
}

function isBundle(folder: string): boolean {
  const names = readdirSync(folder);
  return names.length === 0 || names.includes('manifest.json');
}
