/** Key, looks, and what the server finds of its machine. */

import { useState } from "react";
import { get, key, setKey } from "./api";
import type { Finding } from "./types";

export function Settings({ onKey }: { onKey: () => void }) {
  const [now, setNow] = useState(key());
  const [found, setFound] = useState<Finding[] | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const look = () => {
    setBusy(true);
    get<{ findings: Finding[] }>("v1/doctor").then((r) => { setFound(r.findings); setProblem(""); }, (e: Error) => setProblem(e.message)).finally(() => setBusy(false));
  };
  return (
    <section className="settings">
      <h1>Settings</h1>
      <form onSubmit={(e) => { e.preventDefault(); setKey(now); onKey(); }}>
        <label>Key of this server<input type="password" autoComplete="off" value={now} onChange={(e) => setNow(e.target.value)} /></label>
        <p className="price">It stays in this tab, and goes to this server alone. <code>manyminds serve</code> prints it behind the <code>#</code>.</p>
        <button type="submit" className="primary">Keep for this tab</button>
      </form>
      <h2>Doctor</h2>
      <button type="button" disabled={busy} onClick={look}>{busy ? "Looks…" : "Look at everything a run needs"}</button>
      {problem && <p role="alert" className="problem">{problem}</p>}
      <ul className="findings">
        {found?.map((f) => (
          <li key={f.what} className={f.works ? "good" : "bad"}>
            <b>{f.works ? "✔" : "✘"} {f.what}</b> {f.found}
            {f.fix && <p>fix: <code>{f.fix}</code></p>}
          </li>
        ))}
      </ul>
      <h2>Keys</h2>
      <dl className="keys">
        <dt><kbd>/</kbd></dt><dd>ask something</dd>
        <dt><kbd>r</kbd></dt><dd>runs</dd>
        <dt><kbd>s</kbd></dt><dd>settings</dd>
        <dt><kbd>1</kbd> <kbd>2</kbd> <kbd>3</kbd></dt><dd>simple, standard, detailed</dd>
        <dt><kbd>Ctrl</kbd> <kbd>Enter</kbd></dt><dd>ask, from the box</dd>
        <dt><kbd>Esc</kbd></dt><dd>close a passage</dd>
      </dl>
    </section>
  );
}
