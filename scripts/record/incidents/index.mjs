/** Every incident that can be recorded, by topic. */
import { addresses } from './addresses.mjs';
import { answers } from './answers.mjs';
import { beyond } from './beyond.mjs';
import { bridgeFamilies } from './bridge-families.mjs';
import { docker } from './docker.mjs';
import { engines } from './engines.mjs';
import { everyday } from './everyday.mjs';
import { everydayRoutes } from './everyday-routes.mjs';
import { filter } from './filter.mjs';
import { fleet } from './fleet.mjs';
import { forwarding } from './forwarding.mjs';
import { healthy, ipv6 } from './healthy.mjs';
import { healthyBusy } from './healthy-busy.mjs';
import { healthyCaptures } from './healthy-captures.mjs';
import { healthyClients } from './healthy-clients.mjs';
import { healthyDocker } from './healthy-docker.mjs';
import { healthyStrangers } from './healthy-strangers.mjs';
import { hooks } from './hooks.mjs';
import { invalid } from './invalid.mjs';
import { ipv6Faults } from './ipv6.mjs';
import { kubernetes } from './kubernetes.mjs';
import { kubernetesNft } from './kubernetes-nft.mjs';
import { limits } from './limits.mjs';
import { links } from './links.mjs';
import { marks } from './marks.mjs';
import { moments } from './moments.mjs';
import { names } from './names.mjs';
import { nat } from './nat.mjs';
import { natLimits } from './nat-limits.mjs';
import { natState } from './nat-state.mjs';
import { natUntranslated } from './nat-untranslated.mjs';
import { natWayBack } from './nat-way-back.mjs';
import { neighbours } from './neighbours.mjs';
import { nftNat } from './nft-nat.mjs';
import { outdated } from './outdated.mjs';
import { overlays } from './overlays.mjs';
import { routing } from './routing.mjs';
import { severalWays } from './several-ways.mjs';
import { sizes } from './sizes.mjs';
import { sockets } from './sockets.mjs';
import { spoof } from './spoof.mjs';
import { stubs } from './stubs.mjs';
import { subnets } from './subnets.mjs';
import { switching } from './switching.mjs';

export const incidents = [
  ...forwarding,
  ...routing,
  ...marks,
  ...severalWays,
  ...links,
  ...switching,
  ...bridgeFamilies,
  ...neighbours,
  ...addresses,
  ...subnets,
  ...sizes,
  ...hooks,
  ...overlays,
  ...ipv6Faults,
  ...nat,
  ...natState,
  ...natWayBack,
  ...natUntranslated,
  ...invalid,
  ...natLimits,
  ...nftNat,
  ...filter,
  ...limits,
  ...answers,
  ...kubernetes,
  ...kubernetesNft,
  ...sockets,
  ...names,
  ...stubs,
  ...beyond,
  ...spoof,
  ...everyday,
  ...everydayRoutes,
  ...moments,
  ...outdated,
  ...docker,
  ...engines,
  ...ipv6,
  ...fleet,
  ...healthy,
  ...healthyCaptures,
  ...healthyClients,
  ...healthyStrangers,
  ...healthyDocker,
  ...healthyBusy,
];
