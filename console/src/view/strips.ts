// Rows of signals in a pane of a chart: long above the line of a row, short beneath it.
import type {
  IChartApi,
  IPanePrimitive,
  IPanePrimitivePaneView,
  PaneAttachedParameter,
  Time,
} from "lightweight-charts";
import type { Row, Strip } from "./signals";

type Target = Parameters<NonNullable<ReturnType<IPanePrimitivePaneView["renderer"]>>["draw"]>[0];

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

export class Strips implements IPanePrimitive<Time> {
  private chart: IChartApi | null = null;
  private readonly view: IPanePrimitivePaneView;

  constructor(
    private readonly rows: Row[],
    private readonly colours: Colours,
  ) {
    this.view = { renderer: () => ({ draw: (target) => this.draw(target) }) };
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

  private draw(target: Target): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const height = mediaSize.height / this.rows.length;
      const half = (height - TITLE_HEIGHT - 2) / 2;
      this.rows.forEach(({ title, strips }, i) => {
        const middle = i * height + TITLE_HEIGHT + half;
        context.fillStyle = this.colours.line;
        context.fillRect(0, middle, mediaSize.width, 0.5);
        this.drawStrips(context, strips, { width: mediaSize.width, middle, half });
        context.fillStyle = this.colours.text;
        context.font = `10px ${this.colours.font}`;
        context.fillText(title, 4, i * height + TITLE_HEIGHT - 3);
      });
    });
  }

  private drawStrips(
    context: CanvasRenderingContext2D,
    strips: Strip[],
    { width, middle, half }: { width: number; middle: number; half: number },
  ): void {
    const scale = this.chart?.timeScale();
    if (!scale) return;
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
