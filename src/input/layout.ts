/** The bundle's layout (contract section 2): what a path inside one says of a file. */
import type { Manifest, PlacedBy } from './input.ts';

export interface Place {
  readonly namespace?: string;
  readonly interface?: string;
  readonly by: PlacedBy;
}

/**
 * The folders among these paths that are bundles: those with a manifest.json, a namespaces or a captures folder. An
 * archive usually has one a level below its top. A bundle inside a bundle's own folders does not count.
 */
export function bundleRoots(names: readonly string[]): string[] {
  const roots = new Set<string>();
  for (const name of names) {
    const match =
      /^(.*?)(?:^|\/)(?:manifest\.json$|namespaces\/[^/]+\/[^/]+$|captures\/[^/]+(?:\/[^/]+)?$)/.exec(name);
    if (match) roots.add(match[1] ?? '');
  }
  const sorted = [...roots].sort((a, b) => a.length - b.length);
  return sorted.filter((root, index) => !sorted.slice(0, index).some((outer) => isInside(root, outer)));
}

export function isInside(name: string, root: string): boolean {
  return root === '' || name === root || name.startsWith(`${root}/`);
}

/** Place of a file by its folder, `name` relative to the bundle's root. Undefined: the layout says nothing of it. */
export function placeInBundle(name: string): Place | undefined {
  const parts = name.split('/');
  const [top, namespace] = parts;
  if (parts.length < 2) return top === 'processes.txt' ? { namespace: 'host', by: 'bundle' } : undefined;
  if (top === 'docker') return { namespace: 'host', by: 'bundle' };
  if (parts.length < 3 || namespace === undefined) return undefined;
  if (top === 'namespaces' || top === 'traces' || top === 'captures') return { namespace, by: 'bundle' };
  return undefined;
}

/** What the manifest lists of a file. */
export function manifestFile(
  manifest: Manifest | undefined,
  name: string,
): NonNullable<Manifest['files']>[number] | undefined {
  return manifest?.files?.find((entry) => normalize(entry.path) === name);
}

function normalize(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/+/g, '/');
}
