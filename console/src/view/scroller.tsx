// A box that scrolls: reached by keyboard, named for screen readers.
import type { ComponentChildren, RefObject } from "preact";

interface Props {
  label: string;
  children: ComponentChildren;
  box?: RefObject<HTMLElement | null>;
  kind?: string;
}

export function Scroller({ label, children, box, kind = "" }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys scroll only what has the focus
    <section class={`scroller ${kind}`} ref={box ?? null} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

/** The height of rows that are not there. */
export function Spacer({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr
      class="spacer"
      ref={(row) => {
        row?.style.setProperty("height", `${height}px`);
      }}
    />
  );
}
