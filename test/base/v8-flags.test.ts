import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { setV8Flags } from '../../src/base/v8-flags.ts';

const hasCollector = (): boolean => runInNewContext('typeof gc') === 'function';

afterEach(async () => {
  vi.restoreAllMocks();
  await setV8Flags('--no-expose-gc');
});

describe('flags of V8', () => {
  it('are set for the process, without a word', async () => {
    const warned = vi.fn();
    process.once('warning', warned);
    const before = process.noDeprecation;
    expect(hasCollector()).toBe(false);
    await setV8Flags('--expose-gc');
    expect(hasCollector()).toBe(true);
    expect(process.noDeprecation ?? false).toBe(before ?? false);
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it('are set where Node does not give that part of itself', async () => {
    const binding = vi.fn(() => {
      throw new Error('ERR_ACCESS_DENIED');
    });
    vi.spyOn(process as unknown as { binding: () => unknown }, 'binding').mockImplementation(binding);
    await setV8Flags('--expose-gc');
    expect(binding).toHaveBeenCalled();
    expect(hasCollector()).toBe(true);
  });
});
