// Shaded spans of time behind a chart.
import type {
  IChartApi,
  IPanePrimitive,
  IPanePrimitivePaneView,
  PaneAttachedParameter,
  Time,
} from "lightweight-charts";

type Target = Parameters<NonNullable<ReturnType<IPanePrimitivePaneView["renderer"]>>["draw"]>[0];

/** Places of the first bar inside a band and of the first one after it. */
export interface Span {
  from: number;
  to: number;
}

export class Bands implements IPanePrimitive<Time> {
  private chart: IChartApi | null = null;
  private readonly view: IPanePrimitivePaneView;

  constructor(spans: Span[], colour: string) {
    this.view = {
      zOrder: () => "bottom",
      renderer: () => ({ draw: (target) => this.draw(target, spans, colour) }),
    };
  }

  attached({ chart, requestUpdate }: PaneAttachedParameter<Time>): void {
    this.chart = chart as IChartApi;
    requestUpdate();
  }

  detached(): void {
    this.chart = null;
  }

  paneViews(): readonly IPanePrimitivePaneView[] {
    return [this.view];
  }

  private draw(target: Target, spans: Span[], colour: string): void {
    const scale = this.chart?.timeScale();
    if (!scale) return;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio }) => {
      context.fillStyle = colour;
      spans.forEach(({ from, to }, i) => {
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
