/** Every incident that can be recorded, by topic. */
import { docker } from './docker.mjs';
import { filter } from './filter.mjs';
import { forwarding } from './forwarding.mjs';
import { nat } from './nat.mjs';

export const incidents = [...forwarding, ...nat, ...filter, ...docker];
