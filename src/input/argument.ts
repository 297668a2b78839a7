/** One word of the command line that names an input. */
export interface InputArgument {
  /** The word as typed. */
  readonly text: string;
  /** File or directory; `-` is standard input. */
  readonly path: string;
  /** `NS:IFACE=` and `NS:=`; of several machines `HOST/NS:IFACE=` and `HOST/NS:=`. */
  readonly namespace?: string;
  readonly interface?: string;
}

/**
 * `FILE`, `NS:IFACE=FILE`, `NS:=FILE`, `HOST/NS:IFACE=FILE`, `-`. A word that exists as a file is that file whatever characters it has
 * (`C:\a=b.pcap`, `/tmp/x:y=z`): `exists` is asked first. Names of machines, namespaces and interfaces hold no slash,
 * so a path that begins with one, or has a `:` or `=` behind its second, is never taken for a placement.
 */
export function parseArgument(text: string, exists: (path: string) => boolean): InputArgument {
  if (text === '-' || exists(text)) return { text, path: text };
  const match = /^([^:=/\\]+(?:\/[^:=/\\]+)?):([^:=/\\\s]*)=(.+)$/s.exec(text);
  if (!match) return { text, path: text };
  const [, namespace = '', device = '', path = ''] = match;
  return { text, path, namespace, ...(device === '' ? {} : { interface: device }) };
}
