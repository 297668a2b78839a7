/** Where to capture, as somebody has said it. */
import { type CapturePoint, capturePoints, devicesOf } from '../collect/capture-points.ts';
import { Host } from '../collect/host.ts';
import type { FoundNamespace } from '../collect/namespaces.ts';
import { COMMAND_SECONDS } from '../collect/plan.ts';

export type Points =
  | { readonly points: readonly CapturePoint[] }
  | { readonly wrong: string; readonly hint: string };

/** `named`: `br0`, `web:eth0`, `red:any`. */
export async function namedPoints(
  named: readonly string[],
  namespaces: readonly FoundNamespace[],
  host: Host,
): Promise<Points> {
  const devices = new Map<FoundNamespace, readonly string[]>();
  for (const namespace of namespaces) {
    const words = [...Host.into(namespace.path), 'cat', '/proc/net/dev'];
    const { output, status, complaint } = await host.run(words, COMMAND_SECONDS);
    if (status !== 0)
      return {
        wrong: `the interfaces of ${namespace.name} can’t be read: ${complaint}`,
        hint: 'Is it there?',
      };
    devices.set(namespace, devicesOf(output));
  }
  return capturePoints(named, namespaces, (namespace) => devices.get(namespace) ?? [], '-i');
}
