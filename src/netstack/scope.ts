/** enum rt_scope_t, include/uapi/linux/rtnetlink.h */
export const SCOPE = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

const SCOPES: Readonly<Record<string, number>> = { ...SCOPE, global: SCOPE.universe };

/** By the name or number that `ip` prints; absent is universe. */
export function scopeNumber(scope: string | undefined): number {
  return scope === undefined ? SCOPE.universe : (SCOPES[scope] ?? (Number(scope) || 0));
}
