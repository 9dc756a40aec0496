import type { SettingKind } from '../config/kinds.ts';

const units = { k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 } as const;

/** A size such as `512k`, `10m` or `1g` (powers of 1024), in bytes; 0 is none. */
export const byteSize: SettingKind<number> = {
  allowed: 'a size such as 512k, 10m or 1g, or 0',
  format: (bytes) => {
    const unit = (['g', 'm', 'k'] as const).find((name) => bytes > 0 && bytes % units[name] === 0);
    return unit === undefined ? String(bytes) : `${bytes / units[unit]}${unit}`;
  },
  parse(value) {
    const [, digits, unit] = /^(\d+)([kmg]?)b?$/i.exec(value) ?? [];
    if (digits === undefined) return undefined;
    const name = unit?.toLowerCase();
    const bytes = Number(digits) * (name === 'k' || name === 'm' || name === 'g' ? units[name] : 1);
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  },
};
