/** led_tg(), net/netfilter/xt_LED.c: lights a lamp and goes on. */
import { lazily } from '../../base/memo.ts';
import { defineTarget, untried, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { quoteAlways } from '../tokens.ts';
import { flag, number } from '../values/number.ts';
import { name } from '../values/text.ts';

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

export const LED = lazily(() =>
  defineTarget({
    name: 'LED',
    support: untried('this kernel has no LEDs'),
    options: {
      'led-trigger-id': { value: name(26, "a trigger's name"), required: true },
      'led-delay': { value: delay },
      'led-always-blink': { value: flag },
    },
    listing: () =>
      listing(
        [/led-trigger-id:"(?<v>[^"]*)"/, 'led-trigger-id'],
        [
          [/led-delay:(?<v>\S+)/, ({ v = '' }) => [listedOption('led-delay', v.replace(/ms$/, ''))]],
          [/led-always-blink/, 'led-always-blink'],
        ],
      ),
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
      ...(info.delay === undefined
        ? ['--led-delay inf']
        : info.delay > 0
          ? [`--led-delay ${info.delay}`]
          : []),
      ...(info.alwaysBlink ? ['--led-always-blink'] : []),
    ],
    apply: () => ({ kind: 'continue' }),
  }),
);
