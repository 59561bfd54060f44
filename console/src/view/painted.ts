// What is drawn into a chart by its own hand, and asks where a bar is.
import type {
  IChartApi,
  IPanePrimitive,
  IPanePrimitivePaneView,
  ITimeScaleApi,
  PaneAttachedParameter,
  PrimitivePaneViewZOrder,
  Time,
} from "lightweight-charts";

export type Target = Parameters<
  NonNullable<ReturnType<IPanePrimitivePaneView["renderer"]>>["draw"]
>[0];

export abstract class Painted implements IPanePrimitive<Time> {
  private chart: IChartApi | null = null;
  private readonly view: IPanePrimitivePaneView;

  constructor(layer: PrimitivePaneViewZOrder) {
    this.view = {
      zOrder: () => layer,
      renderer: () => ({
        draw: (target) => {
          if (this.chart) this.draw(target, this.chart.timeScale());
        },
      }),
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

  protected abstract draw(target: Target, scale: ITimeScaleApi<Time>): void;
}
