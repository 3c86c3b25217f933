/** One live pane for each member: how it works, what it does right now, what it has cost. */

import { memo, useState } from "react";
import type { Pane } from "./board";
import { modelOf, money, seconds, tokens, wayOf } from "./format";
import { Badge, Code } from "./text";

interface Props {
  pane: Pane;
  version: number;
  now: number;
  place: number;
  full: boolean;
  onDrop?: () => void;
}

/** Words that are on their way, less the punctuation of the protocol that small models speak. */
const plain = (words: string): string => words.replace(/[{}"]|\\n/g, " ").replace(/\baction\s*:\s*\w+,?/, "").replace(/ {2,}/g, " ");

const MARKS: Record<string, string> = { accepted: "supported", rejected: "contradicted", unsure: "unsure" };

export const PaneCard = memo(function PaneCard({ pane, now, place, full, onDrop }: Props) {
  const [open, setOpen] = useState(false);
  const working = pane.state === "working";
  const elapsed = (pane.worked + (working ? Math.max(0, now - pane.since) : 0)) / 1_000;
  const shown = open || full ? pane.lines : pane.lines.slice(-3);
  return (
    <article className={`pane ${pane.state}`} aria-label={`Member ${pane.name}`}>
      <header>
        <span className={`seat-mark c${place % 8}`} aria-hidden="true">{pane.name}</span>
        <div className="who"><b>{wayOf(pane.way)}</b><small title={pane.model}>{modelOf(pane.model)}</small></div>
        <b className="timer">{seconds(elapsed)}</b>
      </header>
      <p className="step"><i className="pulse" aria-hidden="true" />{working ? pane.step : pane.state === "finished" ? "done" : pane.step}{pane.pieces > 0 && ` · ${pane.pieces} tokens`}</p>
      <p className="cost">{tokens(pane.tokens)} tokens · {money(pane.usd)}</p>
      <div className="words" aria-hidden="true">{plain(pane.words)}</div>
      {pane.note && (
        <p className="note">
          <span className="key">{pane.note.canonical.key}</span>{" "}
          {pane.verdict && <Badge support={MARKS[pane.verdict.outcome] as "supported"} />}
          {pane.moved?.result === "changed" && <span className="badge changed" title={pane.moved.reason}>changed its mind</span>}
          {pane.moved?.result === "refused" && <span className="badge unsure" title={pane.moved.reason}>stayed: no new evidence</span>}
        </p>
      )}
      <ul className="log">
        {shown.map((line, i) => (
          <li key={`${line.number}-${i}`} className={line.tone ?? ""}>
            {line.detail && (open || full) ? <details><summary>{line.text}</summary><Code text={line.detail} /></details> : line.text}
          </li>
        ))}
      </ul>
      <footer>
        <button type="button" className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Less" : "All of it"}</button>
        {onDrop && working && <button type="button" className="quiet danger" onClick={onDrop}>Drop</button>}
      </footer>
    </article>
  );
}, (before, after) => before.version === after.version && before.full === after.full && before.onDrop === after.onDrop && (after.pane.state !== "working" || before.now === after.now));
