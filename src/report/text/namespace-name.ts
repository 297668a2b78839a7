import { printable } from '../../base/printable.ts';

/** `web (container shop-web-1)`: a namespace by its name, and whose it is where that says more. */
export function namespaceNames(
  namespaces: readonly { readonly name: string; readonly container?: string }[],
): (namespace: string) => string {
  const containers = new Map(namespaces.map(({ name, container }) => [name, container]));
  return (namespace) => {
    const container = containers.get(namespace);
    if (container === undefined) return printable(namespace);
    return container === namespace
      ? `${printable(namespace)} (container)`
      : `${printable(namespace)} (container ${printable(container)})`;
  };
}
