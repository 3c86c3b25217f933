/** A run as it is shown: folded from its events, one by one, live and when it is played again. */

import type { Answer, Group, Member, Note, Plan, Recorded, Ruling, RunEvent, Spend, Verdict, Words } from "./types";

export interface Line {
  number: number;
  at: number;
  who: string;
  text: string;
  /** What stands behind it: code, a passage, a reply. */
  detail?: string;
  tone?: "good" | "bad" | "you";
}

export interface Pane {
  name: string;
  way: string;
  model: string;
  state: "working" | "finished" | "failed" | "cancelled";
  round: number;
  step: string;
  since: number;
  ended: number | null;
  /** Milliseconds of earlier rounds. */
  worked: number;
  tokens: number;
  usd: number | null;
  pieces: number;
  words: string;
  thinking: boolean;
  note: Note | null;
  verdict: Verdict | null;
  moved: { result: string; reason: string; from: string; to: string } | null;
  lines: Line[];
  version: number;
}

export interface Snapshot {
  round: number;
  groups: Group[];
}

const TOLD = 60;
const WORDS = 600;

export class Board {
  run = "";
  question = "";
  strategy = "";
  seats: Member[] = [];
  limits: { tokens: number | null; usd: number | null; seconds: number | null } = { tokens: null, usd: null, seconds: null };
  began = 0;
  now = 0;
  count = 0;
  phases: { phase: string; round: number; why: string; at: number }[] = [];
  panes = new Map<string, Pane>();
  snapshots: Snapshot[] = [];
  cruxes: { id: string; question: string; rulings: Ruling[] | null }[] = [];
  verdicts = new Map<string, Verdict>();
  lines: Line[] = [];
  plan: Plan | null = null;
  asked: { what: "plan" | "address" | "act"; text: string; plan: Plan | null; number: number } | null = null;
  scores: Record<string, number> = {};
  answer: Answer | null = null;
  stoppedBy: string | null = null;
  seconds: number | null = null;
  tokensIn = 0;
  tokensOut = 0;
  tokensCached = 0;
  usd: number | null = 0;
  kwh: [number, number] | null = [0, 0];
  bySteps = new Map<string, number>();
  paused = false;
  over = false;
  version = 0;

  take(recorded: Recorded): void {
    this.version++;
    this.count = recorded.number + 1;
    this.run = recorded.run;
    this.now = Date.parse(recorded.at);
    this.fold(recorded.event, recorded.number);
  }

  hear(words: Words): void {
    const pane = this.panes.get(words.member);
    if (pane === undefined || !pane.thinking) return; // it came after the reply that it was part of
    this.touch(pane);
    pane.pieces = words.pieces;
    pane.words = (pane.words + words.text).slice(-WORDS);
    pane.step = "writes";
  }

  get groups(): Group[] {
    return this.snapshots.at(-1)?.groups ?? [];
  }

  private touch(pane: Pane): void {
    pane.version++;
    this.version++;
  }

  private tell(number: number, who: string, text: string, more: Partial<Line> = {}): void {
    const line: Line = { number, at: this.now, who, text, ...more };
    this.lines.push(line);
    const pane = this.panes.get(who);
    if (pane) {
      pane.lines = [...pane.lines.slice(-TOLD), line];
      this.touch(pane);
    }
  }

  private pay(member: string, spend: Spend, purpose: string): void {
    this.tokensIn += spend.tokens_in;
    this.tokensOut += spend.tokens_out;
    this.tokensCached += spend.tokens_cached;
    this.usd = spend.usd === null || this.usd === null ? null : this.usd + Number(spend.usd);
    this.kwh = spend.kwh_low === null || spend.kwh_high === null || this.kwh === null ? null : [this.kwh[0] + spend.kwh_low, this.kwh[1] + spend.kwh_high];
    this.bySteps.set(purpose, (this.bySteps.get(purpose) ?? 0) + spend.tokens_in + spend.tokens_out);
    const pane = this.panes.get(member);
    if (!pane) return;
    pane.tokens += spend.tokens_in + spend.tokens_out;
    pane.usd = spend.usd === null || pane.usd === null ? null : pane.usd + Number(spend.usd);
    pane.thinking = false;
    pane.pieces = 0;
    pane.words = "";
    this.touch(pane);
  }

