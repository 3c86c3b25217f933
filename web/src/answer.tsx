/** The answer first, then what speaks for it, against it, and what it cost. */

import type { Board } from "./board";
import { energy, money, percent, seconds, tokens } from "./format";
import { Badge, Cite, Code, Passage, Prose } from "./text";
import type { Answer, Citation, Statement } from "./types";

export function AnswerCard({ board, full }: { board: Board; full: boolean }) {
  const answer = board.answer;
  if (!answer) return <Provisional board={board} />;
  const head = answer.text === null ? "No answer stands" : answer.outcome === "partial" ? "No answer stands. The best there is:" : "Answer";
  return (
    <section className={`answer ${answer.outcome}`} aria-labelledby="answer">
      <header>
        <h2 id="answer">{head}</h2>
        {answer.confidence !== null && <Confidence value={answer.confidence} how={answer.how} />}
      </header>
      {answer.text !== null && <Prose text={answer.text} />}
      {answer.text !== null && (
        <p className="marks">
          {answer.report === null && answer.citations.map((c, i) => <Cite key={i} number={i + 1} citation={c} />)}
          <button type="button" className="quiet" onClick={() => void navigator.clipboard?.writeText(answer.text ?? "")}>Copy</button>
        </p>
      )}
      {answer.missing.length > 0 && (
        <ul className="missing">{answer.missing.map((m) => <li key={m}>{m}</li>)}</ul>
      )}
      {answer.reason && full && <p className="because"><b>Because</b> {answer.reason}</p>}
      {answer.report && <Report answer={answer} />}
    </section>
  );
}

function Provisional({ board }: { board: Board }) {
  const leader = [...board.groups].sort((a, b) => b.members.length - a.members.length)[0];
  const first = [...board.panes.values()].find((p) => p.note)?.note;
  const text = leader ? leader.canonical.key : first?.canonical.key;
  if (text === undefined || board.over) return null;
  const votes = leader ? `${leader.members.length} of ${board.groups.reduce((n, g) => n + g.members.length, 0)} so far` : `${first?.member} alone so far`;
  return (
    <section className="answer provisional">
      <header><h2>So far, not checked to the end</h2><span className="price">{votes}</span></header>
      <p className="key">{text}</p>
    </section>
  );
}

function Confidence({ value, how }: { value: number; how: string | null }) {
  return (
    <span className="confidence" title={how ?? ""}>
      <meter min={0} max={1} low={0.5} high={0.75} optimum={1} value={value} aria-label="Confidence" />
      {percent(value)} sure
    </span>
  );
}

function Marks({ citations, of }: { citations: number[]; of: Citation[] }) {
  return <>{citations.flatMap((n) => (of[n] ? [<Cite key={n} number={n + 1} citation={of[n]} />] : []))}</>;
}

function Said({ statement, citations }: { statement: Statement; citations: Citation[] }) {
  return (
    <>
      {statement.said_by && <i>{statement.said_by}: </i>}
      {statement.text} <Marks citations={statement.citations} of={citations} />
      {statement.support !== "supported" && <> <Badge support={statement.support} /></>}
    </>
  );
}

