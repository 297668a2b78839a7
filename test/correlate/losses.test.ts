/** A capture that lost packets proves nothing by what it lacks. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/diagnose/analyze.ts';
import { resolveFiles } from '../../src/input/resolve.ts';
import { assemble } from '../../src/report/assemble.ts';

const BUNDLE = 'captures/cloud-drops-foreign-sources/bundle';

async function confidenceWith(dropped: number): Promise<number | undefined> {
  const files = readdirSync(BUNDLE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { name: path.slice(BUNDLE.length + 1), bytes: readFileSync(path) };
    });
  const manifest = JSON.parse(String(files.find(({ name }) => name === 'manifest.json')?.bytes));
  for (const file of manifest.files) if (file.path.endsWith('.pcap')) Object.assign(file, { dropped });
  const told = files.map((file) =>
    file.name === 'manifest.json' ? { ...file, bytes: Buffer.from(JSON.stringify(manifest)) } : file,
  );
  const { findings } = assemble(await analyze(await resolveFiles('bundle', told), { threads: 1 }));
  return findings.find(({ cause }) => cause === 'ext-antispoof')?.confidence;
}

describe('losses that the manifest tells', () => {
  it('make less sure of what is said by what the captures lack', async () => {
    const whole = await confidenceWith(0);
    const lossy = await confidenceWith(40);
    expect(whole).toBeGreaterThan(0.8);
    expect(lossy).toBeLessThan((whole as number) - 0.2);
  });
});
