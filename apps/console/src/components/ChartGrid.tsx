/** Lines at nothing, half of the highest value and that value, each with its figure beside it. */
export function ChartGrid({
  ceiling,
  left,
  right,
  y,
  format = String,
}: {
  ceiling: number;
  left: number;
  right: number;
  y: (value: number) => number;
  format?: (value: number) => string;
}) {
  return [0, 0.5, 1].map((part) => (
    <g key={part}>
      <line className="trend-grid" x1={left} x2={right} y1={y(ceiling * part)} y2={y(ceiling * part)} />
      <text className="trend-label" x={left - 8} y={y(ceiling * part) + 4} textAnchor="end">
        {format(ceiling * part)}
      </text>
    </g>
  ));
}
