/** Targets that change nothing the model follows: the packet goes on as it was. */
import { defineTarget, type Value } from '../extension.ts';
import { bare, quoteAlways } from '../tokens.ts';
import { flag, number } from '../values/number.ts';
import { name, oneOf } from '../values/text.ts';

/** trace_tg(), net/netfilter/xt_TRACE.c */
export const TRACE = defineTarget({
  name: 'TRACE',
  options: {},
  build: () => ({}),
  print: () => [],
  apply: () => ({ kind: 'continue' }),
});

/** checksum_tg(), net/netfilter/xt_CHECKSUM.c: fills in checksums left to the device. */
export const CHECKSUM = defineTarget({
  name: 'CHECKSUM',
  tables: ['mangle'],
  options: { 'checksum-fill': { value: flag, required: true } },
  build: () => ({}),
  print: () => ['--checksum-fill'],
  apply: () => ({ kind: 'continue' }),
});

interface AuditInfo {
  readonly type: 'accept' | 'drop' | 'reject';
}

/** audit_tg(), net/netfilter/xt_AUDIT.c */
export const AUDIT = defineTarget({
  name: 'AUDIT',
  options: {
    type: { value: oneOf({ accept: 'accept', drop: 'drop', reject: 'reject' } as const), required: true },
  },
  build: ({ type }): AuditInfo => ({ type: type.value }),
  print: (info) => [`--type ${info.type}`],
  apply: () => ({ kind: 'continue' }),
});

interface SecmarkInfo {
  readonly context: string;
}

/** secmark_tg(), net/netfilter/xt_SECMARK.c */
export const SECMARK = defineTarget({
  name: 'SECMARK',
  tables: ['mangle', 'security'],
  options: { selctx: { value: name(255, 'a security context'), required: true } },
  build: ({ selctx }): SecmarkInfo => ({ context: selctx.value }),
  print: (info) => [`--selctx ${bare(info.context)}`],
  apply: () => ({ kind: 'continue' }),
});

interface ConnsecmarkInfo {
  readonly action: 'save' | 'restore';
}

/** connsecmark_tg(), net/netfilter/xt_CONNSECMARK.c */
export const CONNSECMARK = defineTarget({
  name: 'CONNSECMARK',
  tables: ['mangle', 'security'],
  conntrack: true,
  options: {
    save: { value: flag, excludes: ['restore'] },
    restore: { value: flag, excludes: ['save'] },
  },
  oneOf: [['save', 'restore']],
  build: (args): ConnsecmarkInfo => ({ action: args.save ? 'save' : 'restore' }),
  print: (info) => [`--${info.action}`],
  apply: () => ({ kind: 'continue' }),
});

interface IdletimerInfo {
  readonly timeout: number;
  readonly label: string;
  readonly alarm: boolean;
}

/** idletimer_tg_target(), net/netfilter/xt_IDLETIMER.c */
export const IDLETIMER = defineTarget({
  name: 'IDLETIMER',
  options: {
    timeout: { value: number(0xffffffff, 1), required: true },
    label: { value: name(27, 'a label'), required: true },
    alarm: { value: flag },
  },
  build: (args): IdletimerInfo => ({
    timeout: args.timeout.value,
    label: args.label.value,
    alarm: args.alarm !== undefined,
  }),
  print: (info) => [
    `--timeout ${info.timeout}`,
    `--label ${bare(info.label)}`,
    ...(info.alarm ? ['--alarm'] : []),
  ],
  apply: () => ({ kind: 'continue' }),
});

interface LedInfo {
  readonly trigger: string;
  /** Milliseconds; absent is for ever. */
  readonly delay?: number;
  readonly alwaysBlink: boolean;
}

const delay: Value<number | 'inf'> = {
  words: 1,
  expected: 'milliseconds, or inf',
  read: ([text = '']) => (text === 'inf' ? 'inf' : number(0x7fffffff).read([text], { family: 4 })),
};

/** led_tg(), net/netfilter/xt_LED.c */
export const LED = defineTarget({
  name: 'LED',
  options: {
    'led-trigger-id': { value: name(26, "a trigger's name"), required: true },
    'led-delay': { value: delay },
    'led-always-blink': { value: flag },
  },
  build(args): LedInfo {
    const wait = args['led-delay']?.value ?? 0;
    return {
      trigger: args['led-trigger-id'].value,
      ...(wait === 'inf' ? {} : { delay: wait }),
      alwaysBlink: args['led-always-blink'] !== undefined,
    };
  },
  print: (info) => [
    `--led-trigger-id ${quoteAlways(info.trigger)}`,
    ...(info.delay === undefined ? ['--led-delay inf'] : info.delay > 0 ? [`--led-delay ${info.delay}`] : []),
    ...(info.alwaysBlink ? ['--led-always-blink'] : []),
  ],
  apply: () => ({ kind: 'continue' }),
});
