/** Who stood where, and who moved: groups of equal answers from one comparison to the next. */

import { short, type Snapshot } from "./board";

const WIDTH = 640;
const ROW = 34;
const GAP = 14;
const BOX = 168;
const COLOURS = 8;

interface Box {
  key: string;
  x: number;
  y: number;
  height: number;
  members: string[];
}

export function Movement({ snapshots, seats, leader }: { snapshots: Snapshot[]; seats: string[]; leader: string | null }) {
  if (snapshots.length === 0) return null;
  const columns = snapshots.map((snapshot, place) => boxes(snapshot, place, snapshots.length, seats));
  const height = Math.max(...columns.map((boxes_) => boxes_.reduce((sum, b) => Math.max(sum, b.y + b.height), 0))) + 4;
  const moves = columns.slice(1).flatMap((column, place) => links(columns[place]!, column, seats));
  return (
    <svg className="movement" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={told(snapshots)}>
      {moves.map((m) => (
        <path key={`${m.member}-${m.x}`} d={m.path} className={`thread c${m.colour} ${m.moved ? "moved" : ""}`}>
          <title>{m.title}</title>
        </path>
      ))}
      {columns.flatMap((column, place) =>
        column.map((box) => (
          <g key={`${place}-${box.key}`} className={place === columns.length - 1 && box.key === leader ? "box leads" : "box"}>
            <rect x={box.x} y={box.y} width={BOX} height={box.height} rx="8" />
            <text x={box.x + 12} y={box.y + 21}>{short(box.key, 15)}</text>
            {box.members.map((member, row) => {
              const seat = Math.max(0, seats.indexOf(member));
              return (
                <g key={member}>
                  <circle cx={box.x + BOX - 16} cy={box.y + ROW / 2 + row * ROW} r="11" className={`seat c${seat % COLOURS}`} />
                  <text x={box.x + BOX - 16} y={box.y + ROW / 2 + row * ROW + 4} className="seat-name" textAnchor="middle">{short(member, 3)}</text>
                </g>
              );
            })}
            <title>{`${box.key}: ${box.members.join(", ")}`}</title>
          </g>
        )),
      )}
    </svg>
  );
}

function boxes(snapshot: Snapshot, place: number, count: number, seats: string[]): Box[] {
  const x = count === 1 ? 0 : (place * (WIDTH - BOX)) / (count - 1);
  let y = 2;
  return snapshot.groups.map((group) => {
    const members = [...group.members].sort((a, b) => seats.indexOf(a) - seats.indexOf(b));
    const box = { key: group.canonical.key, x, y, height: Math.max(1, members.length) * ROW, members };
    y += box.height + GAP;
    return box;
  });
}

function links(from: Box[], to: Box[], seats: string[]) {
  return from.flatMap((box) =>
    box.members.flatMap((member, row) => {
      const target = to.find((b) => b.members.includes(member));
      if (!target) return [];
      const [x1, y1] = [box.x + BOX, box.y + ROW / 2 + row * ROW];
      const [x2, y2] = [target.x, target.y + ROW / 2 + target.members.indexOf(member) * ROW];
      const bend = (x2 - x1) / 2;
      const moved = target.key !== box.key;
      const title = moved ? `${member} went from ${box.key} to ${target.key}` : `${member} stayed with ${box.key}`;
      return [{ member, x: x1, colour: Math.max(0, seats.indexOf(member)) % COLOURS, moved, title, path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
    }),
  );
}

function told(snapshots: Snapshot[]): string {
  return snapshots
    .map((s, i) => `Comparison ${i + 1}: ${s.groups.map((g) => `${g.canonical.key} by ${g.members.join(", ")}`).join("; ")}`)
    .join(". ");
}
