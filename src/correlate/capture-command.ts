/** What the command that recorded a capture says of what can't be in it: tcpdump(8), dumpcap(1), tshark(1). */
import { shellWords } from '../base/shell.ts';

export interface CaptureCommand {
  /** A capture filter: what it leaves out is missing for no other reason. */
  readonly filter?: string;
  /** tcpdump -Q: one direction only. */
  readonly direction?: 'in' | 'out';
}

/** Options of tcpdump, and of dumpcap and tshark, that are followed by a word of their own. */
const WITH_WORD = {
  tcpdump: new Set('BcCEFGijmMQrsTVwWyzZ'),
  dumpcap: new Set('abBcCdfFGHiIjJKmNoOrRsTuUwWXyYzZ'),
};

/** Undefined where the words are no capture command, or tell nothing. */
export function readCaptureCommand(text: string): CaptureCommand | undefined {
  const words = shellWords(text);
  const at = words.findIndex((word) => /(^|\/)(tcpdump|dumpcap|tshark)$/.test(word));
  if (at < 0) return undefined;
  const isTcpdump = /tcpdump$/.test(words[at] ?? '');
  const withWord = isTcpdump ? WITH_WORD.tcpdump : WITH_WORD.dumpcap;
  const expression: string[] = [];
  let filter: string | undefined;
  let direction: string | undefined;
  for (let index = at + 1; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word.startsWith('--')) {
      const [name, value] = word.split('=');
      if (name === '--direction') direction = value ?? words[++index];
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      expression.push(word);
      continue;
    }
    // Of letters that stand together (`-nni eth0`), the first that takes a word has the rest.
    const letter = [...word.slice(1)].find((one) => withWord.has(one));
    if (letter === undefined) continue;
    const rest = word.slice(word.indexOf(letter) + 1);
    const value = rest === '' ? words[++index] : rest;
    if (letter === 'Q') direction = value;
    else if (letter === 'f' && !isTcpdump) filter = value;
  }
  if (isTcpdump && expression.length > 0) filter = expression.join(' ');
  if (filter === undefined && direction !== 'in' && direction !== 'out') return undefined;
  return {
    ...(filter !== undefined && { filter }),
    ...((direction === 'in' || direction === 'out') && { direction }),
  };
}