  private step(member: string, step: string): Pane | undefined {
    const pane = this.panes.get(member);
    if (pane) {
      pane.step = step;
      this.touch(pane);
    }
    return pane;
  }

  private fold(event: RunEvent, number: number): void {
    switch (event.kind) {
      case "run_started":
        this.question = event.task.prompt;
        this.strategy = event.strategy;
        this.seats = event.members;
        this.limits = { ...event.limits, usd: event.limits.usd === null ? null : Number(event.limits.usd) };
        this.began = this.now;
        this.tell(number, "run", `${event.strategy} with ${event.members.length} member${event.members.length === 1 ? "" : "s"}`);
        break;
      case "member_started":
        this.seat(event.member, event.round);
        break;
      case "member_ended": {
        const pane = this.step(event.member, event.reason || event.state);
        if (pane) {
          pane.state = event.state;
          pane.ended = this.now;
          pane.worked += Math.max(0, this.now - pane.since);
          pane.thinking = false;
        }
        if (event.reason) this.tell(number, event.member, `${event.state}: ${event.reason}`, { tone: event.state === "failed" ? "bad" : undefined });
        break;
      }
      case "phase_started":
        this.phases.push({ phase: event.phase, round: event.round, why: event.why, at: this.now });
        this.tell(number, "run", `${event.phase}: ${event.why}`);
        break;
      case "requested": {
        const pane = this.step(event.member, "thinks");
        if (pane) {
          pane.thinking = true;
          pane.pieces = 0;
          pane.words = "";
        }
        break;
      }
      case "replied":
        this.pay(event.member, event.spend, event.purpose);
        this.step(event.member, "thought");
        this.tell(number, event.member, `thought for ${event.seconds.toFixed(1)} s`, { detail: event.text || JSON.stringify(event.calls) });
        break;
      case "request_failed":
        this.pay(event.member, event.spend, "lost");
        this.step(event.member, event.retry_in_s === null ? "failed" : `waits ${event.retry_in_s.toFixed(0)} s`);
        this.tell(number, event.member, event.message, { tone: event.error === "RunCancelled" ? undefined : "bad" });
        break;
      case "step_refused":
        this.tell(number, event.member, `no ${event.limit} left for one more step`, { tone: "bad" });
        break;
      case "tool_called":
        this.step(event.member, `uses ${event.tool}`);
        break;
      case "tool_returned": {
        const first = event.evidence[0];
        const result = event.error ?? (first ? (first.source ?? last(first.output)) : "nothing found");
        this.step(event.member, `${event.tool}: ${short(result, 40)}`);
        const detail = event.error ? event.error : event.evidence.map((e) => `${e.request}\n→ ${e.output}`).join("\n\n");
        this.tell(number, event.member, `${event.tool}: ${short(result, 90)}`, { detail, tone: event.error ? "bad" : undefined });
        break;
      }
      case "note_shared": {
        const pane = this.panes.get(event.note.member);
        if (pane) {
          if (pane.note && pane.moved && pane.moved.to === "") pane.moved = { ...pane.moved, to: event.note.canonical.key };
          pane.note = event.note;
        }
        this.tell(number, event.note.member, `answers ${short(event.note.answer, 90)}`, { detail: event.note.reason });
        break;
      }
      case "checked": {
        this.verdicts.set(event.author, event.verdict);
        const pane = this.panes.get(event.author);
        if (pane) {
          pane.verdict = event.verdict;
          this.touch(pane);
        }
        break;
      }
      case "planned":
        this.plan = event.plan;
        this.asked = null;
        this.tell(number, "run", `plan: ${event.plan.parts.map((p) => p.question).join("; ")}`);
        break;
      case "person_asked":
        this.asked = { what: event.what, text: event.text, plan: event.plan ?? null, number };
        this.tell(number, "run", event.what === "plan" ? "waits for you: the plan" : `waits for you: ${event.text}`, { tone: "you" });
        break;
      case "steered":
        this.heed(event.what, event.text);
        this.tell(number, "you", `${event.what} ${event.text}`.trim(), { tone: "you" });
        break;
      case "resumed":
        this.tell(number, "run", "its process had ended; it goes on");
        break;
      case "cited":
        this.tell(number, event.member, `${SAID[event.support]}: ${short(event.claim, 120)}`, { tone: event.support === "contradicted" ? "bad" : event.support === "supported" ? "good" : undefined });
        break;
      case "clarified":
        this.tell(number, "run", `asked back: ${event.question}`);
        break;
      case "remark_made":
        this.tell(number, event.remark.author, `${event.remark.kind}: ${short(event.remark.text, 140)}`);
        break;
      case "remark_rejected":
        this.tell(number, event.author, `was not heard: ${event.reason}`, { tone: "bad" });
        break;
      case "ranked":
        this.tell(number, "run", `${event.ranking.ranker} puts ${event.authors[event.ranking.order[0] ?? 0]} first: ${event.ranking.reason}`);
        break;
      case "nudged":
      case "held_back":
        this.tell(number, event.member, `is told: ${short(event.text, 140)}`);
        break;
      case "routed":
        this.tell(number, "run", `${event.route}, effort ${event.effort}: ${event.why}`);
        break;
      case "compared":
        this.compare({ round: event.round, groups: event.groups });
        this.tell(number, "run", `answers: ${event.groups.map((g) => `${short(g.canonical.key, 40)} (${g.members.length})`).join(", ") || "none"}`);
        break;
      case "crux_named":
        this.cruxes = [...this.cruxes, { ...event.crux, rulings: null }];
        this.tell(number, "run", `${event.crux.id}: ${event.crux.question}`);
        break;
      case "crux_settled":
        this.cruxes = this.cruxes.map((c) => (c.id === event.crux ? { ...c, rulings: event.rulings } : c));
        this.tell(number, "run", `${event.crux}: ${event.rulings.filter((r) => r.support !== "unsure").map((r) => `${short(r.canonical.key, 40)} ${r.support}`).join(", ") || "not settled"}`);
        break;
      case "revised": {
        const pane = this.panes.get(event.member);
        if (pane) {
          // A note that changed was shared before it is said that it did.
          const was = this.groupOf(event.member);
          pane.moved = { result: event.result, reason: event.reason, from: was, to: pane.note?.canonical.key ?? "" };
        }
        this.tell(number, event.member, `${event.result} its answer: ${event.reason}`);
        break;
      }
      case "selected":
        this.scores = event.scores;
        this.tell(number, "run", `chosen, word for word: ${event.author}'s. ${event.why}`, { tone: "good" });
        break;
      case "run_ended":
        this.answer = event.answer;
        this.stoppedBy = event.stopped_by;
        this.seconds = event.seconds;
        this.asked = null;
        this.over = true;
        this.paused = false;
        break;
    }
  }

