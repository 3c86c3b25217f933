/** One run: live while it goes, and played again from any of its events when it is over. */

import { startTransition, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { AnswerCard, Receipt, VerdictPanel } from "./answer";
import { download, follow, post } from "./api";
import { Board, boardOf, short } from "./board";
import { Why } from "./diagnosis";
import { PaneCard } from "./panes";
import { Movement } from "./picture";
import { Approval } from "./plan";
import { Badge, Code } from "./text";
import type { Recorded } from "./types";
import type { View } from "./main";

/** Milliseconds between drawings of words. */
const WORDS_EVERY = 80;

/** Follow a run; the board is one object that changes. */
export function useRun(run: string, shared: readonly Recorded[] | null) {
  const live = useRef(new Board());
  const events = useRef<Recorded[]>([]);
  const [version, setVersion] = useState(0);
  const [link, setLink] = useState<"live" | "reconnecting" | "done" | "failed">("live");
  const [why, setWhy] = useState("");
  useEffect(() => {
    live.current = new Board();
    events.current = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Words come faster than anybody reads: they are drawn together, and what is typed goes first.
    const draw = (within = 0) => {
      timer ??= setTimeout(() => { timer = undefined; startTransition(() => setVersion((v) => v + 1)); }, within);
    };
    if (shared) {
      events.current = [...shared];
      live.current = boardOf(shared);
      draw();
      return () => clearTimeout(timer);
    }
    const stop = follow(run, {
      onEvent: (recorded) => { events.current.push(recorded); live.current.take(recorded); draw(); },
      onWords: (words) => { live.current.hear(words); draw(WORDS_EVERY); },
      onState: (state, reason = "") => { setLink(state); setWhy(reason); },
    });
    return () => { stop(); clearTimeout(timer); };
  }, [run, shared]);
  return { board: live.current, events: events.current, version, link, why };
}

/** The time of the run: its clock while it goes, its last event's when it is over. */
function useNow(board: Board, going: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!going) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [going]);
  return going ? now : board.now;
}

export function Run({ run, shared = null, view, onOpen }: { run: string; shared?: readonly Recorded[] | null; view: View; onOpen: (run: string) => void }) {
  const { board: live, events, version, link, why } = useRun(run, shared);
  const [at, setAt] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const board = useMemo(() => (at === null ? live : boardOf(events, at)), [at, live, events, version]);
  const going = at === null && !board.over && link !== "failed" && !shared;
  const now = useNow(board, going && !board.paused);
  const full = view === "detailed";
  const elapsed = board.seconds ?? (board.began ? Math.max(0, now - board.began) / 1_000 : 0);
  const say = useCallback((path: string, body: unknown = {}) => void post(`v1/runs/${run}/${path}`, body).then(() => setProblem(""), (e: Error) => setProblem(e.message)), [run]);
  const seats = [...new Set([...board.seats.map((m) => m.name), ...board.panes.keys()])];

  return (
    <div className="run">
      <header className="question">
        <p className="crumbs"><code>{run}</code> · {board.strategy || "queued"} {link === "reconnecting" && !board.over && <span className="badge unsure">reconnecting…</span>}{board.paused && <span className="badge changed">paused</span>}{shared && <span className="badge unsure">a copy: raw replies and passages of documents were left out</span>}</p>
        <h1>{board.question || "…"}</h1>
      </header>
      {link === "failed" && <p role="alert" className="problem">{why}</p>}
      {problem && <p role="alert" className="problem">{problem}</p>}
      <Rail board={board} />
      {going && <Approval board={board} onProblem={setProblem} />}
      <AnswerCard board={board} full={view !== "simple"} />
      <Receipt board={board} elapsed={elapsed} />
      {going && <Wheel board={board} say={say} />}
      {view !== "simple" && (
        <section className="panes" aria-label="Members">
          {[...board.panes.values()].map((pane) => (
            <PaneCard key={pane.name} pane={pane} version={pane.version} now={now} place={Math.max(0, seats.indexOf(pane.name))} full={full} onDrop={going ? dropper(say, pane.name) : undefined} />
          ))}
        </section>
      )}
      {view !== "simple" && board.snapshots.length > 0 && <Consensus board={board} seats={seats} />}
      {view !== "simple" && <Cruxes board={board} />}
      {view !== "simple" && <VerdictPanel board={board} />}
      {view !== "simple" && live.over && !shared && <Why run={run} onAt={setAt} />}
      {full && <Log board={board} />}
      {(board.over || at !== null || shared) && <Scrubber events={events} at={at} onAt={setAt} onFork={shared ? null : (k) => void post<{ run: string }>(`v1/runs/${run}/fork`, { at: k, live: true }).then((f) => onOpen(f.run), (e: Error) => setProblem(e.message))} />}
      {board.over && !shared && (
        <p className="row">
          <button type="button" onClick={() => void download(`v1/runs/${run}/share`, `manyminds-${run}.html`).catch((e: Error) => setProblem(e.message))}>Share as one file</button>
          <a className="button" href="#/runs">Compare with another run</a>
        </p>
      )}
      <Spoken board={live} />
    </div>
  );
}

