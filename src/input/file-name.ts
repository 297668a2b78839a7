/** What a file's name may say of its place. A hint only: what a file is, its content decides. */
export interface NamedPlace {
  readonly namespace?: string;
  readonly interface: string;
}

/** `captures/red/eth0.pcapng.gz` → `eth0`: without folder, compression suffix and a capture's extension. */
export function captureStem(path: string): string {
  return baseName(path)
    .replace(/\.(gz|zst|zstd)$/i, '')
    .replace(/\.(pcap|pcapng|cap|dmp|trace|ntar|txt|text|log|out|tcpdump)\d*$/i, '');
}

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/**
 * `br0.pcap` is br0; `red.eth0.pcap` is eth0 of red; `eth0.100.pcap` is the VLAN device eth0.100. Undefined when the
 * name can't be an interface's (dev_valid_name(): at most 15 bytes, no space, slash or colon).
 */
export function placeFromFileName(path: string): NamedPlace | undefined {
  const stem = captureStem(path);
  const dot = stem.indexOf('.');
  if (dot > 0) {
    const rest = stem.slice(dot + 1);
    if (!/^\d+(\.\d+)?$/.test(rest)) {
      return isInterfaceName(rest) ? { namespace: stem.slice(0, dot), interface: rest } : undefined;
    }
  }
  return isInterfaceName(stem) ? { interface: stem } : undefined;
}

export function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** `red-routes.txt`, `red.ip-addr.json`, `red_sysctl.txt`: the longest known namespace that the name begins with. */
export function namespaceFromFileName(path: string, known: ReadonlySet<string>): string | undefined {
  const name = baseName(path);
  let best: string | undefined;
  for (const candidate of known) {
    if (candidate.length <= (best?.length ?? 0) || !name.startsWith(candidate)) continue;
    if (/^[-._@:]/.test(name.slice(candidate.length))) best = candidate;
  }
  return best;
}