  private groupOf(member: string): string {
    return this.groups.find((g) => g.members.includes(member))?.canonical.key ?? "";
  }

  private seat(member: Member, round: number): void {
    const known = this.panes.get(member.name);
    const pane: Pane = known ?? {
      name: member.name, way: member.way, model: member.model, state: "working", round, step: "starts", since: this.now, ended: null, worked: 0,
      tokens: 0, usd: 0, pieces: 0, words: "", thinking: false, note: null, verdict: null, moved: null, lines: [], version: 0,
    };
    Object.assign(pane, { state: "working", round, step: "starts", since: this.now, ended: null });
    this.panes.set(member.name, pane);
    this.touch(pane);
  }

  private heed(what: string, text: string): void {
    if (what === "pause") this.paused = true;
    if (what === "go" || what === "now" || what === "cancel") this.paused = false;
    if (this.asked !== null && (text === this.asked.text || ["now", "cancel", "plan"].includes(what))) this.asked = null;
  }

  private compare(next: Snapshot): void {
    const before = this.snapshots.at(-1);
    const same = before !== undefined && key(before) === key(next);
    if (!same) this.snapshots = [...this.snapshots, next];
  }
}

const SAID = { supported: "in a source", contradicted: "a source says otherwise", unsure: "in no source" } as const;

function key(snapshot: Snapshot): string {
  return JSON.stringify(snapshot.groups.map((g) => [g.canonical.key, [...g.members].sort()]).sort());
}

export function short(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

function last(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Play events from the first one up to a number of them. */
export function boardOf(events: readonly Recorded[], count = events.length): Board {
  const board = new Board();
  for (const recorded of events.slice(0, count)) board.take(recorded);
  return board;
}
