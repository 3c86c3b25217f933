/** What a run is made of, as the server writes it. Only what the page shows is named here. */

export type Support = "supported" | "contradicted" | "unsure";

export interface Spend {
  tokens_in: number;
  tokens_cached: number;
  tokens_out: number;
  usd: string | number | null;
  kwh_low: number | null;
  kwh_high: number | null;
}

export interface Member {
  name: string;
  way: string;
  model: string;
}

export interface Canonical {
  kind: string;
  key: string;
}

export interface Evidence {
  id: string;
  tool: string;
  request: string;
  output: string;
  source: string | null;
  line_start: number | null;
  title: string | null;
}

export interface Claim {
  text: string;
  support: Support;
  evidence: string[];
}

export interface Note {
  member: string;
  round: number;
  answer: string;
  canonical: Canonical;
  reason: string;
  claims: Claim[];
  evidence: Evidence[];
  confidence: number | null;
  would_change: string | null;
}

export interface Group {
  label: string;
  canonical: Canonical;
  members: string[];
}

export interface Ruling {
  crux: string;
  canonical: Canonical;
  support: Support;
  reason: string;
  evidence: Evidence[];
}

export interface Verdict {
  outcome: "accepted" | "rejected" | "unsure";
  reason: string;
  verifier: string;
}

export interface Citation {
  source: string;
  quote: string;
  support: Support;
  line_start: number | null;
  line_end: number | null;
  title: string | null;
  author: string | null;
  date: string | null;
  read_at: string | null;
}

export interface Part {
  question: string;
  query: string;
}

export interface Plan {
  goal: string;
  parts: Part[];
  sites: string[];
  no_sites: string[];
  pages: number;
  depth: number;
  rounds: number;
  experiment: boolean;
  item: string;
  columns: string[];
}

export interface Statement {
  text: string;
  support: Support;
  citations: number[];
  said_by: string | null;
}

export interface Report {
  plan: Plan;
  sections: { title: string; statements: Statement[] }[];
  table: {
    columns: string[];
    rows: { text: string | null; citations: number[]; why: string }[][];
    completeness: { found: number; believed: number | null; how: string };
    /** Runs of before it was there have none. */
    ranked?: string;
  } | null;
  /** Runs of before it was there have none. */
  comparison?: { columns: string[]; names: string[]; rows: (Statement | null)[][] } | null;
  disputes: { about: string; sides: Statement[]; followed: boolean; why: string }[];
  unsupported: Statement[];
  /** What sources say otherwise; runs of before it was there have none. */
  contradicted?: Statement[];
  not_found: { what: string; why: string }[];
  copies: string[][];
}

export interface Answer {
  outcome: "answered" | "partial" | "none";
  text: string | null;
  canonical: string | null;
  confidence: number | null;
  stated: number | null;
  reason: string | null;
  author: string | null;
  claims: Claim[];
  evidence: Evidence[];
  citations: Citation[];
  dissent: { member: string; answer: string; reason: string }[];
  missing: string[];
  how: string | null;
  report: Report | null;
  disagreement: number | null;
}

export interface ToolCall {
  name: string;
  arguments: Record<string, unknown>;
}

export type RunEvent =
  | { kind: "run_started"; task: { prompt: string; has_docs: boolean }; strategy: string; members: Member[]; limits: { tokens: number | null; usd: string | null; seconds: number | null }; tools: string[] }
  | { kind: "member_started"; member: Member; round: number }
  | { kind: "member_ended"; member: string; state: "finished" | "failed" | "cancelled"; reason: string }
  | { kind: "phase_started"; phase: string; round: number; why: string }
  | { kind: "requested"; step: number; member: string; model: string; purpose: string }
  | { kind: "replied"; step: number; member: string; model: string; purpose: string; text: string; calls: ToolCall[]; finish: string; spend: Spend; seconds: number }
  | { kind: "request_failed"; step: number; member: string; error: string; message: string; retry_in_s: number | null; spend: Spend }
  | { kind: "step_refused"; member: string; limit: string }
  | { kind: "tool_called"; step: number; member: string; tool: string; arguments: Record<string, unknown> }
  | { kind: "tool_returned"; step: number; member: string; tool: string; evidence: Evidence[]; error: string | null; seconds: number }
  | { kind: "note_shared"; note: Note }
  | { kind: "checked"; author: string; verdict: Verdict }
  | { kind: "planned"; plan: Plan; changed: boolean }
  | { kind: "person_asked"; what: "plan" | "address" | "act"; text: string; plan: Plan | null }
  | { kind: "steered"; what: string; text: string }
  | { kind: "resumed"; elapsed_s: number }
  | { kind: "cited"; member: string; claim: string; support: Support }
  | { kind: "clarified"; question: string; answer: string | null }
  | { kind: "remark_made"; remark: { author: string; kind: string; text: string } }
  | { kind: "remark_rejected"; author: string; reason: string }
  | { kind: "ranked"; authors: string[]; ranking: { order: number[]; reason: string; ranker: string } }
  | { kind: "nudged"; member: string; code: string; text: string }
  | { kind: "held_back"; member: string; code: string; text: string; answer: string; question: string | null }
  | { kind: "routed"; route: string; effort: string; confidence: number; why: string }
  | { kind: "compared"; round: number; groups: Group[] }
  | { kind: "crux_named"; crux: { id: string; question: string } }
  | { kind: "crux_settled"; crux: string; rulings: Ruling[] }
  | { kind: "revised"; member: string; result: "kept" | "changed" | "refused"; reason: string }
  | { kind: "selected"; author: string; canonical: string; scores: Record<string, number>; why: string }
  | { kind: "run_ended"; answer: Answer; stopped_by: string | null; seconds: number };

export interface Recorded {
  run: string;
  number: number;
  at: string;
  event: RunEvent;
}

export interface Words {
  member: string;
  pieces: number;
  text: string;
}

export interface Row {
  run: string;
  state: string;
  outcome: string;
  question: string;
  strategy: string | null;
  answer: string | null;
  confidence: number | null;
  cost: { tokens_in: number; tokens_out: number; usd: number | null; seconds: number } | null;
}

export interface Estimate {
  tokens: number;
  usd: number | null;
  seconds: number | null;
  wh: number | null;
  runs: number;
  members: number;
}

export interface Finding {
  what: string;
  works: boolean;
  found: string;
  fix: string | null;
}

/** One thing of a catalogue that fits, as a decision's table has it. */
export interface Choice {
  place: number;
  id: string;
  title: string;
  source: string;
  link: string | null;
  /** What each weighed field is worth, 0 to 1; null: not known. */
  shares: Record<string, number | null>;
  values: Record<string, string | null>;
}

export interface DecisionRow {
  dialogue: string;
  wish: string;
  day: string;
  domain: string;
  chosen: boolean;
}

export interface Decision {
  dialogue: string;
  wish: string;
  domain: string;
  count: number;
  /** How many meet every condition; options are the first of them. */
  fit: number;
  state: "asking" | "proposing" | "decided";
  asked: { field: string; text: string; answers: { text: string; leads_to: string }[] } | null;
  chosen: { id: string; title: string; link: string | null } | null;
  fields: string[];
  weights: Record<string, number>;
  backup: string | null;
  options: Choice[];
  grounds: Record<string, string[]>;
  documents_silent: boolean;
}
