import { expect, test } from "vitest";
import { ranked, score, turn } from "./table";
import type { Choice } from "./types";

const option = (place: number, shares: Record<string, number | null>): Choice => ({
  place, id: `${place}`, title: `option ${place}`, source: "", link: null, shares, values: {},
});
const cheap = option(0, { price: 1, rating: 0.2 });
const good = option(1, { price: 0.1, rating: 1 });
const unknown = option(2, { price: null, rating: 0.6 });
const all = [cheap, good, unknown];

test("a score is the mean by weights, and what is not known counts half", () => {
  expect(score(cheap, { price: 3, rating: 1 })).toBeCloseTo(0.8);
  expect(score(unknown, { price: 1, rating: 1 })).toBeCloseTo(0.55);
  expect(score(cheap, { price: 0, rating: 0 })).toBe(0.5);
});

test("what is worth the same stays in its order", () => {
  expect(ranked(all, { price: 0, rating: 0 }).map((r) => r.option.id)).toEqual(["0", "1", "2"]);
});

test("a turn is the nearest weight at which another comes first, and it does", () => {
  const weights = { price: 2, rating: 1 };
  expect(ranked(all, weights)[0]!.option).toBe(cheap);
  for (const field of ["price", "rating"]) {
    const found = turn(all, weights, field)!;
    expect(ranked(all, { ...weights, [field]: found.at })[0]!.option).toBe(found.first);
    expect(found.first).not.toBe(cheap);
    const step = found.at < weights[field as "price"] ? 0.1 : -0.1;
    expect(ranked(all, { ...weights, [field]: found.at + step })[0]!.option).toBe(cheap);
  }
  expect(turn([cheap], weights, "price")).toBeNull();
});
