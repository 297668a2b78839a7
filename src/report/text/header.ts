import { printable } from '../../base/printable.ts';
import type { Header } from '../../netstack/hop.ts';

/** `tcp 10.0.0.2:4711 → 10.0.0.9:80`, `icmp 10.0.0.2 → 8.8.8.8 type 8`. */
export function headerText(header: Header): string {
  const source = endpointText(header.source, header.sourcePort);
  const destination = endpointText(header.destination, header.destinationPort);
  const icmp =
    header.icmpType === undefined
      ? ''
      : ` type ${header.icmpType}${header.icmpCode ? ` code ${header.icmpCode}` : ''}`;
  return `${printable(String(header.protocol))} ${source} → ${destination}${icmp}`;
}

/** `10.0.0.1:80`, `[fd00::1]:80`; the address alone when there is no port. */
export function endpointText(address: string, port?: number): string {
  if (port === undefined) return printable(address);
  return address.includes(':') ? `[${printable(address)}]:${port}` : `${printable(address)}:${port}`;
}
