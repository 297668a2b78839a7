// What is done with every packet, from AssemblyScript to WebAssembly.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import asc from 'assemblyscript/asc';

/** Each of its own memory. Memory that has grown leaves arrays over it as they are where it is shared. */
const MODULES = {
  kernel: {
    entry: 'src/scan/assembly/kernel.ts',
    memory: ['--sharedMemory', '--enable', 'threads', '--initialMemory', '1', '--maximumMemory', '65536'],
  },
  count: { entry: 'src/capture/assembly/count.ts', memory: ['--initialMemory', '1'] },
};

/** Paths of all of their sources, from the root. @param {string} root */
export function assemblySources(root) {
  return Object.values(MODULES).flatMap(({ entry }) => {
    const folder = dirname(entry);
    return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  });
}

/** A module's bytes, compiled when a source is newer than those in dist/. @param {string} root @param {keyof typeof MODULES} name */
export async function assembled(root, name) {
  const { entry, memory } = MODULES[name];
  const path = `dist/${name}.wasm`;
  const made = join(root, path);
  const changed = [...assemblySources(root), 'scripts/build/assembly.mjs'].map(
    (source) => statSync(join(root, source)).mtimeMs,
  );
  if (existsSync(made) && statSync(made).mtimeMs > Math.max(...changed)) return readFileSync(made);
  const { error, stderr } = await asc.main(
    [
      entry,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      ...memory,
      '--baseDir',
      root,
      '--outFile',
      path,
    ],
    {
      writeFile(file, contents) {
        if (!file.endsWith('.wasm')) return;
        mkdirSync(join(root, 'dist'), { recursive: true });
        // Somebody else may be reading it.
        writeFileSync(`${made}.${process.pid}`, contents);
        renameSync(`${made}.${process.pid}`, made);
      },
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return readFileSync(made);
}
