/** The other half of `facts.test.ts`. */
import { liveFacts } from './live-facts.ts';

liveFacts(1);
