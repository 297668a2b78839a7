export const PAGE: string;
export function pageScript(root: string): Promise<string>;
