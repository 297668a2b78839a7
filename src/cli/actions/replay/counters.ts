import { printable, printableText } from '../../../base/printable.ts';
import type { World } from '../../../netstack/world.ts';
import type { Snapshot } from '../../../snapshot/snapshot.ts';

/** Each namespace's `iptables-save -c` and `ip6tables-save -c`, behind a comment line that names it. */
export function countersText(world: World, snapshot: Snapshot): string {
  return [...snapshot.namespaces.keys()]
    .flatMap((namespace) =>
      ([4, 6] as const).map((family) => {
        const text = world.counters(namespace, family);
        const command = family === 4 ? 'iptables-save' : 'ip6tables-save';
        return text === ''
          ? ''
          : `# ${command} -c of namespace ${printable(namespace)}\n${printableText(text)}`;
      }),
    )
    .join('');
}
