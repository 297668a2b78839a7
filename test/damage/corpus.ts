/** What is damaged: recordings of the project and, where it lies beside the checkout, the shared corpus, in place. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** A file with the name under which it is read: in a bundle its path in there, since that tells what it is. */
export interface Sample {
  readonly path: string;
  readonly name: string;
}

export interface Corpus {
  /** By where they come from; a run takes one of each as often as one of any other. */
  readonly groups: readonly (readonly Sample[])[];
  /** Folders of bundles. */
  readonly bundles: readonly string[];
}

/** Longer files are read now and then only. */
export const LONG = 200_000;
const LONGEST = 4_000_000;
const FOLDERS = [
  'test/dump/recorded',
  'test/nft/recorded',
  'rulesets',
  '../shared/corpus/dumps',
  '../shared/corpus/rulesets',
  '../shared/corpus/captures',
];
/** What others say of a capture, notes, and expectations. */
const NO_INPUT = /\.(?:tsv(?:\.gz)?|md|yaml)$/;

/** `only`: a part of the paths that are wanted. */
export function corpus(only = ''): Corpus {
  const bundles = [
    ...folders('captures').map((name) => join('captures', name, 'bundle')),
    ...folders('../shared/scenarios').map((name) => join('../shared/scenarios', name, 'bundle')),
  ].filter((path) => existsSync(path));
  const groups = [
    ...FOLDERS.map((folder) => filesOf(folder).map((path) => ({ path, name: basename(path) }))),
    ...['captures', '../shared'].map((from) =>
      bundles
        .filter((bundle) => bundle.startsWith(from))
        .flatMap((bundle) => filesOf(bundle).map((path) => ({ path, name: relative(bundle, path) }))),
    ),
  ];
  return {
    groups: groups
      .map((group) => group.filter(({ path }) => path.includes(only)))
      .filter(({ length }) => length > 0),
    bundles: bundles.filter((path) => path.includes(only)),
  };
}

export function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => !NO_INPUT.test(path) && isReadable(path))
    .toSorted();
}

function isReadable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size > 0 && stat.size <= LONGEST;
}

function folders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

export function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
