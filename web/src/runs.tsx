/** Runs that are kept: found again by their words, opened, and held beside each other. */

import { useEffect, useState } from "react";
import { AnswerCard, Receipt, VerdictPanel } from "./answer";
import { get } from "./api";
import { short } from "./board";
import { money, percent, seconds, tokens } from "./format";
import { useRun } from "./run";
import type { Row } from "./types";

export function Runs({ onOpen, onCompare }: { onOpen: (run: string) => void; onCompare: (a: string, b: string) => void }) {
  const [rows, setRows] = useState<Row[] | null>(null);
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      get<{ runs: Row[] }>(`v1/runs?limit=50&search=${encodeURIComponent(search)}`, stop.signal).then(
        (found) => { setRows(found.runs); setProblem(""); },
        (e: Error) => e.name === "AbortError" || setProblem(e.message),
      );
    }, search ? 200 : 0);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [search]);
  const choose = (run: string) => setChosen((c) => (c.includes(run) ? c.filter((r) => r !== run) : [...c.slice(-1), run]));
  return (
    <section className="runs">
      <h1>Runs</h1>
      <div className="row">
        <label className="sr" htmlFor="search">Search questions and answers</label>
        <input id="search" type="search" placeholder="Search questions and answers…" value={search} onChange={(e) => setSearch(e.target.value)} />
        <button type="button" disabled={chosen.length !== 2} onClick={() => onCompare(chosen[0]!, chosen[1]!)}>Compare two</button>
      </div>
      {problem && <p role="alert" className="problem">{problem}</p>}
      {rows?.length === 0 && <p className="empty">{search ? "Nothing holds all of these words." : "No runs yet. Ask something."}</p>}
      <ul className="rows">
        {rows?.map((row) => (
          <li key={row.run}>
            <input type="checkbox" aria-label={`Compare ${row.run}`} checked={chosen.includes(row.run)} onChange={() => choose(row.run)} />
            <a href={`#/run/${row.run}`} onClick={(e) => { e.preventDefault(); onOpen(row.run); }}>
              <b>{short(row.question ?? "", 110)}</b>
              <span>{row.answer === null ? <i>{row.state === "finished" ? "no answer" : row.state}</i> : short(row.answer, 90)}</span>
              <small>
                <code>{row.run}</code> · {row.strategy ?? "queued"}{row.confidence !== null && ` · ${percent(row.confidence)} sure`}
                {row.cost && ` · ${tokens(row.cost.tokens_in + row.cost.tokens_out)} tokens · ${money(row.cost.usd)} · ${seconds(row.cost.seconds)}`}
              </small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Compare({ pair }: { pair: [string, string] }) {
  return (
    <section className="compare">
      <h1>Two runs beside each other</h1>
      <div className="two">{pair.map((run) => <Side key={run} run={run} />)}</div>
    </section>
  );
}

function Side({ run }: { run: string }) {
  const { board, link, why } = useRun(run, null);
  return (
    <div className="side">
      <p className="crumbs"><a href={`#/run/${run}`}><code>{run}</code></a> · {board.strategy} · {board.seats.length} member{board.seats.length === 1 ? "" : "s"}</p>
      {link === "failed" && <p role="alert" className="problem">{why}</p>}
      <h2>{board.question}</h2>
      <AnswerCard board={board} full={false} />
      <Receipt board={board} elapsed={board.seconds ?? 0} />
      <VerdictPanel board={board} />
    </div>
  );
}
