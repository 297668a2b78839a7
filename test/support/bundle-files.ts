/** A bundle in memory, of which a test leaves out or changes files: nothing is copied for that. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface BundleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function readBundle(bundle: string): BundleFile[] {
  return filesBelow(bundle).map((name) => ({ name, bytes: readFileSync(join(bundle, name)) }));
}

/** Names of all files, with the folders that they are in. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(root, file)).isFile(),
  );
}
