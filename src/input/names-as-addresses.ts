/** Names of hosts that say which address they stand for: by their form, or because everybody's resolver gives them the same. */
import { wordTable } from '../base/word-table.ts';
import { type Ip, parseIpv4 } from '../net/ip.ts';

export interface NamedAddress {
  readonly address: Ip;
  /** What was assumed by taking it. */
  readonly assumed?: string;
}

const BYTES = '(\\d{1,3})-(\\d{1,3})-(\\d{1,3})-(\\d{1,3})';
const DOTTED = '(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})';

/** Names that providers give to addresses, the bytes in order or backwards. */
const FORMS: readonly { readonly pattern: RegExp; readonly backwards?: true }[] = [
  // ip-10-0-1-5.eu-west-1.compute.internal, ip-10-0-1-5.ec2.internal
  { pattern: new RegExp(`^ip-${BYTES}\\.(?:ec2|[a-z0-9-]+\\.compute)\\.internal$`, 'i') },
  // ec2-203-0-113-5.eu-west-1.compute.amazonaws.com, ec2-203-0-113-5.compute-1.amazonaws.com
  { pattern: new RegExp(`^ec2-${BYTES}\\.[a-z0-9.-]*compute(?:-1)?\\.amazonaws\\.com$`, 'i') },
  // 5.113.0.203.bc.googleusercontent.com
  { pattern: new RegExp(`^${DOTTED}\\.bc\\.googleusercontent\\.com$`, 'i'), backwards: true },
  // static.5.113.0.203.clients.your-server.de
  { pattern: new RegExp(`^static\\.${DOTTED}\\.clients\\.your-server\\.de$`, 'i'), backwards: true },
];

/** The PTR records of public resolvers: each of several addresses has the same name. */
const RESOLVERS = wordTable<readonly string[]>({
  'dns.google': ['8.8.8.8', '8.8.4.4'],
  'one.one.one.one': ['1.1.1.1', '1.0.0.1'],
  'dns9.quad9.net': ['9.9.9.9'],
  'resolver1.opendns.com': ['208.67.222.222'],
  'resolver2.opendns.com': ['208.67.220.220'],
});

export function namedAddress(name: string): NamedAddress | undefined {
  for (const { pattern, backwards } of FORMS) {
    const bytes = pattern.exec(name)?.slice(1);
    if (!bytes) continue;
    const address = parseIpv4((backwards ? bytes.toReversed() : bytes).join('.'));
    return address === undefined ? undefined : { address };
  }
  const known = Object.hasOwn(RESOLVERS, name.toLowerCase()) ? RESOLVERS[name.toLowerCase()] : undefined;
  const address = parseIpv4(known?.[0] ?? '');
  if (!known || address === undefined) return undefined;
  return {
    address,
    assumed: `${name} is taken for ${known[0]}${known.length > 1 ? `; it may as well be ${known.slice(1).join(', ')}` : ''}; tcpdump -n prints addresses`,
  };
}
