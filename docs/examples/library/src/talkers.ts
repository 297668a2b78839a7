/** Who sends most, by a capture of any size: packets are taken one by one, and none is kept. */
import { readCapture } from 'nettrace';

/** Bytes on the wire by source address. */
export async function bytesBySource(path: string, signal?: AbortSignal): Promise<Map<string, number>> {
  const bytes = new Map<string, number>();
  const capture = readCapture(path, { signal });
  for await (const packet of capture) {
    const { source } = packet.decode();
    if (source !== undefined) bytes.set(source, (bytes.get(source) ?? 0) + packet.length);
  }
  for (const issue of capture.issues) console.warn(issue.text);
  return bytes;
}