const droppers = new WeakMap<object, Map<string, () => void>>();

/** The same function for the same member, so that a pane that did not change is not drawn again. */
function dropper(say: (path: string, body: unknown) => void, member: string): () => void {
  const known = droppers.get(say) ?? new Map<string, () => void>();
  droppers.set(say, known);
  if (!known.has(member)) known.set(member, () => say("steer", { what: "drop", text: member }));
  return known.get(member)!;
}

const STAGES = ["gate", "plan", "open", "propose", "work", "sample", "compare", "cruxes", "settle", "revise", "cite", "repair", "aggregate"];

function Rail({ board }: { board: Board }) {
  const names = [...new Set(board.phases.map((p) => p.phase))];
  const sorted = [...names].sort((a, b) => (STAGES.indexOf(a) + 1 || 99) - (STAGES.indexOf(b) + 1 || 99));
  const now = board.phases.at(-1);
  return (
    <ol className="rail" aria-label="Stages">
      {sorted.map((name) => (
        <li key={name} className={!board.over && now?.phase === name ? "now" : "done"} title={board.phases.filter((p) => p.phase === name).map((p) => p.why).join("\n")}>{name}</li>
      ))}
      <li className={board.over ? "done" : ""}>{board.over ? (board.answer?.outcome === "answered" ? "answered" : `ended${board.stoppedBy ? `: ${board.stoppedBy}` : ""}`) : "answer"}</li>
      {now && !board.over && <li className="why">{short(now.why, 90)}</li>}
    </ol>
  );
}

function Wheel({ board, say }: { board: Board; say: (path: string, body?: unknown) => void }) {
  const [hint, setHint] = useState("");
  const research = ["orchestrate", "wide"].includes(board.strategy);
  return (
    <form className="wheel" aria-label="Steer" onSubmit={(e) => { e.preventDefault(); if (hint.trim()) { say("steer", { what: "hint", text: hint.trim() }); setHint(""); } }}>
      <label className="sr" htmlFor="hint">A hint for all who work</label>
      <input id="hint" placeholder="A hint for all who work…" value={hint} maxLength={2_000} onChange={(e) => setHint(e.target.value)} />
      <button type="submit" disabled={!hint.trim()}>Steer</button>
      <button type="button" onClick={() => say("steer", { what: board.paused ? "go" : "pause" })}>{board.paused ? "Go on" : "Pause"}</button>
      {!research && <button type="button" onClick={() => say("steer", { what: "add" })} title="It begins when those at work are done">+ member</button>}
      <button type="button" className="primary" onClick={() => say("stop")}>Answer now</button>
      <button type="button" className="danger" onClick={() => say("cancel")}>Cancel</button>
    </form>
  );
}

