/** What programs print when they refuse: then the command changed nothing. */
import { lazily } from '../base/memo.ts';
import type { PrintedLine } from './session.ts';

const REFUSALS = lazily(
  () =>
    /^(?:RTNETLINK answers: |Error: |Cannot (?:find|open|create|remove|set)|can't |iptables(?:-\w+)? v[\d.]+|ip6tables(?:-\w+)? v[\d.]+|ip6?tables: |iptables-restore|Bad argument|Try `ip|sysctl: |Object "|Device "|Command "|SIOC\w+: |Usage: |nft: |ipset v[\d.]+: |bridge \S+ does not exist|device \S+ (?:already|does not)|interface \S+ does not|(?:ba|da)?sh: |-bash: |sudo: |Operation not permitted|argument "|"\w+" is invalid)/,
);

/** The line that says so, if one of the first does. */
export function refusalIn(output: readonly PrintedLine[]): PrintedLine | undefined {
  return output.slice(0, 6).find(({ text }) => REFUSALS().test(text.trim()));
}