function Report({ answer }: { answer: Answer }) {
  const report = answer.report!;
  const denied = report.contradicted ?? [];
  return (
    <div className="report">
      {report.sections.map((section, i) => (
        <section key={i}>
          <h3>{section.title}</h3>
          <ul>{section.statements.map((s, j) => <li key={j}><Said statement={s} citations={answer.citations} /></li>)}</ul>
        </section>
      ))}
      {report.comparison && (
        <section>
          <h3>Side by side</h3>
          <div className="scroll" tabIndex={0}>
            <table>
              <thead><tr><th />{report.comparison.columns.map((c) => <th key={c} scope="col">{c}</th>)}</tr></thead>
              <tbody>
                {report.comparison.rows.map((row, i) => (
                  <tr key={i}>
                    <th scope="row">{report.comparison!.names[i]}</th>
                    {row.map((s, j) => <td key={j}>{s ? <Said statement={s} citations={answer.citations} /> : <i>not found</i>}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      {report.table && (
        <section>
          <h3>{report.table.completeness.found} found{report.table.completeness.believed === null ? "" : ` of ${report.table.completeness.believed}`}</h3>
          <p className="price">{report.table.completeness.how}</p>
          {report.table.ranked && <p className="price">{report.table.ranked}</p>}
          <div className="scroll" tabIndex={0}>
            <table>
              <thead><tr>{report.table.columns.map((c) => <th key={c} scope="col">{c}</th>)}</tr></thead>
              <tbody>
                {report.table.rows.map((row, i) => (
                  <tr key={i}>{row.map((cell, j) => <td key={j}>{cell.text ?? <i title={cell.why}>{cell.why || "not found"}</i>} <Marks citations={cell.citations} of={answer.citations} /></td>)}</tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      {report.disputes.length > 0 && (
        <section>
          <h3>What sources dispute</h3>
          {report.disputes.map((d, i) => (
            <div key={i} className="dispute">
              <b>{d.about}</b>
              <ul>{d.sides.map((s, j) => <li key={j}>{d.followed && j === 0 && <span className="badge supported">followed</span>} <Said statement={s} citations={answer.citations} /></li>)}</ul>
              <p className="price">{d.why}</p>
            </div>
          ))}
        </section>
      )}
      {denied.length > 0 && (
        <section>
          <h3>Said, and sources say otherwise</h3>
          <ul>{denied.map((s, i) => <li key={i}><Said statement={s} citations={answer.citations} /></li>)}</ul>
        </section>
      )}
      {report.not_found.length + report.unsupported.length > 0 && (
        <section>
          <h3>Looked for, and not found</h3>
          <ul>
            {report.not_found.map((n, i) => <li key={i}>{n.what}: <i>{n.why}</i></li>)}
            {report.unsupported.map((s, i) => <li key={`u${i}`}>{s.text} <Badge support={s.support} /> <i>said, and in no source</i></li>)}
          </ul>
        </section>
      )}
      {answer.citations.length > 0 && (
        <section>
          <h3>Sources</h3>
          <ol className="sources">{answer.citations.map((c, i) => <li key={i}><Passage citation={c} /></li>)}</ol>
        </section>
      )}
    </div>
  );
}

/** Who came second, who disagrees, and what each answer has for it. */
export function VerdictPanel({ board }: { board: Board }) {
  const answer = board.answer;
  const scores = Object.entries(board.scores).sort((a, b) => b[1] - a[1]);
  if (!answer || (scores.length < 2 && answer.dissent.length === 0 && answer.claims.length === 0)) return null;
  const most = Math.max(...scores.map(([, s]) => s), 0.1);
  return (
    <section className="panel" aria-labelledby="verdict">
      <h2 id="verdict">Verdict</h2>
      {scores.length > 1 && (
        <ol className="scores">
          {scores.map(([key, score], place) => (
            <li key={key}>
              <span className="key">{key}</span>
              <span className="bar"><i style={{ width: `${Math.max(2, (Math.max(0, score) / most) * 100)}%` }} /></span>
              <small>{place === 0 ? "chosen" : place === 1 ? "runner-up" : ""} {score.toFixed(1)}</small>
            </li>
          ))}
        </ol>
      )}
      {answer.claims.length > 0 && (
        <ul className="claims">{answer.claims.map((c, i) => <li key={i}><Badge support={c.support} /> {c.text}</li>)}</ul>
      )}
      {answer.dissent.length > 0 && (
        <>
          <h3>Dissent</h3>
          <ul>{answer.dissent.map((d, i) => <li key={i}><b>{d.member}</b> says <q>{d.answer}</q>: {d.reason}</li>)}</ul>
        </>
      )}
      {answer.evidence.length > 0 && (
        <details>
          <summary>Evidence: {answer.evidence.length} {answer.evidence.length === 1 ? "piece" : "pieces"}</summary>
          {answer.evidence.map((e) => <Code key={e.id} text={`${e.tool}: ${e.request}\n→ ${e.output}`} />)}
        </details>
      )}
    </section>
  );
}

export function Receipt({ board, elapsed }: { board: Board; elapsed: number }) {
  const spent = board.tokensIn + board.tokensOut;
  const { tokens: cap, usd: dollars, seconds: time } = board.limits;
  const steps = [...board.bySteps.entries()].sort((a, b) => b[1] - a[1]);
  return (
    <section className="receipt" aria-label="What it costs">
      <Meter name="tokens" value={spent} most={cap} text={tokens(spent)} />
      <Meter name="dollars" value={board.usd ?? 0} most={dollars} text={money(board.usd)} />
      <Meter name="time" value={elapsed} most={time} text={seconds(elapsed)} />
      <span className="meter"><b>{energy(board.kwh)}</b><small>estimate</small></span>
      {board.tokensCached > 0 && <span className="meter"><b>{tokens(board.tokensCached)}</b><small>from caches</small></span>}
      {steps.length > 1 && (
        <span className="split" title={steps.map(([name, n]) => `${name}: ${tokens(n)}`).join(", ")}>
          {steps.map(([name, n], i) => <i key={name} className={`c${i}`} style={{ flexGrow: n }} aria-label={`${name}: ${tokens(n)} tokens`} />)}
          <small>{steps.map(([name, n]) => `${name} ${tokens(n)}`).join(" · ")}</small>
        </span>
      )}
    </section>
  );
}

function Meter({ name, value, most, text }: { name: string; value: number; most: number | null; text: string }) {
  return (
    <span className="meter">
      <b>{text}</b>
      <small>{most === null ? name : `of ${name === "dollars" ? money(most) : name === "time" ? seconds(most) : tokens(most)}`}</small>
      {most !== null && <progress max={most} value={Math.min(value, most)} aria-label={`${name} of the budget`} />}
    </span>
  );
}
