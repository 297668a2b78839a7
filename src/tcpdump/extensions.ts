/** IPv6 extension headers as they are printed before what they carry: `HBH (rtalert: 0x0000) (padn) `, `frag (0x1:0|1448) `. */
export interface ExtensionWords {
  readonly headers: readonly { readonly protocol: number; readonly bytes: Uint8Array }[];
  readonly rest: string;
  /** Bytes from the start of the datagram; undefined without a fragment header. */
  readonly fragment?: { readonly offset: number; readonly length: number; readonly id?: number };
}

const OPTIONS = /^(HBH|DSTOPT|dsthdr) ?(?:\([^)]*\) ?)*/;
const ROUTING = /^srcrt \(len=(\d+), type=(\d+), segleft=(\d+)[^)]*\) ?/;
const AUTHENTICATION = /^AH\(spi=0x[0-9a-f]+,seq=0x[0-9a-f]+(?:,icv=0x((?:[0-9a-f]{8})*))?\): /;
const FRAGMENT = /^frag \((?:0x([0-9a-f]+):)?(\d+)\|(\d+)\) ?/;

export function extensionWords(text: string): ExtensionWords {
  const headers: { protocol: number; bytes: Uint8Array }[] = [];
  let rest = text;
  for (let turn = 0; turn < 8; turn++) {
    const options = OPTIONS.exec(rest);
    if (options) {
      const alert = options[0].includes('rtalert');
      const bytes = Uint8Array.from(alert ? [0, 0, 5, 2, 0, 0, 1, 0] : [0, 0, 1, 4, 0, 0, 0, 0]);
      headers.push({ protocol: options[1] === 'HBH' ? 0 : 60, bytes });
      rest = rest.slice(options[0].length);
      continue;
    }
    const routing = ROUTING.exec(rest);
    if (routing) {
      const bytes = new Uint8Array((Math.min(127, Number(routing[1])) + 1) * 8);
      bytes.set([0, Number(routing[1]), Number(routing[2]), Number(routing[3])]);
      headers.push({ protocol: 43, bytes });
      rest = rest.slice(routing[0].length);
      continue;
    }
    const ah = AUTHENTICATION.exec(rest);
    if (ah) {
      const bytes = new Uint8Array(12 + (ah[1]?.length ?? 0) / 2);
      bytes[1] = Math.min(255, bytes.length / 4 - 2);
      headers.push({ protocol: 51, bytes });
      rest = rest.slice(ah[0].length);
      continue;
    }
    const found = FRAGMENT.exec(rest);
    if (!found) break;
    const offset = Number(found[2]);
    const id = found[1] === undefined ? undefined : Number.parseInt(found[1], 16) >>> 0;
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    // More follow a first fragment; of a later one that isn't printed.
    view.setUint16(2, (offset & 0xfff8) | (offset === 0 ? 1 : 0));
    view.setUint32(4, id ?? 0);
    headers.push({ protocol: 44, bytes });
    return {
      headers,
      rest: rest.slice(found[0].length),
      fragment: { offset, length: Number(found[3]), ...(id !== undefined && { id }) },
    };
  }
  return { headers, rest };
}
