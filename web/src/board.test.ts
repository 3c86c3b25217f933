import { expect, test } from "vitest";
import { Board, boardOf } from "./board";
import type { Recorded, RunEvent } from "./types";

const spend = { tokens_in: 10, tokens_cached: 0, tokens_out: 5, usd: "0.5", kwh_low: 1, kwh_high: 2 };
const member = { name: "m1", way: "compute", model: "x" };

function told(...events: RunEvent[]): Recorded[] {
  return events.map((event, number) => ({ run: "r", number, at: new Date(number * 1_000).toISOString(), event }));
}

const START: RunEvent[] = [
  { kind: "run_started", task: { prompt: "6 * 7?", has_docs: false }, strategy: "heavy", members: [member], limits: { tokens: 100, usd: null, seconds: null }, tools: [] },
  { kind: "member_started", member, round: 1 },
  { kind: "requested", step: 1, member: "m1", model: "x", purpose: "work" },
];
const REPLY: RunEvent = { kind: "replied", step: 1, member: "m1", model: "x", purpose: "work", text: "42", calls: [], finish: "stop", spend, seconds: 1 };

test("words are shown while they are written, and gone with the reply", () => {
  const board = boardOf(told(...START));
  board.hear({ member: "m1", pieces: 2, text: "for" });
  board.hear({ member: "m1", pieces: 3, text: "ty" });
  expect(board.panes.get("m1")).toMatchObject({ words: "forty", pieces: 3, step: "writes" });
  board.take({ run: "r", number: 3, at: new Date(3_000).toISOString(), event: REPLY });
  expect(board.panes.get("m1")).toMatchObject({ words: "", pieces: 0, tokens: 15, usd: 0.5 });
  board.hear({ member: "m1", pieces: 4, text: "-two" }); // of the reply that has come whole
  expect(board.panes.get("m1")?.words).toBe("");
});

test("what is not known stays unknown however much is added", () => {
  const unknown = { ...REPLY, spend: { ...spend, usd: null, kwh_low: null } } as RunEvent;
  const board = boardOf(told(...START, unknown, START[2]!, REPLY));
  expect([board.usd, board.kwh, board.tokensIn]).toEqual([null, null, 20]);
});

test("a question to the person is open until it is answered", () => {
  const asked: RunEvent = { kind: "person_asked", what: "address", text: "https://a.example/", plan: null };
  const events = told(...START, asked, { kind: "steered", what: "hint", text: "soon" }, { kind: "steered", what: "page", text: "https://a.example/" });
  expect(boardOf(events, 5).asked?.text).toBe("https://a.example/");
  expect(boardOf(events, 6).asked).toBeNull();
});

test("a run can be seen as it stood at any of its events", () => {
  const events = told(...START, REPLY);
  expect(boardOf(events, 2).panes.get("m1")?.step).toBe("starts");
  expect(boardOf(events, 3).panes.get("m1")?.step).toBe("thinks");
  expect(boardOf(events).count).toBe(4);
});

test("the same comparison twice is one", () => {
  const board = new Board();
  const groups = [{ label: "A", canonical: { kind: "number", key: "42" }, members: ["m1", "m2"] }];
  const turned = [{ ...groups[0]!, members: ["m2", "m1"] }];
  for (const one of told({ kind: "compared", round: 1, groups }, { kind: "compared", round: 1, groups: turned })) board.take(one);
  expect(board.snapshots).toHaveLength(1);
});
