// Shaded spans of time behind a chart.
import type { ITimeScaleApi, Time } from "lightweight-charts";
import { Painted, type Target } from "./painted";

/** Places of the first bar inside a band and of the first one after it. */
export interface Span {
  from: number;
  to: number;
}

export class Bands extends Painted {
  constructor(
    private readonly spans: Span[],
    private readonly colour: string,
  ) {
    super("bottom");
  }

  protected draw(target: Target, scale: ITimeScaleApi<Time>): void {
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio }) => {
      context.fillStyle = this.colour;
      this.spans.forEach(({ from, to }, i) => {
        const [left, right] = [from, to].map((place) => scale.logicalToCoordinate(place as never));
        if (left == null || right == null) return;
        // only whole places have a coordinate, in the middle of the bar
        const half = scale.options().barSpacing / 2;
        context.globalAlpha = i % 2 === 0 ? 1 : 0.55;
        const x = (left - half) * horizontalPixelRatio;
        context.fillRect(x, 0, (right - left) * horizontalPixelRatio, bitmapSize.height);
      });
      context.globalAlpha = 1;
    });
  }
}
