import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

type Rgb = [number, number, number];

// Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision
// Deficiency (2009), severity 1, over linear RGB.
const EYES: Record<string, Rgb[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
// Side by side, two colours that are this far apart in CIELAB are told apart at a glance.
const APART = 20;

const style = readFileSync("src/style.css", "utf8");
const [light = "", dark = ""] = style.split("@media (prefers-color-scheme: dark)");

function colour(text: string, name: string): Rgb {
  const hex = text.match(new RegExp(`--${name}: #([0-9a-f]{6});`))?.[1];
  assert.ok(hex, name);
  return [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255) as Rgb;
}

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const times = (rows: Rgb[], [a, b, c]: Rgb) =>
  rows.map(([x, y, z]) => Math.min(1, Math.max(0, x * a + y * b + z * c))) as Rgb;

function lab(rgb: Rgb): Rgb {
  const [r, g, b] = rgb;
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function apart(one: Rgb, other: Rgb, eye: Rgb[]): number {
  const [a, b] = [one, other].map((rgb) => lab(times(eye, rgb.map(linear) as Rgb)));
  return Math.hypot(...(a ?? []).map((part, i) => part - (b?.[i] ?? 0)));
}

/** A cell as it is painted: the hue over the ground, as far as the fullest cell goes. */
function painted(text: string, name: string, strength: number): Rgb {
  const fullest = Number(text.match(/--fullest: (\d+)%/)?.[1]) / 100;
  const ground = colour(text, "surface");
  const share = fullest * strength;
  return colour(text, name).map((part, i) => part * share + (ground[i] ?? 0) * (1 - share)) as Rgb;
}

for (const [scheme, text] of Object.entries({ light, dark })) {
  for (const [name, eye] of Object.entries(EYES)) {
    test(`gains and losses are told apart, ${scheme}, ${name}`, () => {
      assert.ok(apart(colour(text, "up"), colour(text, "down"), eye) > APART);
      for (const strength of [0.5, 1]) {
        const [gain, loss] = [painted(text, "up", strength), painted(text, "down", strength)];
        assert.ok(apart(gain, loss, eye) > APART / 2, `at ${strength}: ${apart(gain, loss, eye)}`);
      }
    });
  }
}
