import { expect, it } from 'vitest';
import type { Stream } from '../../src/cli/io.ts';
import { openOutput } from '../../src/cli/output.ts';

/** A stream that keeps what is written, uncopied, until it lets go of all of it after so many writes. */
function stream(patience: number): Stream & { read(): string } {
  let held: Uint8Array[] = [];
  let text = '';
  const release = () => {
    text += Buffer.concat(held).toString();
    held = [];
  };
  return {
    write(data) {
      held.push(typeof data === 'string' ? Buffer.from(data) : data);
      if (held.length > patience) release();
      return true;
    },
    get writableLength() {
      return held.reduce((sum, { length }) => sum + length, 0);
    },
    read() {
      release();
      return text;
    },
  };
}

it.each([
  ['takes all at once', 0],
  ['lets go of it later', 3],
  ['holds it to the end', Number.POSITIVE_INFINITY],
])('what is written stays as it is while the stream %s', (_, patience) => {
  const stdout = stream(patience);
  const io = {
    ...{ stdout, stderr: stream(0), stdin: (async function* () {})(), env: {} },
    ...{ now: () => 0, setStatus: () => {} },
  };
  const output = openOutput(io, undefined, []);
  let expected = '';
  for (let line = 0; line < 60_000; line++) {
    const text = `line ${line} ä€\n`;
    expected += text;
    if (line % 3 === 0) output.write(text);
    else {
      const block = output.room(100);
      block.at += Buffer.from(block.view.buffer).write(text, block.at);
    }
    if (line % 20_000 === 0) {
      const long = '…'.repeat(100_000);
      expected += long;
      output.write(long);
    }
  }
  output.end();
  expect(stdout.read() === expected).toBe(true);
});
