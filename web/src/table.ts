/** A decision's table: what each option is worth by weights, and from where on another comes first. */

import type { Choice } from "./types";

export type Weights = Record<string, number>;
export const MOST = 10;
const STEPS = 100;

/** The mean of an option's shares by weights; what is not known is worth half. */
export function score(option: Choice, weights: Weights): number {
  const all = Object.entries(weights);
  const total = all.reduce((sum, [, weight]) => sum + weight, 0);
  if (!total) return 0.5;
  return all.reduce((sum, [field, weight]) => sum + weight * (option.shares[field] ?? 0.5), 0) / total;
}

/** Options with what they are worth, the best first; those worth the same as they were. */
export function ranked(options: Choice[], weights: Weights): { share: number; option: Choice }[] {
  return options
    .map((option) => ({ share: score(option, weights), option }))
    .sort((a, b) => b.share - a.share || a.option.place - b.option.place);
}

/** Where another option comes first, if this weight alone is moved: the nearest such weight. */
export function turn(options: Choice[], weights: Weights, field: string): { at: number; first: Choice } | null {
  const first = ranked(options, weights)[0]?.option;
  const now = weights[field] ?? 0;
  let near: { at: number; first: Choice } | null = null;
  for (let i = 0; i <= STEPS; i++) {
    const at = (i * MOST) / STEPS;
    const other = ranked(options, { ...weights, [field]: at })[0]?.option;
    if (other && other !== first && (near === null || Math.abs(at - now) < Math.abs(near.at - now))) near = { at, first: other };
  }
  return near;
}
