/** Names of namespaces where the inputs are of several machines: `node-1/red`. Of one machine alone they stand by themselves. */

export function qualified(host: string | undefined, namespace: string): string {
  return host === undefined ? namespace : `${host}/${namespace}`;
}

/** Undefined: there is one machine only. */
export function hostOf(namespace: string): string | undefined {
  const slash = namespace.indexOf('/');
  return slash < 0 ? undefined : namespace.slice(0, slash);
}

/** As the machine itself calls it. */
export function localName(namespace: string): string {
  return namespace.slice(namespace.indexOf('/') + 1);
}

/** The root network namespace of its machine. */
export function isRoot(namespace: string): boolean {
  return localName(namespace) === ROOT;
}

/** The root network namespace of the machine that this one is on. */
export function rootOf(namespace: string): string {
  return qualified(hostOf(namespace), ROOT);
}

const ROOT = 'host';

/** What separates the parts of `HOST/NS:IFACE=FILE` can't be in the name of a machine. */
export function hostName(text: string): string {
  return text.trim().replace(/[/:=\s]+/g, '-');
}
