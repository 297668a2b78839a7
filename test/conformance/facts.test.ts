/**
 * Fixed cases on this machine's kernel, where that is possible (root, network namespaces); `facts-recorded.test.ts` has them as they
 * were recorded, for anywhere.
 *
 *     NETTRACE_RECORD=router npx vitest run test/conformance/facts    records a table again, both backends
 *     NETTRACE_FACTS=router npx vitest run test/conformance/facts     only that table
 */
import { liveFacts } from './live-facts.ts';

liveFacts(0);
