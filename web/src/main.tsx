/** The page: which view is shown, how much of it, and in what light. */

import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Ask } from "./ask";
import { key, takeKey } from "./api";
import { Decide, OneDecision } from "./decide";
import { Run } from "./run";
import { Compare, Runs } from "./runs";
import { Settings } from "./settings";
import type { Recorded } from "./types";
import "./page.css";

export type View = "simple" | "standard" | "detailed";
const VIEWS: View[] = ["simple", "standard", "detailed"];
const LIGHTS = ["auto", "light", "dark"] as const;

function remembered<T extends string>(name: string, known: readonly T[], otherwise: T): T {
  try {
    const found = localStorage.getItem(`manyminds.${name}`) as T | null;
    return found !== null && known.includes(found) ? found : otherwise;
  } catch {
    return otherwise; // a file that was opened from a disk may have no storage
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`manyminds.${name}`, value);
  } catch {
    // it is only forgotten
  }
}

function usePlace(): [string[], (to: string) => void] {
  const read = () => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
  const [place, setPlace] = useState(read);
  useEffect(() => {
    const heard = () => {
      takeKey();
      setPlace(read());
    };
    addEventListener("hashchange", heard);
    return () => removeEventListener("hashchange", heard);
  }, []);
  return [place, (to) => { location.hash = `#/${to}`; }];
}

function App({ shared }: { shared: { run: string; events: Recorded[] } | null }) {
  const [place, go] = usePlace();
  const [view, setView] = useState<View>(() => remembered("view", VIEWS, "standard"));
  const [light, setLight] = useState<(typeof LIGHTS)[number]>(() => remembered("light", LIGHTS, "auto"));
  const [known, setKnown] = useState(shared !== null || key() !== "");
  useEffect(() => { remember("view", view); }, [view]);
  useEffect(() => {
    remember("light", light);
    if (light === "auto") delete document.documentElement.dataset.light;
    else document.documentElement.dataset.light = light;
  }, [light]);
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
      const view_ = VIEWS[Number(e.key) - 1];
      if (view_) setView(view_);
      if (shared) return;
      if (e.key === "/") { e.preventDefault(); go(""); }
      if (e.key === "r") go("runs");
      if (e.key === "d") go("decide");
      if (e.key === "s") go("settings");
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
  const [where, one, two] = place;
  const open = (run: string) => go(`run/${run}`);
  return (
    <>
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>To the content</a>
      <nav className="top" aria-label="Main">
        <a className="brand" href={shared ? undefined : "#/"}><Logo /> <span>manyminds</span></a>
        {!shared && <a href="#/" aria-current={!where ? "page" : undefined}>Ask</a>}
        {!shared && <a href="#/runs" aria-current={where === "runs" ? "page" : undefined}>Runs</a>}
        {!shared && <a href="#/decide" aria-current={where === "decide" ? "page" : undefined}>Decide</a>}
        {!shared && <a href="#/settings" aria-current={where === "settings" ? "page" : undefined}>Settings</a>}
        <span className="grow" />
        <label className="sr" htmlFor="view">How much is shown</label>
        <select id="view" value={view} onChange={(e) => setView(e.target.value as View)}>{VIEWS.map((v) => <option key={v}>{v}</option>)}</select>
        <button type="button" className="quiet" aria-label={`Light: ${light}`} title={`Light: ${light}`} onClick={() => setLight(LIGHTS[(LIGHTS.indexOf(light) + 1) % LIGHTS.length]!)}>{{ auto: "◐", light: "☀", dark: "☾" }[light]}</button>
      </nav>
      <main id="main" tabIndex={-1}>
        {shared ? <Run run={shared.run} shared={shared.events} view={view} onOpen={open} />
          : !known || where === "settings" ? <Settings onKey={() => { setKnown(key() !== ""); go(""); }} />
          : where === "runs" ? <Runs onOpen={open} onCompare={(a, b) => go(`compare/${a}/${b}`)} />
          : where === "decide" ? (one ? <OneDecision key={one} name={one} /> : <Decide onOpen={(name) => go(`decide/${name}`)} />)
          : where === "run" && one ? <Run key={one} run={one} view={view} onOpen={open} />
          : where === "compare" && one && two ? <Compare key={`${one}/${two}`} pair={[one, two]} />
          : <Ask onBegun={open} />}
      </main>
    </>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.4"><circle cx="8" cy="9" r="4" /><circle cx="24" cy="9" r="4" /><circle cx="8" cy="23" r="4" /><circle cx="24" cy="23" r="4" /></g>
      <circle cx="16" cy="16" r="4.6" fill="currentColor" />
    </svg>
  );
}

const held = document.getElementById("shared")?.textContent;
const shared = held ? (JSON.parse(held) as { run: string; events: Recorded[] }) : null;
if (!shared) takeKey();
createRoot(document.getElementById("root")!).render(<StrictMode><App shared={shared} /></StrictMode>);
