/** Seeds out of what other tests have: recorded outputs, frames, examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The texts of a folder, from the checkout's root; each cut to a length at the end of a line. */
export function textsOf(folder: string, wanted: RegExp, longest = 3000): string[] {
  return readdirSync(folder)
    .filter((name) => wanted.test(name))
    .toSorted()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return text.length <= longest ? text : text.slice(0, text.lastIndexOf('\n', longest) + 1 || longest);
    });
}
