/** What is asked, how much may be spent on it, and what that will probably cost. */

import { useEffect, useRef, useState, type FormEvent } from "react";
import { get, post } from "./api";
import { money, seconds, tokens } from "./format";
import type { Estimate } from "./types";

const EFFORTS = ["low", "medium", "high", "xhigh"] as const;
type Effort = (typeof EFFORTS)[number];
const EFFORT_NAMES: Record<Effort, string> = { low: "Lite", medium: "Standard", high: "Heavy", xhigh: "Max" };
const MAIN = ["heavy", "auto", "single", "research", "wide"];
const ABOUT: Record<string, string> = {
  heavy: "A panel works side by side and settles its disagreements", auto: "Spends what the question needs", single: "One member with tools",
  research: "A report, each number cited", wide: "A table of all there are of something",
};
const DRAFT = "manyminds.draft";

interface Draft {
  question: string;
  mode: string;
  effort: Effort;
  budget: string;
  members: string;
  web: boolean;
  sites: string;
  approve: boolean;
}

const EMPTY: Draft = { question: "", mode: "heavy", effort: "medium", budget: "", members: "", web: false, sites: "", approve: true };

function kept(): Draft {
  try {
    return { ...EMPTY, ...(JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") as Partial<Draft>) };
  } catch {
    return EMPTY;
  }
}

/** Only a panel has an effort in members; a report is worked by its plan. */
const asksEffort = (mode: string): boolean => !["single", "brief", "research", "wide"].includes(mode.split("/")[0]!);
const plans = (mode: string): boolean => ["research", "wide"].includes(mode.split("/")[0]!);

export function Ask({ onBegun }: { onBegun: (run: string) => void }) {
  const [draft, setDraft] = useState(kept);
  const [modes, setModes] = useState<string[]>(MAIN);
  const [prices, setPrices] = useState<Record<string, Estimate>>({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const set = (more: Partial<Draft>) => setDraft((d) => ({ ...d, ...more }));

  useEffect(() => sessionStorage.setItem(DRAFT, JSON.stringify(draft)), [draft]);
  useEffect(() => {
    box.current?.focus();
    get<{ data: { id: string }[] }>("v1/models").then((found) => setModes(found.data.map((m) => m.id)), (e: Error) => setProblem(e.message));
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    const members = Number(draft.members) || undefined;
    const wanted = asksEffort(draft.mode) ? EFFORTS : (["medium"] as const);
    const timer = setTimeout(() => {
      void Promise.all(
        wanted.map(async (effort) => {
          const body = { model: draft.mode, ...(asksEffort(draft.mode) ? { reasoning_effort: effort } : {}), ...(members ? { members } : {}) };
          return [effort, await post<Estimate>("v1/estimates", body, {}, stop.signal)] as const;
        }),
      ).then((found) => setPrices(Object.fromEntries(found)), () => undefined);
    }, 150);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [draft.mode, draft.members]);

  async function begin(event?: FormEvent): Promise<void> {
    event?.preventDefault();
    if (!draft.question.trim() || busy) return;
    setBusy(true);
    setProblem("");
    const body = {
      question: draft.question.trim(), model: draft.mode, live: true, web: draft.web, approve: draft.approve && (plans(draft.mode) || draft.web),
      ...(asksEffort(draft.mode) ? { reasoning_effort: draft.effort } : {}),
      ...(draft.budget.trim() ? { budget: draft.budget.trim() } : {}),
      ...(Number(draft.members) ? { members: Number(draft.members) } : {}),
      ...(draft.sites.trim() ? { sites: draft.sites.split(/[\s,]+/).filter(Boolean) } : {}),
    };
    try {
      const begun = await post<{ run: string }>("v1/runs", body, { "Idempotency-Key": crypto.randomUUID() });
      sessionStorage.removeItem(DRAFT);
      onBegun(begun.run);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  }

  const price = prices[asksEffort(draft.mode) ? draft.effort : "medium"];
  const base = draft.mode.split("/")[0]!;
  return (
    <form className="ask" onSubmit={(e) => void begin(e)}>
      <h1>Ask many minds</h1>
      <p className="lead">A panel works your question side by side, settles its disagreements with evidence, and gives one answer you can check.</p>
      <label className="sr" htmlFor="question">Your question</label>
      <textarea
        id="question" ref={box} rows={4} placeholder="A hard question…" value={draft.question} onChange={(e) => set({ question: e.target.value })}
        onKeyDown={(e) => e.key === "Enter" && (e.metaKey || e.ctrlKey) && void begin()}
      />
      <fieldset className="modes">
        <legend className="sr">Way to work</legend>
        {[...MAIN.filter((m) => modes.includes(m)), ...(MAIN.includes(draft.mode) ? [] : [draft.mode])].map((mode) => (
          <label key={mode} className={draft.mode === mode ? "mode chosen" : "mode"}>
            <input type="radio" name="mode" checked={draft.mode === mode} onChange={() => set({ mode })} />
            <strong>{mode}</strong>
            <small>{ABOUT[mode] ?? "another way to spend"}</small>
          </label>
        ))}
      </fieldset>
      {asksEffort(draft.mode) && (
        <fieldset className="dial">
          <legend>Effort</legend>
          {EFFORTS.map((effort) => (
            <label key={effort} className={draft.effort === effort ? "notch chosen" : "notch"}>
              <input type="radio" name="effort" checked={draft.effort === effort} onChange={() => set({ effort })} />
              <span>{EFFORT_NAMES[effort]}</span>
              <small>{prices[effort] ? `${prices[effort].members} members · ${tokens(prices[effort].tokens)}` : "…"}</small>
            </label>
          ))}
        </fieldset>
      )}
      <div className="row">
        <button type="submit" className="primary" disabled={busy || !draft.question.trim()}>{busy ? "Begins…" : plans(base) ? "Plan it" : "Ask"}</button>
        <PriceTag price={price} />
      </div>
      {problem && <p role="alert" className="problem">{problem}</p>}
      <details className="more">
        <summary>More: budget, web, members, other ways</summary>
        <div className="grid">
          <label>Budget, kept before it is spent<input placeholder="200k,0.50usd,5m" value={draft.budget} onChange={(e) => set({ budget: e.target.value })} /></label>
          <label>Members<input inputMode="numeric" placeholder="by effort" value={draft.members} onChange={(e) => set({ members: e.target.value.replace(/\D/g, "") })} /></label>
          <label>Way and model
            <select value={draft.mode} onChange={(e) => set({ mode: e.target.value })}>
              {modes.map((mode) => <option key={mode}>{mode}</option>)}
            </select>
          </label>
          <label>Sites of which everything may be read<input placeholder="docs.python.org" value={draft.sites} onChange={(e) => set({ sites: e.target.value })} /></label>
          <label className="check"><input type="checkbox" checked={draft.web} onChange={(e) => set({ web: e.target.checked })} /> Members may use the web</label>
          <label className="check"><input type="checkbox" checked={draft.approve} onChange={(e) => set({ approve: e.target.checked })} /> Ask me about the plan, and about addresses nobody named</label>
        </div>
      </details>
    </form>
  );
}

function PriceTag({ price }: { price: Estimate | undefined }) {
  if (!price) return <span className="price">expected cost: looking…</span>;
  const wh = price.wh === null ? "energy unknown" : `${price.wh.toPrecision(2)} Wh`;
  return (
    <span className="price" title={price.runs ? `as ${price.runs} runs like it` : "a rough estimate: no history yet"}>
      about <b>{tokens(price.tokens)}</b> tokens · <b>{money(price.usd)}</b> · <b>{seconds(price.seconds)}</b> · {wh}
      <small>{price.runs ? ` as ${price.runs} runs like it` : " a rough estimate, no history yet"}</small>
    </span>
  );
}
