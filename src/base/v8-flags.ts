interface V8Binding {
  setFlagsFromString(flags: string): void;
}

/**
 * Sets V8's flags of the whole process, as `v8.setFlagsFromString()` does, by the part of Node that it calls: `node:v8` loads Node's streams besides, 5 ms
 * of CPU, and 17 where flags are other ones already, since Node's own kept code is refused then. Node 20 has it, and warns of asking for it.
 */
export async function setV8Flags(flags: string): Promise<void> {
  const { noDeprecation } = process;
  if (noDeprecation !== true) process.noDeprecation = true;
  try {
    const { binding } = process as unknown as { binding(name: string): V8Binding };
    binding.call(process, 'v8').setFlagsFromString(flags);
  } catch {
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString(flags);
  } finally {
    // Under `--no-deprecation` it is set, and can't be.
    if (noDeprecation !== true) process.noDeprecation = noDeprecation ?? false;
  }
}
