/** set_target_v3(), net/netfilter/xt_set.c. What it adds to sets the model keeps if it can; the rule goes on in any case. */
import { lazily } from '../../base/memo.ts';
import { isUnknown } from '../../base/ternary.ts';
import { decidedWith, defineTarget, refuse } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { formatReference, type SetReference, setReference } from '../matches/set.ts';
import { flag, number } from '../values/number.ts';

/** What fits into jiffies: UINT_MAX / MSEC_PER_SEC. */
const MOST_SECONDS = 4294967;

export interface SetInfo {
  readonly add?: SetReference;
  readonly del?: SetReference;
  readonly map?: SetReference;
  readonly exist: boolean;
  readonly timeout?: number;
  readonly mapMark: boolean;
  readonly mapPriority: boolean;
  readonly mapQueue: boolean;
}

export const SET = lazily(() =>
  defineTarget({
    name: 'SET',
    support: decidedWith('ipset save'),
    options: {
      'add-set': { value: setReference },
      'del-set': { value: setReference },
      'map-set': { value: setReference, excludes: ['add-set', 'del-set'] },
      exist: { value: flag, needs: ['add-set'] },
      timeout: { value: number(0xfffffffe), needs: ['add-set'] },
      'map-mark': { value: flag, needs: ['map-set'] },
      'map-prio': { value: flag, needs: ['map-set'] },
      'map-queue': { value: flag, needs: ['map-set'] },
    },
    oneOf: [['add-set', 'del-set', 'map-set']],
    listing: () =>
      listedParts(
        [
          [
            /(?<how>add-set|del-set|map-set) (?<set>\S+) (?<v>(?:src|dst)(?:,(?:src|dst))*)/,
            ({ how = '', set = '', v = '' }) => [{ name: how, invert: false, words: [set, v] }],
          ],
          [/exist/, 'exist'],
          [/timeout (?<v>\d+)/, 'timeout'],
          [/map-mark/, 'map-mark'],
          [/map-prio/, 'map-prio'],
          [/map-queue/, 'map-queue'],
        ],
        { repeated: true },
      ),
    build(args) {
      const [add, del, map] = [args['add-set'], args['del-set'], args['map-set']];
      const info: SetInfo = {
        ...(add ? { add: add.value } : {}),
        ...(del ? { del: del.value } : {}),
        ...(map ? { map: map.value } : {}),
        exist: args.exist !== undefined,
        ...(args.timeout ? { timeout: args.timeout.value } : {}),
        mapMark: args['map-mark'] !== undefined,
        mapPriority: args['map-prio'] !== undefined,
        mapQueue: args['map-queue'] !== undefined,
      };
      if (map && !info.mapMark && !info.mapPriority && !info.mapQueue) {
        return refuse('--map-set needs --map-mark, --map-prio or --map-queue');
      }
      return info;
    },
    print: (info: SetInfo) => [
      ...(info.add ? [`--add-set ${formatReference(info.add)}`] : []),
      ...(info.exist ? ['--exist'] : []),
      ...(info.timeout === undefined ? [] : [`--timeout ${info.timeout}`]),
      ...(info.del ? [`--del-set ${formatReference(info.del)}`] : []),
      ...(info.map ? [`--map-set ${formatReference(info.map)}`] : []),
      ...(info.mapMark ? ['--map-mark'] : []),
      ...(info.mapPriority ? ['--map-prio'] : []),
      ...(info.mapQueue ? ['--map-queue'] : []),
    ],
    apply(info: SetInfo, { namespace, skb }) {
      const { add, del, map, exist, timeout } = info;
      const options = {
        exist,
        ...(timeout === undefined ? {} : { timeout: Math.min(timeout, MOST_SECONDS) }),
      };
      if (add) namespace.changeSet?.('add', add.name, add.directions, skb, options);
      if (del) namespace.changeSet?.('del', del.name, del.directions, skb);
      if (!map) return { kind: 'continue' };
      const mapping = namespace.setMapping?.(map.name, map.directions, skb);
      if (isUnknown(mapping)) return { kind: 'unknown', why: mapping.why };
      if (mapping && info.mapMark) skb.mark = ((skb.mark & ~mapping.mask) ^ mapping.mark) >>> 0;
      if (mapping && info.mapPriority) skb.priority = mapping.priority;
      return { kind: 'continue' };
    },
  }),
);
