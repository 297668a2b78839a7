/** nft's own tables, chains, sets and maps on every hook, alone and beside iptables tables of either backend. */
import type { Case, Rules } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { nftWords, randomNft } from '../generate/nft.ts';
import { randomPacket } from '../generate/packets.ts';
import { randomSite } from '../generate/random-site.ts';
import { randomRules } from '../generate/rules.ts';
import { type SiteNamespace, vocabularyOf } from '../generate/site.ts';
import type { Random } from '../random.ts';

export function nftablesCase(random: Random): Omit<Case, 'name'> {
  const site = randomSite(random);
  const [gateway, ...leaves] = site.namespaces;
  if (!gateway) throw new Error('a site without namespaces');
  const rules = (namespace: SiteNamespace, beside: boolean): Rules => {
    const words = vocabularyOf(site, namespace);
    const { skeleton, rules: lines } = randomNft(random, nftWords(site, words));
    return {
      ...(beside ? { ip4: randomRules(random, 4, words), ip6: randomRules(random, 6, words) } : {}),
      nft: skeleton,
      nftRules: `${lines.join('\n')}\n`,
    };
  };
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: {
      [gateway.name]: rules(gateway, random.chance(0.3)),
      ...Object.fromEntries(
        leaves.filter(() => random.chance(0.2)).map((leaf) => [leaf.name, rules(leaf, false)]),
      ),
    },
    stimuli: Array.from({ length: 50 }, () => randomPacket(random, site)),
    answer: limited(50, (frames) => answersOf(frames, () => random.chance(0.7))),
  };
}
