// Rows of signals in a pane of a chart: long above the line of a row, short beneath it.
import type { ITimeScaleApi, Time } from "lightweight-charts";
import { Painted, type Target } from "./painted";
import type { Row, Strip } from "./signals";

/** Heights in CSS pixels: of a row, and of its title. */
export const ROW_HEIGHT = 28;
const TITLE_HEIGHT = 13;

interface Colours {
  long: string;
  short: string;
  line: string;
  text: string;
  font: string;
}

export class Strips extends Painted {
  constructor(
    private readonly rows: Row[],
    private readonly colours: Colours,
  ) {
    super("normal");
  }

  protected draw(target: Target, scale: ITimeScaleApi<Time>): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const height = mediaSize.height / this.rows.length;
      const half = (height - TITLE_HEIGHT - 2) / 2;
      this.rows.forEach(({ title, strips }, i) => {
        const middle = i * height + TITLE_HEIGHT + half;
        context.fillStyle = this.colours.line;
        context.fillRect(0, middle, mediaSize.width, 0.5);
        this.drawStrips(context, strips, scale, { width: mediaSize.width, middle, half });
        context.fillStyle = this.colours.text;
        context.font = `10px ${this.colours.font}`;
        context.fillText(title, 4, i * height + TITLE_HEIGHT - 3);
      });
    });
  }

  private drawStrips(
    context: CanvasRenderingContext2D,
    strips: Strip[],
    scale: ITimeScaleApi<Time>,
    { width, middle, half }: { width: number; middle: number; half: number },
  ): void {
    // only whole places have a coordinate, in the middle of the bar
    const spacing = scale.options().barSpacing;
    const origin = (scale.logicalToCoordinate(0 as never) ?? 0) - spacing / 2;
    for (const { from, to, long, short } of strips) {
      const left = origin + from * spacing;
      if (left > width || origin + to * spacing < 0) continue;
      // what is thinner than a pixel would not be seen
      const across = Math.max((to - from) * spacing, 0.5);
      context.fillStyle = this.colours.long;
      context.fillRect(left, middle - half * long, across, half * long);
      context.fillStyle = this.colours.short;
      context.fillRect(left, middle, across, half * short);
    }
  }
}
