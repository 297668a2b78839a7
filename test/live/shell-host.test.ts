/** Commands that shells run give what commands give that are started one by one. */
import { afterAll, describe, expect, it } from 'vitest';
import { Host } from '../../src/collect/host.ts';
import { ShellHost } from '../../src/live/shell-host.ts';

describe('commands by shells that stay', () => {
  const shells = new ShellHost(process.env);
  const plain = new Host(process.env);
  afterAll(() => shells.killAll());

  it.each([
    [['echo', 'a b', "it's", '$HOME', '"', '\\', '*']],
    [['printf', 'no newline']],
    [['sh', '-c', 'echo out; echo err >&2; exit 3']],
    [['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; exit 1']],
    [['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" e >&2; echo out']],
    [['sh', '-c', 'kill -9 $$']],
    [['cat']],
    [['sh', '-c', 'printf "a\\nb\\n"', 'x\ny']],
    [['no-such-program']],
  ])('%j', async (words) => {
    const [one, other] = await Promise.all([shells.run(words, 10), plain.run(words, 10)]);
    expect(one.output).toBe(other.output);
    expect(one.status === 0).toBe(other.status === 0);
    if (words[0] === 'sh' && other.status !== undefined) expect(one.status).toBe(other.status);
    expect(one.late).toBe(false);
  });

  it('many at once, each its own answer, with its environment', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, i) => shells.run(['sh', '-c', 'echo $MINE'], 10, { MINE: `it's ${i}` })),
    );
    expect(all.map(({ output }) => output)).toEqual(Array.from({ length: 40 }, (_, i) => `it's ${i}\n`));
  });

  it('what takes too long is ended, and others go on', async () => {
    const [slow, quick] = await Promise.all([
      shells.run(['sleep', '60'], 0.2),
      shells.run(['echo', 'x'], 10),
    ]);
    expect(slow).toMatchObject({ late: true, status: undefined });
    expect(quick).toMatchObject({ output: 'x\n', status: 0 });
    expect(await shells.run(['echo', 'again'], 10)).toMatchObject({ output: 'again\n', status: 0 });
  });
});
