/** `node dist/main.js BUNDLE`: what failed there. Ctrl-C ends it, whatever it is doing. */
import { InputError } from 'nettrace';
import { failuresOf } from './failures.ts';

const [path = '.'] = process.argv.slice(2);
const controller = new AbortController();
process.once('SIGINT', () => controller.abort(new Error('interrupted')));

try {
  const failures = await failuresOf(path, {
    signal: controller.signal,
    onProgress: ({ stage, done, total }) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${stage} ${done}${total === undefined ? '' : ` of ${total}`}\x1b[K`);
    },
  });
  for (const { title, rule, repair } of failures) console.log([title, rule, ...repair].join('\n  '));
  process.exitCode = failures.length > 0 ? 1 : 0;
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
