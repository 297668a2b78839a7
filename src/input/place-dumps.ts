import { isStageWord } from './dump-time.ts';
import { namespaceFromFileName } from './file-name.ts';
import type { CaptureInput, DumpInput, Manifest } from './input.ts';
import type { RecognisedDump } from './placed.ts';

/**
 * Gives each dump its namespace: what the argument, the bundle or the manifest says; else its folder, where a directory
 * holds one folder a namespace; else a known namespace that its name begins with; else `host`.
 */
export function placeDumps(
  dumps: readonly RecognisedDump[],
  captures: readonly CaptureInput[],
  manifest: Manifest | undefined,
): DumpInput[] {
  const known = new Set(['host']);
  for (const { namespace } of [...dumps, ...captures]) if (namespace !== undefined) known.add(namespace);
  for (const { name } of manifest?.namespaces ?? []) known.add(name);
  const folders = namespaceFolders(dumps);
  return dumps.map((input) => {
    const { dump, time, timeBy, stage, modified, step } = input;
    const result = {
      dump,
      ...(time === undefined ? {} : { time }),
      ...(timeBy && { timeBy }),
      ...(stage && { stage }),
      ...(modified === undefined ? {} : { modified }),
      ...(step === undefined ? {} : { step }),
    };
    if (input.namespace !== undefined) return { ...result, namespace: input.namespace, by: input.by };
    const folder = lastOf(withoutStage(input.folder ?? ''));
    if (folder !== '' && (known.has(folder) || folders.has(withoutStage(input.folder ?? '')))) {
      return { ...result, namespace: folder, by: 'file-name' };
    }
    const named = namespaceFromFileName(dump.path, known);
    if (named !== undefined) return { ...result, namespace: named, by: 'file-name' };
    return { ...result, namespace: 'host', by: 'assumed' };
  });
}

/** Sibling folders that each hold dumps of one kind, addresses or routes, can only be different namespaces'. */
function namespaceFolders(dumps: readonly RecognisedDump[]): Set<string> {
  const folders = new Set<string>();
  for (const kind of ['links', 'routes']) {
    const holding = new Set(
      dumps
        .filter((input) => input.namespace === undefined && input.dump.content.kind === kind)
        .map((input) => input.folder ?? '')
        // `before` and `after` are two states of one namespace.
        .filter((folder) => folder !== '' && !isStageWord(lastOf(folder))),
    );
    const parents = [...holding].map(parentOf);
    for (const folder of holding) {
      if (parents.filter((parent) => parent === parentOf(folder)).length > 1) folders.add(folder);
    }
  }
  return folders;
}

function lastOf(folder: string): string {
  return folder.split('/').at(-1) ?? '';
}

/** `red/before` is of red, as `before/red` is. */
function withoutStage(folder: string): string {
  return isStageWord(lastOf(folder)) ? parentOf(folder) : folder;
}

function parentOf(folder: string): string {
  return folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
}
