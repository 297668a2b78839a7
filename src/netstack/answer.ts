/** The kernel's own answers to a packet, queued until the packet itself is through. */
import { fieldsOf, headerOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type IcmpMessage, icmpError } from './icmp.ts';
import { mayAnswer } from './icmp-limit.ts';
import { addStep, type Copy, type Run } from './run.ts';

export interface AnswerOf {
  /** Shown as a step of the packet it answers (REJECT). */
  readonly shown?: string;
  /** Interface it leaves by at once, past netfilter. */
  readonly direct?: string;
}

export function queueAnswer(run: Run, copy: Copy, skb: Skb, { shown, direct }: AnswerOf = {}): void {
  if (shown !== undefined) addStep(run, copy, { kind: 'emit', packet: headerOf(skb), text: shown });
  run.answers.push({
    namespace: copy.net.name,
    skb,
    always: false,
    ...(direct === undefined ? {} : { direct }),
  });
}

/** An ICMP error about the packet, unless it must not be answered or its sender had too many. */
export function queueIcmp(run: Run, copy: Copy, message: IcmpMessage, of: AnswerOf = {}): void {
  const { skb, net } = copy;
  const answer = icmpError(skb, message);
  if (!answer) return;
  if (!mayAnswer(net, fieldsOf(answer).destination, message.type, skb.time)) return;
  queueAnswer(run, copy, answer, of);
}

export const NO_PORT: Readonly<Record<4 | 6, IcmpMessage>> = {
  4: { type: 3, code: 3 },
  6: { type: 1, code: 4 },
};
export const NO_HOST: Readonly<Record<4 | 6, IcmpMessage>> = {
  4: { type: 3, code: 1 },
  6: { type: 1, code: 3 },
};
