import type { Candidate, Fed, Feed } from './feed.ts';

/** All feeds in order of time; within one, the order of its file stands. Of equal times the feed named first goes first. */
export async function* merged(feeds: readonly Feed[]): AsyncGenerator<Fed> {
  const heads: { readonly source: AsyncGenerator<Candidate>; head: Candidate | undefined }[] = [];
  for (const feed of feeds) {
    const source = feed.packets();
    heads.push({ source, head: await next(source) });
  }
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const each of heads) {
      if (each.head && (!first?.head || each.head.time < first.head.time)) first = each;
    }
    if (!first?.head) return;
    const { skb, place } = first.head;
    const origin = place();
    if (origin) yield { skb, origin };
    first.head = await next(first.source);
  }
}

async function next(source: AsyncGenerator<Candidate>): Promise<Candidate | undefined> {
  const result = await source.next();
  return result.done ? undefined : result.value;
}
