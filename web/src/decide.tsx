/** Recommend and decide: a wish, one question at a time, two options, and a table whose weights move. */

import { useEffect, useMemo, useState, type FormEvent } from "react";
import { get, post } from "./api";
import { percent } from "./format";
import { MOST, ranked, turn, type Weights } from "./table";
import type { Choice, Decision, DecisionRow } from "./types";

/** Grounds that are of the weights as they were: with others something else may be so. */
const AS_IT_WAS = ["The first against the backup", "What would change this"];

export function Decide({ onOpen }: { onOpen: (name: string) => void }) {
  const [wish, setWish] = useState("");
  const [rows, setRows] = useState<DecisionRow[] | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    get<{ decisions: DecisionRow[] }>("v1/decisions?limit=30").then((found) => setRows(found.decisions), (e: Error) => setProblem(e.message));
  }, []);
  async function begin(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!wish.trim() || busy) return;
    setBusy(true);
    try {
      onOpen((await post<Decision>("v1/decisions", { wish: wish.trim() })).dialogue);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  }
  return (
    <section className="decide">
      <h1>What would you like?</h1>
      <p className="lead">Every condition of your words holds of what is proposed; at most one thing is asked at a time. Catalogues are the files in your folder.</p>
      <form className="row" onSubmit={(e) => void begin(e)}>
        <label className="sr" htmlFor="wish">Your wish</label>
        <input id="wish" className="grow" autoFocus placeholder="dinner under 25 €, somewhere I haven't been" value={wish} onChange={(e) => setWish(e.target.value)} />
        <button type="submit" className="primary" disabled={busy || !wish.trim()}>{busy ? "Looks…" : "Recommend"}</button>
      </form>
      {problem && <p role="alert" className="problem">{problem}</p>}
      {rows?.length === 0 && <p className="empty">No decisions yet.</p>}
      <ul className="rows">
        {rows?.map((row) => (
          <li key={row.dialogue}>
            <a href={`#/decide/${row.dialogue}`} onClick={(e) => { e.preventDefault(); onOpen(row.dialogue); }}>
              <b>{row.wish}</b>
              <small>{row.day} · {row.domain}{row.chosen && " · chosen"}</small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function OneDecision({ name }: { name: string }) {
  const [decision, setDecision] = useState<Decision | null>(null);
  const [weights, setWeights] = useState<Weights>({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const shown = (found: Decision): void => { setDecision(found); setWeights(found.weights); setProblem(""); };
  useEffect(() => {
    const stop = new AbortController();
    get<Decision>(`v1/decisions/${name}`, stop.signal).then(shown, (e: Error) => e.name === "AbortError" || setProblem(e.message));
    return () => stop.abort();
  }, [name]);
  async function say(what: { answer: string; field: string } | { choose: string } | { weights: Weights } | { back: true }): Promise<void> {
    if (busy) return;
    setBusy(true);
    try {
      shown(await post<Decision>(`v1/decisions/${name}/say`, what));
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  }
  if (!decision) return problem ? <p role="alert" className="problem">{problem}</p> : <p className="empty">Looks at what there is…</p>;
  return (
    <section className="decide" aria-busy={busy}>
      <p className="crumbs"><a href="#/decide">Decide</a> · {decision.fit} of {decision.count} fit{decision.fit > decision.options.length && `, the first ${decision.options.length} are shown`} · {decision.domain} · <code>{decision.dialogue}</code></p>
      <h1>{decision.wish}</h1>
      {problem && <p role="alert" className="problem">{problem}</p>}
      {decision.asked && <Question asked={decision.asked} busy={busy} onAnswer={(answer) => void say({ answer, field: decision.asked!.field })} />}
      {decision.chosen && <Chosen decision={decision} />}
      <Table decision={decision} weights={weights} busy={busy} onWeights={setWeights} onKeep={(changed) => void say({ weights: changed })} onChoose={(choose) => void say({ choose })} />
      <button type="button" className="quiet" disabled={busy} onClick={() => void say({ back: true })}>Take the last step back</button>
    </section>
  );
}

function Question({ asked, busy, onAnswer }: { asked: NonNullable<Decision["asked"]>; busy: boolean; onAnswer: (text: string) => void }) {
  const [text, setText] = useState("");
  useEffect(() => setText(""), [asked.field]);
  return (
    <form className="panel question" onSubmit={(e) => { e.preventDefault(); if (text.trim()) onAnswer(text.trim()); }}>
      <h2>{asked.text}</h2>
      <div className="row">
        {asked.answers.slice(0, 5).map((a) => (
          <button key={a.text} type="button" disabled={busy} title={`then ${a.leads_to} comes first`} onClick={() => onAnswer(a.text)}>{a.text}</button>
        ))}
        <button type="button" disabled={busy} onClick={() => onAnswer("no matter")}>no matter</button>
      </div>
      <label className="sr" htmlFor="answer">Another answer</label>
      <input id="answer" placeholder="or in your words" value={text} onChange={(e) => setText(e.target.value)} />
    </form>
  );
}

function Chosen({ decision }: { decision: Decision }) {
  const chosen = decision.chosen!;
  return (
    <div className="answer" role="status">
      <header><h2>Chosen</h2></header>
      <p className="prose">{chosen.title} {chosen.link && <a href={chosen.link} rel="noreferrer noopener" target="_blank">open</a>}</p>
      <p className="because"><small>It is remembered as a decision. To have it done in your browser, with your yes to the very act: <code>manyminds do --go-on {decision.dialogue}</code></small></p>
    </div>
  );
}

interface TableProps {
  decision: Decision;
  weights: Weights;
  busy: boolean;
  onWeights: (weights: Weights) => void;
  onKeep: (changed: Weights) => void;
  onChoose: (id: string) => void;
}

function Table({ decision, weights, busy, onWeights, onKeep, onChoose }: TableProps) {
  const { options } = decision;
  const list = useMemo(() => ranked(options, weights), [options, weights]);
  const changed = Object.fromEntries(Object.entries(weights).filter(([field, weight]) => weight !== decision.weights[field]));
  const moved = Object.keys(changed).length > 0;
  const top = list[0];
  const backup = moved ? list[1] : list.find((row) => row.option.id === decision.backup);
  const may = decision.state !== "decided";
  const grounds = <Grounds decision={decision} without={moved ? AS_IT_WAS : []} />;
  if (!top) return <><p className="problem">Nothing of {decision.count} meets every condition.</p>{grounds}</>;
  return (
    <>
      <div className="pair" aria-live="polite">
        <Card label="Top 1" row={top} busy={busy} onChoose={may ? onChoose : null} />
        {backup && <Card label="Backup 1" row={backup} busy={busy} onChoose={may ? onChoose : null} />}
      </div>
      <h2>What counts</h2>
      <div className="weights">
        {Object.entries(weights).map(([field, weight]) => {
          const near = turn(options, weights, field);
          return (
            <div key={field}>
              <label htmlFor={`w-${field}`}>{field}</label>
              <input id={`w-${field}`} type="range" min={0} max={MOST} step={0.1} value={weight} onChange={(e) => onWeights({ ...weights, [field]: Number(e.target.value) })} />
              <output htmlFor={`w-${field}`}>{weight.toFixed(1)}</output>
              <small className="tip">{near ? `at ${near.at.toFixed(1)}: ${near.first.title} first` : "changes nothing"}</small>
            </div>
          );
        })}
      </div>
      <div className="row">
        <button type="button" disabled={!moved || busy} onClick={() => onKeep(changed)}>Keep these weights</button>
        <button type="button" className="quiet" disabled={!moved} onClick={() => onWeights(decision.weights)}>As it was</button>
      </div>
      <h2>All that fit</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label="All that fit">
        <table>
          <thead><tr><th scope="col">what</th><th scope="col">score</th>{decision.fields.map((f) => <th key={f} scope="col">{f}</th>)}<th scope="col">from</th>{may && <th><span className="sr">Choose</span></th>}</tr></thead>
          <tbody>
            {list.map(({ share, option }) => (
              <tr key={option.id} className={option === top.option ? "first" : option === backup?.option ? "second" : undefined}>
                <th scope="row">{option.title}</th>
                <td><meter min={0} max={1} value={share} aria-hidden="true" /> {percent(share)}</td>
                {decision.fields.map((f) => <td key={f}>{option.values[f] ?? <small>not known</small>}</td>)}
                <td><small>{option.source}</small></td>
                {may && <td><button type="button" className="quiet" disabled={busy} aria-label={`Choose ${option.title}`} onClick={() => onChoose(option.id)}>choose</button></td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {grounds}
    </>
  );
}

function Grounds({ decision, without }: { decision: Decision; without: string[] }) {
  return (
    <>
      {decision.documents_silent && <p className="because">Your own documents say nothing of what there is here.</p>}
      {Object.entries(decision.grounds).map(([title, lines]) => lines.length > 0 && !without.includes(title) && (
        <section key={title} className="grounds"><h2>{title}</h2><ul>{lines.map((line) => <li key={line}>{line}</li>)}</ul></section>
      ))}
    </>
  );
}

function Card({ label, row, busy, onChoose }: { label: string; row: { share: number; option: Choice }; busy: boolean; onChoose: ((id: string) => void) | null }) {
  const { share, option } = row;
  return (
    <div className={label === "Top 1" ? "panel best" : "panel"}>
      <small>{label}</small>
      <h3>{option.title}</h3>
      <p><small>{percent(share)} · from {option.source}{option.link && <> · <a href={option.link} rel="noreferrer noopener" target="_blank">open</a></>}</small></p>
      {onChoose && <button type="button" className={label === "Top 1" ? "primary" : undefined} disabled={busy} onClick={() => onChoose(option.id)}>Choose this</button>}
    </div>
  );
}
