/** Why a run failed and what it wasted, as the server's rules see it; each finding leads to its place. */

import { useEffect, useState } from "react";
import { get } from "./api";
import { Code } from "./text";

interface Finding { code: string; name: string; step: number; member: string; evidence: string; why: string; confidence: number; prevents: string; tokens: number | null; seconds: number | null }
interface Diagnosis { findings: Finding[]; decisive: Finding | null; disagreement: { score: number; first: number; last: number } | null; told: { step: number; member: string; code: string; heeded: boolean | null }[] }

const HEEDED = new Map<boolean | null, string>([[true, "it did"], [false, "it went on as before"], [null, "it did nothing after"]]);

export function Why({ run, onAt }: { run: string; onAt: (event: number) => void }) {
  const [found, setFound] = useState<Diagnosis | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    get<Diagnosis>(`v1/runs/${run}/diagnosis`, stop.signal).then(setFound, (e: Error) => stop.signal.aborted || setProblem(e.message));
    return () => stop.abort();
  }, [run]);
  if (problem) return <p role="alert" className="problem">{problem}</p>;
  if (!found) return null;
  const decisive = found.decisive;
  const differ = found.disagreement;
  return (
    <section className="panel" aria-labelledby="why">
      <h2 id="why">What went wrong <small>{found.findings.length === 0 ? "nothing that a rule sees" : `findings: ${found.findings.length}`}{differ && ` · disagreement ${differ.score.toFixed(2)}`}</small></h2>
      {found.findings.map((f, i) => {
        const first = decisive !== null && f.step === decisive.step && f.code === decisive.code;
        const cost = [f.tokens && `${f.tokens.toLocaleString()} tokens`, f.seconds && `${f.seconds.toFixed(1)} s`].filter(Boolean).join(", ");
        return (
          <article key={i} className="finding">
            <h3><span className="key">{f.code}</span> {f.name}{first && <> <span className="badge contradicted">decisive</span></>}</h3>
            <p>{f.member}, event {f.step}: {f.why} <small>({Math.round(f.confidence * 100)} % sure{cost && `; cost ${cost}`})</small></p>
            <details><summary>what shows it</summary><Code text={f.evidence} /><p>What prevents it: {f.prevents}</p></details>
            <p><button type="button" onClick={() => onAt(f.step + 1)}>Look there</button></p>
          </article>
        );
      })}
      {found.told.length > 0 && (
        <ul>
          {found.told.map((t, i) => <li key={i}><b>{t.member}</b> was told while it worked, against {t.code}: {HEEDED.get(t.heeded)}</li>)}
        </ul>
      )}
    </section>
  );
}
