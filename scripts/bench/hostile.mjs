/** What a byte costs of inputs that somebody made to be expensive: it must not grow with the input. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HOSTILE } from './hostile/tables.mjs';
import { folderOf } from './inputs.mjs';
import { race } from './measure/race.mjs';

const VERSION = 1;
/** Seconds; what takes longer has stopped growing in proportion. */
const LIMIT = 120;
/** A byte of the largest may cost so many times what a byte of the smallest does, of what is more than starting the program. */
const MOST = 2.5;
/** Seconds that are mostly start. */
const START = 1;

/**
 * @param {import('./measure/context.mjs').Context} context `quick`: a fifth of each size
 * @param {readonly string[]} wanted of HOSTILE; all when empty
 * @returns {Promise<boolean>} whether one grew out of proportion
 */
export async function hostile(context, wanted) {
  let failed = false;
  console.log('| input | size | KB | CPU s | µs a byte | peak MiB |\n| --- | --- | --- | --- | --- | --- |');
  for (const [name, { sizes, make, command }] of Object.entries(HOSTILE)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const costs = [];
    for (const full of sizes) {
      const size = context.quick ? Math.ceil(full / 5) : full;
      const folder = folderOf(`hostile/${name}-${size}`, VERSION, (target) => make(target, size));
      const bytes = bytesIn(folder);
      const words = context.nettrace(...command(folder));
      const program = { name: 'nettrace', command: words, accept: [0, 1, 2], limit: LIMIT };
      try {
        const { cpu, memory } = (await race([program], context)).get('nettrace');
        costs.push({ cpu, each: cpu / bytes });
        const cells = [
          name,
          size,
          (bytes / 1000).toFixed(0),
          cpu.toFixed(2),
          ((cpu / bytes) * 1e6).toFixed(3),
        ];
        console.log(`| ${[...cells, (memory / 2 ** 20).toFixed(0)].join(' | ')} |`);
      } catch (error) {
        failed = true;
        console.log(
          `| ${name} | ${size} | ${(bytes / 1000).toFixed(0)} | ${error.message.slice(0, 200)} | | |`,
        );
        break;
      }
    }
    const [first] = costs.filter(({ cpu }) => cpu >= START);
    const last = costs.at(-1);
    if (!first || first === last || last.each <= MOST * first.each) continue;
    failed = true;
    console.log(
      `| ${name} | grows out of proportion: ${(last.each / first.each).toFixed(1)} times a byte | | | | |`,
    );
  }
  return failed;
}

function bytesIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
