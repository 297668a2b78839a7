#!/usr/bin/env node
// Launcher. An installed package runs its bundle; a checkout rebuilds the bundle when a source file is newer.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = `${root}dist/cli.js`;

function isStale() {
  if (!existsSync(`${root}src`)) return false;
  if (!existsSync(bundle)) return true;
  const built = statSync(bundle).mtimeMs;
  return readdirSync(`${root}src`, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && statSync(`${entry.parentPath}/${entry.name}`).mtimeMs > built,
  );
}

if (isStale()) {
  try {
    await import(pathToFileURL(`${root}scripts/build.mjs`).href);
  } catch (error) {
    console.error(`nettrace: building from src/ failed: ${error instanceof Error ? error.message : error}`);
    process.exit(70);
  }
}
await import(pathToFileURL(bundle).href);
