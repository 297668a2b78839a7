/** What runs in a report's page: its tools for the flows, and buttons that copy commands. Without it the page says the same, less handily. */
import { copyButtons } from './copy.ts';
import { flowTools } from './flow-tools.ts';

copyButtons();
flowTools();
