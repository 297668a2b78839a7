/** comment_mt(), net/netfilter/xt_comment.c: always matches. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { quote } from '../tokens.ts';
import { text } from '../values/text.ts';

interface CommentInfo {
  readonly comment: string;
}

export const comment = lazily(() =>
  defineMatch({
    name: 'comment',
    support: DECIDED,
    options: { comment: { value: text(255), required: true } },
    listing: () => listing([/\/\*(?:\x20(?<v>.*?))?\x20\*\//, ({ v = '' }) => [listedOption('comment', v)]]),
    build: ({ comment }): CommentInfo => ({ comment: comment.value }),
    print: (info) => [`--comment ${quote(info.comment)}`],
    match: () => true,
    always: () => true,
  }),
);
