/** Every incident that can be recorded, by topic. */
import { docker } from './docker.mjs';
import { filter } from './filter.mjs';
import { forwarding } from './forwarding.mjs';
import { links } from './links.mjs';
import { nat } from './nat.mjs';
import { routing } from './routing.mjs';

export const incidents = [...forwarding, ...routing, ...links, ...nat, ...filter, ...docker];
