// How numbers, times and sizes are written: aligned, with units, times in UTC.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** A large number in short: `48 000` variants are read, 1.2 billion are grasped. */
export function brief(value: number): string {
  if (value < 1e6) return count(value);
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(
    value,
  );
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = value;
  let place = 0;
  while (size >= 1024 && place < units.length - 1) {
    size /= 1024;
    place += 1;
  }
  return `${size >= 100 || place === 0 ? size.toFixed(0) : size.toFixed(1)} ${units[place]}`;
}

export function seconds(value: number): string {
  if (value < 0.1) return "< 0.1 s";
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 120) return `${value.toFixed(0)} s`;
  return value < 7200 ? `${(value / 60).toFixed(0)} min` : `${brief(value / 3600)} h`;
}

export function percent(value: number, digits = 2): string {
  return `${value.toFixed(digits)} %`;
}

/** `2024-01-31 10:00`, UTC. */
export function moment(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** A sentence of the service, which begins and ends as one. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

export function day(iso: string): string {
  return iso.slice(0, 10);
}

export function price(value: number): string {
  const digits = value >= 1000 ? 2 : value >= 1 ? 4 : 8;
  return new Intl.NumberFormat("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

export function amount(value: number): string {
  return new Intl.NumberFormat("en-US", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: "exceptZero",
  }).format(value);
}

/** A ratio with five decimals at most, as the report prints its own; `–` where it is undefined. */
export function ratio(value: number | null): string {
  return value === null ? "–" : String(Number(value.toFixed(5)));
}
