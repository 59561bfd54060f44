// Small pictures that need no library: a line of prices, a histogram.
import { count, percent } from "./format";
import type { Step } from "./series";

const WIDTH = 600;
// one variant among 600 000 is still seen
const LEAST_HEIGHT = 1.5;

/** A line of prices across the whole width. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const height = 64;
  const least = Math.min(...values);
  const span = Math.max(...values) - least || 1;
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map(
    (value, i) =>
      `${(i * step).toFixed(1)},${(height - 3 - ((value - least) / span) * (height - 6)).toFixed(1)}`,
  );
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon points={`0,${height} ${points.join(" ")} ${WIDTH},${height}`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}

/** How full each part of a range is: solid where everything is there, gaps where nothing is. */
export function CoverageBar({ shares, label }: { shares: number[]; label: string }) {
  const width = WIDTH / Math.max(1, shares.length);
  return (
    <svg
      class="coverage-bar"
      viewBox={`0 0 ${WIDTH} 6`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {shares.map((share, i) => (
        <rect key={i} x={i * width} y={0} width={width + 0.5} height={6} opacity={share} />
      ))}
    </svg>
  );
}

interface Mark {
  value: number;
  title: string;
  kind: string;
}

interface HistogramProps {
  steps: Step[];
  marks: Mark[];
  label: string;
}

/** Returns in steps, with marks on the axis beneath. */
export function Histogram({ steps, marks, label }: HistogramProps) {
  const reach = [
    ...steps.flatMap(({ from, to }) => [from, to]),
    ...marks.map((mark) => mark.value),
  ];
  const [least, greatest] = [Math.min(...reach), Math.max(...reach)];
  const span = greatest - least || 1;
  const height = (n: number) => (n === 0 ? 0 : Math.max(LEAST_HEIGHT, (n / most) * 112));
  const most = Math.max(...steps.map((step) => step.n), 1);
  const x = (value: number) => ((value - least) / span) * WIDTH;
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${WIDTH} 120`} preserveAspectRatio="none" role="img" aria-label={label}>
        {steps.map((step) => (
          <rect
            key={step.from}
            x={x(step.from)}
            width={Math.max(1, x(step.to) - x(step.from) - 1)}
            y={119 - height(step.n)}
            height={height(step.n)}
          >
            <title>{`${percent(step.from, 1)} to ${percent(step.to, 1)}: ${count(step.n)}`}</title>
          </rect>
        ))}
        {marks.map((mark) => (
          <line
            key={mark.kind}
            class={`mark ${mark.kind}`}
            x1={x(mark.value)}
            x2={x(mark.value)}
            y1="0"
            y2="120"
          />
        ))}
      </svg>
      <div class="scale" aria-hidden="true">
        <span>{percent(least, 1)}</span>
        <span>{percent(greatest, 1)}</span>
      </div>
      <figcaption>
        {marks.map((mark) => (
          <span key={mark.kind} class={`legend ${mark.kind}`}>
            {mark.title}: {percent(mark.value)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
