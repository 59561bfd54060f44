// Two handles on one track: a span from one number to another.

interface Props {
  label: string;
  min: number;
  max: number;
  step: number;
  from: number;
  to: number;
  told: (value: number) => string;
  onChange: (from: number, to: number) => void;
}

export function SpanSlider({ label, min, max, step, from, to, told, onChange }: Props) {
  const clamp = (value: number) => Math.min(max, Math.max(min, value));
  const [low, high] = [
    clamp(Number.isFinite(from) ? from : min),
    clamp(Number.isFinite(to) ? to : max),
  ];
  const share = (value: number) => `${((value - min) / (max - min || 1)) * 100}%`;
  return (
    <div
      class="span-slider"
      ref={(node) => {
        node?.style.setProperty("--from", share(low));
        node?.style.setProperty("--to", share(high));
      }}
    >
      <input
        type="range"
        aria-label={`${label}, from`}
        aria-valuetext={told(low)}
        {...{ min, max, step }}
        value={low}
        onInput={(event) => onChange(Math.min(Number(event.currentTarget.value), high), high)}
      />
      <input
        type="range"
        aria-label={`${label}, to`}
        aria-valuetext={told(high)}
        {...{ min, max, step }}
        value={high}
        onInput={(event) => onChange(low, Math.max(Number(event.currentTarget.value), low))}
      />
    </div>
  );
}
