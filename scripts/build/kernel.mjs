// The scan's kernel, from AssemblyScript to WebAssembly.
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

const KERNEL = 'src/scan/assembly/kernel.ts';

/** Paths of its modules, from the root. @param {string} root */
export function kernelSources(root) {
  const folder = dirname(KERNEL);
  return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
}

/** The module's bytes, compiled when a source is newer than those in dist/. @param {string} root */
export async function kernelModule(root) {
  const made = join(root, 'dist/kernel.wasm');
  const changed = [...kernelSources(root), 'scripts/build/kernel.mjs'].map(
    (path) => statSync(join(root, path)).mtimeMs,
  );
  if (existsSync(made) && statSync(made).mtimeMs > Math.max(...changed)) return readFileSync(made);
  const { error, stderr } = await asc.main(
    [
      KERNEL,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      // Memory that has grown leaves arrays over it as they are.
      '--sharedMemory',
      '--enable',
      'threads',
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
      '--baseDir',
      root,
      '--outFile',
      'dist/kernel.wasm',
    ],
    {
      writeFile(name, contents) {
        if (!name.endsWith('.wasm')) return;
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
