/** What is to be known of a packet that was made from text. */
import { type Told, UNSAID } from '../../capture/frame.ts';

const UNSAID_NAMES: Readonly<Record<keyof typeof UNSAID, string>> = {
  link: 'link-layer addresses',
  header: 'TTL, TOS, identification',
  fragment: 'place in its datagram',
  sequence: 'sequence number',
  acknowledgement: 'acknowledgement number',
  length: 'length on the wire',
  time: 'time',
  target: 'whom it answers',
};

export function toldText({ line, unsaid }: Told): string {
  const names = Object.entries(UNSAID)
    .filter(([, bit]) => (unsaid & bit) !== 0)
    .map(([name]) => UNSAID_NAMES[name as keyof typeof UNSAID]);
  const missing = names.length > 0 ? `; made up, since the text doesn't tell it: ${names.join('; ')}` : '';
  return `made from text, line ${line}${missing}`;
}
