/** A rule that Docker writes for what it runs, with what it is for. */
import type { Span } from '../../base/span.ts';
import type { Family } from '../../net/ip.ts';
import type { TableName } from '../../xtables/rule.ts';

export interface Expected {
  readonly family: Family;
  readonly table: TableName;
  readonly chain: string;
  /** Ways to write it, as iptables-save does and without `-A CHAIN`; the first is this generation's. */
  readonly forms: readonly string[];
  /** Not every release or setting has it. */
  readonly optional: boolean;
  /** The bridge's name is a guess: any interface will do. */
  readonly anyInterface?: boolean;
  readonly purpose: Purpose;
  /** Where the container or network that it is for is described. */
  readonly span?: Span;
}

export type Purpose =
  | { readonly kind: 'engine' }
  | { readonly kind: 'network'; readonly network: string }
  | { readonly kind: 'endpoint'; readonly network: string; readonly container: string }
  | {
      readonly kind: 'port';
      readonly container: string;
      readonly protocol: string;
      readonly hostPort: number;
      readonly containerPort: number;
    };

/** `that port 8080 of web is published`, `for network back`. */
export function purposeText(purpose: Purpose): string {
  switch (purpose.kind) {
    case 'engine':
      return 'for Docker as a whole';
    case 'network':
      return `for network ${purpose.network}`;
    case 'endpoint':
      return `for container ${purpose.container} in network ${purpose.network}`;
    case 'port':
      return `for port ${purpose.hostPort}/${purpose.protocol}, which container ${purpose.container} publishes`;
  }
}
