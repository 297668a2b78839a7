/** A packet that is asked for by its parts, as a line of the language of cases. */
import { UsageError } from './errors.ts';

/**
 * A packet: who sends it, and to whom. The same as the text `from FROM to TO/PROTOCOL …`, for programs that have the parts. What is left out is
 * chosen as the sender would choose it.
 */
export interface FlowSpec {
  /** A namespace or container (`red`), an interface by which it comes in from the wire (`host:eth0`), or an address. */
  readonly from: string;
  /** An address, or a namespace or container by its name; `10.0.0.5:80`, `[fd00::5]:80`, `web:443`. */
  readonly to: string;
  /** By name or number. Default: tcp with a port, else a ping. */
  readonly protocol?: string | number | undefined;
  /** Where a packet from an address comes in: `host:eth0`. */
  readonly iif?: string | undefined;
  /** Its source address, and port. */
  readonly source?: string | undefined;
  readonly sourcePort?: number | undefined;
  /** SO_MARK. */
  readonly mark?: number | undefined;
  /** `established`: of a connection that was opened and answered before. Default: `new`. */
  readonly state?: 'new' | 'established' | 'invalid' | undefined;
  /** Of ICMP, by number or by iptables' name. */
  readonly icmpType?: string | number | undefined;
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
}

/** The line; a text is one already. */
export function flowText(flow: string | FlowSpec): string {
  if (typeof flow === 'string') return flow;
  if (typeof flow !== 'object' || flow === null || flow.from === undefined || flow.to === undefined)
    throw new UsageError('this is no flow', 'flow-not-understood', {
      advice: "Such as 'tcp red > 10.0.0.5:80', or { from: 'red', to: '10.0.0.5:80' }.",
    });
  const { from, to, protocol, iif, source, sourcePort, mark, state, icmpType, ttl, tos } = flow;
  const options = { iif, src: source, sport: sourcePort, mark, state, type: icmpType, ttl, tos };
  return [
    `from ${word(from)} to ${word(protocol === undefined ? to : `${to}/${protocol}`)}`,
    ...Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name} ${word(value)}`],
    ),
  ].join(' ');
}

/** In quotes where it would be more than one word. */
export function word(value: string | number): string {
  const text = String(value);
  if (/^[^\s,;"]+$/.test(text)) return text;
  if (!text.includes('"')) return `"${text}"`;
  throw new UsageError(
    `${JSON.stringify(text)} can't be said: it has a quotation mark in it`,
    'flow-not-understood',
  );
}
