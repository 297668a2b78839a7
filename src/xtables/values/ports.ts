/** `--sport` and `--dport` as tcp, udp, dccp and sctp have them. */
import { type Arg, option } from '../extension.ts';
import { formatRange, type Range } from './number.ts';
import { inRange, MAX_PORT } from './port.ts';

export interface PortTest extends Range {
  readonly invert: boolean;
}

/** The field of an info; absent for all ports not inverted, which is no condition. */
export function portTest<K extends string>(
  key: K,
  arg: Arg<Range> | undefined,
): { readonly [P in K]?: PortTest } {
  if (!arg || (!arg.invert && arg.value.min === 0 && arg.value.max === MAX_PORT)) return {};
  return { [key]: { invert: arg.invert, ...arg.value } } as { readonly [P in K]?: PortTest };
}

export function printPorts(name: string, test: PortTest | undefined): string[] {
  return test ? [option(name, test.invert, formatRange(test))] : [];
}

export function portHolds(test: PortTest | undefined, port: number): boolean {
  return test === undefined || inRange(port, test) !== test.invert;
}

export interface PortTests {
  readonly source?: PortTest;
  readonly destination?: PortTest;
}

/**
 * As iptables-nft has tcp's and udp's: where both ports are single and not 0, and both are inverted, it compares them as one number
 * (add_nft_tcpudp(), iptables/nft-shared.c): `! --sport A ! --dport B` fails only for a packet that has both.
 */
export function nativePortsHold({ source, destination }: PortTests, sport: number, dport: number): boolean {
  if (source?.invert && destination?.invert && isSingle(source) && isSingle(destination))
    return sport !== source.min || dport !== destination.min;
  return portHolds(source, sport) && portHolds(destination, dport);
}

function isSingle({ min, max }: Range): boolean {
  return min === max && min !== 0;
}

export function portsHold({ source, destination }: PortTests, sport: number, dport: number): boolean {
  return portHolds(source, sport) && portHolds(destination, dport);
}
