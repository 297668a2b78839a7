/** The helpers that are modelled, by the name that CT --helper gives. */
import type { Helper, HelperContext, HelperOutcome } from './helper.ts';
import { ftp } from './helpers/ftp.ts';
import { irc } from './helpers/irc.ts';
import { sip } from './helpers/sip.ts';
import { tftp } from './helpers/tftp.ts';

const HELPERS: Readonly<Record<string, Helper>> = { ftp, irc, sip, tftp };

/** The helper of a connection looks at one of its packets, which may be changed by it. */
export function help(name: string, context: HelperContext): HelperOutcome {
  const helper = HELPERS[name];
  if (!helper) {
    return { assumption: `what the conntrack helper ${name} expects after this isn't modelled` };
  }
  return helper.protocols.includes(context.skb.protocol) ? helper.help(context) : {};
}
