/** Figures for people. What is not known is said to be unknown, never zero. */

export const tokens = (n: number): string => (n < 1_000 ? `${n}` : n < 100_000 ? `${(n / 1_000).toFixed(1)}k` : `${Math.round(n / 1_000)}k`);

export function money(usd: number | null): string {
  if (usd === null) return "$ unknown";
  if (usd === 0) return "$0";
  return usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

export function seconds(s: number | null): string {
  if (s === null) return "time unknown";
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

export function energy(kwh: [number, number] | null): string {
  if (kwh === null) return "energy unknown";
  const [low, high] = [kwh[0] * 1_000, kwh[1] * 1_000];
  const figure = (wh: number): string => (wh === 0 ? "0" : wh.toPrecision(2));
  return low === high ? `${figure(low)} Wh` : `${figure(low)}–${figure(high)} Wh`;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

const WAYS: Record<string, string> = {
  compute: "computes it", derive: "derives it", refute: "tries to refute", wording: "reads the wording", backwards: "works backwards",
  another: "another way", cases: "case by case", look_up: "looks it up", direct: "answers directly", research: "researches", experiment: "experiments",
};

export const wayOf = (way: string): string => WAYS[way] ?? way.replaceAll("_", " ");

export const modelOf = (model: string): string => (model.includes("#") ? (model.split("#").at(-1) ?? model) : model.replace(/^embedded:/, ""));