function Consensus({ board, seats }: { board: Board; seats: string[] }) {
  const groups = board.groups;
  const all = groups.reduce((n, g) => n + g.members.length, 0);
  const alone = groups.filter((g) => g.members.length === 1 && all > 1);
  const word = groups.length === 1 ? "All agree" : groups.length === 0 ? "No answer yet" : "Disputed";
  const movers = [...board.panes.values()].filter((p) => p.moved && p.moved.result !== "kept");
  return (
    <section className="panel" aria-labelledby="consensus">
      <h2 id="consensus">Consensus map <small>{word}{alone.length > 0 && groups.length > 1 && ` · alone: ${alone.map((g) => g.members[0]).join(", ")}`}</small></h2>
      <div className="map" tabIndex={0}><Movement snapshots={board.snapshots} seats={seats} leader={board.answer?.canonical ?? null} /></div>
      {movers.length > 0 && (
        <ul className="movers">
          {movers.map((p) => <li key={p.name}><b>{p.name}</b> {p.moved!.result === "changed" ? "changed its mind" : "did not change, for want of new evidence"}: {p.moved!.reason}</li>)}
        </ul>
      )}
    </section>
  );
}

function Cruxes({ board }: { board: Board }) {
  if (board.cruxes.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="cruxes">
      <h2 id="cruxes">Cruxes, settled with tools</h2>
      {board.cruxes.map((crux) => (
        <article key={crux.id} className="crux">
          <h3>{crux.question}</h3>
          {crux.rulings === null ? <p className="step"><i className="pulse" aria-hidden="true" />being settled</p> : crux.rulings.map((r, i) => (
            <div key={i} className="ruling">
              <p><span className="key">{r.canonical.key}</span> <Badge support={r.support} /> {r.reason}</p>
              {r.evidence.length > 0 && <details><summary>what stands behind it</summary>{r.evidence.map((e) => <Code key={e.id} text={`${e.request}\n→ ${e.output}`} />)}</details>}
            </div>
          ))}
        </article>
      ))}
    </section>
  );
}

function Log({ board }: { board: Board }) {
  return (
    <section className="panel" aria-labelledby="log">
      <h2 id="log">Everything that happened</h2>
      <ol className="all" tabIndex={0}>
        {board.lines.map((line, i) => (
          <li key={i} className={line.tone ?? ""} value={line.number}>
            <b>{line.who}</b> {line.detail ? <details><summary>{line.text}</summary><Code text={line.detail} /></details> : line.text}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Scrubber({ events, at, onAt, onFork }: { events: readonly Recorded[]; at: number | null; onAt: (k: number | null) => void; onFork: ((k: number) => void) | null }) {
  const [playing, setPlaying] = useState(false);
  const place = at ?? events.length;
  useEffect(() => {
    if (!playing) return;
    if (place >= events.length) {
      setPlaying(false);
      onAt(null);
      return;
    }
    const gap = Date.parse(events[place]!.at) - Date.parse(events[Math.max(0, place - 1)]!.at);
    const timer = setTimeout(() => onAt(place + 1), Math.min(800, Math.max(30, gap / 4)));
    return () => clearTimeout(timer);
  }, [playing, place, events, onAt]);
  return (
    <section className={at === null ? "scrubber" : "scrubber playing"} aria-label="Replay">
      <button type="button" onClick={() => { if (!playing && place >= events.length) onAt(1); setPlaying(!playing); }}>{playing ? "Halt" : "Replay"}</button>
      <input type="range" min={1} max={Math.max(1, events.length)} value={place} aria-label="Event" aria-valuetext={`event ${place} of ${events.length}`} onChange={(e) => { setPlaying(false); onAt(Number(e.target.value)); }} />
      <output>{place} of {events.length}</output>
      {at !== null && <button type="button" onClick={() => { setPlaying(false); onAt(null); }}>To the end</button>}
      {onFork && at !== null && at < events.length && <button type="button" title="A new run that begins with these events; what is on record is not paid again" onClick={() => onFork(at)}>Fork from here</button>}
    </section>
  );
}

/** What a screen reader hears: the newest line, not every one of them. */
function Spoken({ board }: { board: Board }) {
  const [line, setLine] = useState("");
  const latest = board.over ? `The run is over. ${board.answer?.text ?? "No answer stands."}` : board.asked ? "The run waits for you." : (board.lines.at(-1)?.text ?? "");
  useEffect(() => {
    const timer = setTimeout(() => setLine(latest), 1_500);
    return () => clearTimeout(timer);
  }, [latest]);
  return <p className="sr" aria-live="polite">{line}</p>;
}
