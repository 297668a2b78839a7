/** Where packets are to be captured: `br0,eth0,web:eth0,red:any`, held against what there is. */
import type { FoundNamespace } from './namespaces.ts';

export interface CapturePoint {
  readonly namespace: FoundNamespace;
  readonly device: string;
}

export type Points =
  | { readonly points: readonly CapturePoint[] }
  | { readonly wrong: string; readonly hint: string };

/** `devices`: the interfaces of a namespace; `option`: what the words were given with. */
export function capturePoints(
  words: readonly string[],
  namespaces: readonly FoundNamespace[],
  devices: (namespace: FoundNamespace) => readonly string[],
  option = '--capture',
): Points {
  const points: CapturePoint[] = [];
  for (const word of words) {
    const colon = word.indexOf(':');
    const name = colon < 0 ? 'host' : word.slice(0, colon);
    const device = word.slice(colon + 1);
    const namespace = namespaces.find((each) => [each.name, each.container, each.named].includes(name));
    if (!namespace) {
      const known = namespaces.map((each) => each.name).join(', ');
      return {
        wrong: `${option} ${word}: no namespace or container is called ${name}`,
        hint: `There are: ${known}.`,
      };
    }
    const known = devices(namespace);
    if (device !== 'any' && !known.includes(device)) {
      return {
        wrong: `${option} ${word}: ${namespace.name} has no interface ${device}`,
        hint: `It has: ${['any', ...known].join(', ')}.`,
      };
    }
    if (points.some((point) => point.namespace === namespace && point.device === device)) continue;
    points.push({ namespace, device });
  }
  return { points };
}

/** `br0, eth0,web:eth0` → words. */
export function captureWords(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** /proc/net/dev: two lines of head, then one for each interface. */
export function devicesOf(text: string): string[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => /^\s*(\S+?):/.exec(line)?.[1] ?? []);
}
