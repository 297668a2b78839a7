// The scan's kernel, from AssemblyScript to WebAssembly.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const SOURCE = 'src/scan/assembly/kernel.ts';

/** The module's bytes, compiled when the source is newer than those in dist/. @param {string} root */
export async function kernelModule(root) {
  const made = join(root, 'dist/kernel.wasm');
  if (existsSync(made) && statSync(made).mtimeMs > statSync(join(root, SOURCE)).mtimeMs)
    return readFileSync(made);
  const { error, stderr } = await asc.main(
    [
      SOURCE,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--baseDir',
      root,
      '--outFile',
      'dist/kernel.wasm',
    ],
    {
      writeFile(name, contents) {
        if (!name.endsWith('.wasm')) return;
        mkdirSync(join(root, 'dist'), { recursive: true });
        writeFileSync(made, contents);
      },
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return readFileSync(made);
}
