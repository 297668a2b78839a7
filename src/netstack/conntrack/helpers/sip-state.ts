/** struct nf_ct_sip_master: what the helper keeps of a connection. */
import type { HelperOutcome } from '../helper.ts';
import type { Message } from './sip-nat.ts';

export interface SipState {
  registerSequence?: number;
  inviteSequence?: number;
  /** Of a phone that sends from one port and listens on another (forced_dport). */
  forcedPort?: number;
}

export function stateOf({ context: { connection } }: Message): SipState {
  connection.helperState ??= {};
  return connection.helperState as SipState;
}

export function dropped(why: string): HelperOutcome & { readonly drop: string } {
  return { drop: `nf_ct_sip: ${why}` };
}
