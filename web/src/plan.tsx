/** What a run waits for the person to say: a plan, to be changed, or an address. */

import { useState } from "react";
import { post } from "./api";
import type { Board } from "./board";
import type { Plan } from "./types";

export function Approval({ board, onProblem }: { board: Board; onProblem: (why: string) => void }) {
  const asked = board.asked;
  if (!asked) return null;
  // A yes is to what stands here, not to what may be asked by the time it comes.
  const say = (what: "approve" | "deny", body: object = {}) =>
    void post(`v1/runs/${board.run}/${what}`, { number: asked.number, ...body }).catch((e: Error) => onProblem(e.message));
  if (asked.what === "plan" && asked.plan) {
    return <PlanCard key={board.run} plan={asked.plan} told={asked.text} onYes={(plan) => say("approve", plan ? { plan } : {})} onNo={() => say("deny")} />;
  }
  if (asked.what === "act") return <ActCard card={asked.text} say={say} />;
  const address = asked.text;
  const origin = originOf(address);
  return (
    <section className="approval" role="alertdialog" aria-labelledby="asked">
      <h2 id="asked">May this page be read?</h2>
      <dl>
        <dt>Action</dt><dd>One GET request, without cookies or keys</dd>
        <dt>Address</dt><dd><code>{address}</code></dd>
        <dt>Origin</dt><dd>{origin}</dd>
        <dt>Data leaving</dt><dd>The address itself, as it stands above, and this machine's network address</dd>
        <dt>Why you are asked</dt><dd>Neither you nor a search named it: a page or a member did</dd>
        <dt>Expires</dt><dd>When the run ends; until then nothing is read. Silence is a no.</dd>
      </dl>
      <div className="row">
        <button type="button" className="primary" onClick={() => say("approve")}>Once</button>
        <button type="button" onClick={() => say("approve", { site: true })}>All of {origin}</button>
        <button type="button" onClick={() => say("approve", { run: true })}>Anything in this run</button>
        <button type="button" onClick={() => say("deny")}>Not this page</button>
        <button type="button" className="danger" onClick={() => say("deny", { never: true })}>Never {origin}</button>
      </div>
    </section>
  );
}

/** What a tool of another server is about to do, as the run has written it down. */
function ActCard({ card, say }: { card: string; say: (what: "approve" | "deny", body?: object) => void }) {
  const tool = card.split("\n", 1)[0];
  return (
    <section className="approval" role="alertdialog" aria-labelledby="asked">
      <h2 id="asked">May this be done?</h2>
      <pre>{card}</pre>
      <dl>
        <dt>Why you are asked</dt><dd>Not all of it is in your own words: a page, a mail or a member may have said the rest</dd>
        <dt>Expires</dt><dd>When the run ends; until then nothing is done. Silence is a no.</dd>
      </dl>
      <div className="row">
        <button type="button" className="primary" onClick={() => say("approve")}>Once</button>
        <button type="button" onClick={() => say("approve", { site: true })}>All that {tool} is to do</button>
        <button type="button" onClick={() => say("approve", { run: true })}>Anything in this run</button>
        <button type="button" onClick={() => say("deny")}>Not this</button>
        <button type="button" className="danger" onClick={() => say("deny", { never: true })}>Nothing with {tool}</button>
      </div>
    </section>
  );
}

function originOf(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return "unknown";
  }
}

function PlanCard({ plan, told, onYes, onNo }: { plan: Plan; told: string; onYes: (changed: Plan | null) => void; onNo: () => void }) {
  const [now, setNow] = useState(plan);
  const [sent, setSent] = useState(false);
  const set = (more: Partial<Plan>) => setNow((p) => ({ ...p, ...more }));
  const part = (place: number, text: string) => set({ parts: now.parts.map((p, i) => (i === place ? { question: text, query: p.query === p.question ? text : p.query } : p)) });
  const changed = JSON.stringify(now) !== JSON.stringify(plan);
  const sites = (text: string) => text.split(/[\s,]+/).filter(Boolean);
  return (
    <section className="approval" aria-labelledby="asked">
      <h2 id="asked">The plan: change what you like, before anything is read</h2>
      <label>Goal<textarea rows={2} value={now.goal} onChange={(e) => set({ goal: e.target.value })} /></label>
      <ol className="parts">
        {now.parts.map((p, place) => (
          <li key={place}>
            <textarea rows={2} aria-label={`Part ${place + 1}`} value={p.question} onChange={(e) => part(place, e.target.value)} />
            <button type="button" aria-label={`Leave out part ${place + 1}`} onClick={() => set({ parts: now.parts.filter((_, i) => i !== place) })}>×</button>
          </li>
        ))}
      </ol>
      <button type="button" className="quiet" onClick={() => set({ parts: [...now.parts, { question: "", query: "" }] })}>+ part</button>
      <div className="grid">
        <label>All of these sites may be read<input defaultValue={now.sites.join(", ")} onBlur={(e) => set({ sites: sites(e.target.value) })} /></label>
        <label>Nothing of these<input defaultValue={now.no_sites.join(", ")} onBlur={(e) => set({ no_sites: sites(e.target.value) })} /></label>
        <Count label="Pages read for each part" value={now.pages} most={10} onChange={(pages) => set({ pages })} />
        <Count label="Requests of one worker" value={now.depth} most={40} onChange={(depth) => set({ depth })} />
        <Count label="Rounds; 1 leaves gaps open" value={now.rounds} most={4} onChange={(rounds) => set({ rounds })} />
        <label className="check"><input type="checkbox" checked={now.experiment} onChange={(e) => set({ experiment: e.target.checked })} /> Programs may settle what no page does</label>
      </div>
      <p className="price">{told.split("\n").at(-1)}</p>
      <div className="row">
        <button type="button" className="primary" disabled={sent || now.parts.some((p) => !p.question.trim())} onClick={() => { setSent(true); onYes(changed ? now : null); }}>
          {changed ? "Go by my plan" : "Go on with it"}
        </button>
        <button type="button" className="danger" disabled={sent} onClick={onNo}>Call it off</button>
      </div>
    </section>
  );
}

function Count({ label, value, most, onChange }: { label: string; value: number; most: number; onChange: (n: number) => void }) {
  return (
    <label>{label}
      <input type="number" min={1} max={most} value={value} onChange={(e) => onChange(Math.min(most, Math.max(1, Number(e.target.value) || 1)))} />
    </label>
  );
}
