/** owner_mt(), net/netfilter/xt_owner.c: the socket that a locally sent packet belongs to. */
import { lazily } from '../../base/memo.ts';
import { and, type Ternary, unknown } from '../../base/ternary.ts';
import { defineMatch, option, refuse, undecided, type Value } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { bare } from '../tokens.ts';
import { flag, formatRange, type Range, readRange } from '../values/number.ts';

/** A range of ids; or a user's or group's name, whose id only the host it was written for knows. */
type Ids = Range | { readonly name: string };

interface IdTest {
  readonly invert: boolean;
  readonly ids: Ids;
}

interface OwnerInfo {
  readonly socket?: { readonly invert: boolean };
  readonly uid?: IdTest;
  readonly gid?: IdTest;
  readonly supplementary: boolean;
}

const MAX_ID = 0xfffffffe;

function idOrName(what: string): Value<Ids> {
  return {
    words: 1,
    expected: `a ${what}'s number, a range low-high, or a name`,
    read([text = '']) {
      if (text === 'root') return { min: 0, max: 0 };
      if (/^\d/.test(text)) return readRange(text, MAX_ID, '-');
      return /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/.test(text) ? { name: text } : undefined;
    },
  };
}

export const owner = lazily(() =>
  defineMatch({
    name: 'owner',
    support: undecided('no dump tells the process that sent a packet; forwarded packets have none'),
    hooks: ['OUTPUT', 'POSTROUTING'],
    options: {
      'socket-exists': { value: flag, invert: true },
      'uid-owner': { value: idOrName('user'), invert: true },
      'gid-owner': { value: idOrName('group'), invert: true },
      'suppl-groups': { value: flag, needs: ['gid-owner'] },
    },
    oneOf: [['uid-owner', 'gid-owner', 'socket-exists']],
    listing: () =>
      listedParts([
        [/(?<n>! ?)?owner socket exists/, 'socket-exists'],
        [/(?<n>! ?)?owner UID match (?<v>\S+)/, 'uid-owner'],
        [/(?<n>! ?)?owner GID match (?<v>\S+)/, 'gid-owner'],
        [/incl\. suppl\. groups/, 'suppl-groups'],
      ]),
    build(args) {
      const [socket, uid, gid] = [args['socket-exists'], args['uid-owner'], args['gid-owner']];
      if ((args['suppl-groups']?.position ?? Number.POSITIVE_INFINITY) < (gid?.position ?? 0)) {
        return refuse('--suppl-groups comes behind --gid-owner');
      }
      const info: OwnerInfo = {
        ...(socket ? { socket: { invert: socket.invert } } : {}),
        ...(uid ? { uid: { invert: uid.invert, ids: uid.value } } : {}),
        ...(gid ? { gid: { invert: gid.invert, ids: gid.value } } : {}),
        supplementary: args['suppl-groups'] !== undefined,
      };
      return info;
    },
    print: (info: OwnerInfo) => [
      ...(info.socket ? [option('socket-exists', info.socket.invert)] : []),
      ...(info.uid ? [option('uid-owner', info.uid.invert, printIds(info.uid.ids))] : []),
      ...(info.gid ? [option('gid-owner', info.gid.invert, printIds(info.gid.ids))] : []),
      ...(info.supplementary ? ['--suppl-groups'] : []),
    ],
    match(info: OwnerInfo, { skb }) {
      const tests = [info.socket, info.uid, info.gid].filter((test) => test !== undefined);
      if (!skb.local || skb.kernelSocket === 'none') return tests.every((test) => test.invert);
      if (skb.kernelSocket === 'control') {
        return !info.socket?.invert && [info.uid, info.gid].every((test) => !test || test.invert);
      }
      if (!skb.owner)
        return unknown(`which process sent the packet (capture does not say; see ss -tunap on the host)`);
      if (info.socket?.invert) return false;
      return and(
        idHolds(info.uid, skb.owner.uid, 'user'),
        info.supplementary
          ? unknown('the supplementary groups of the process that sent the packet')
          : idHolds(info.gid, skb.owner.gid, 'group'),
      );
    },
  }),
);

function printIds(ids: Ids): string {
  return 'name' in ids ? bare(ids.name) : formatRange(ids, '-');
}

function idHolds(test: IdTest | undefined, id: number | undefined, what: string): Ternary {
  if (!test) return true;
  if ('name' in test.ids) return unknown(`the number of ${what} ${test.ids.name}`);
  if (id === undefined) return unknown(`the ${what} of the process that sent the packet`);
  return (id >= test.ids.min && id <= test.ids.max) !== test.invert;
}
