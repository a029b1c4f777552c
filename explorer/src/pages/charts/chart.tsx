import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onTheme } from '../../theme.ts';
import type { Columns } from './chart-data.ts';

/** A line or a cloud of points; colours are the names of the design's tokens. */
export interface ChartSeries {
  label: string;
  color: string;
  kind: 'line' | 'points' | 'edge' | 'bars';
}

interface ChartProps {
  columns: Columns;
  series: readonly ChartSeries[];
  x: 'time' | 'count';
  /** A value of the vertical axis in words. */
  format(value: number): string;
  /** The vertical axis' bounds; by the data, from zero, if left out. */
  range?: ((columns: Columns) => [number, number]) | undefined;
}

const HEIGHT = 240;

/** The picture alone: what it says is beside it in words and as a table. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let plot: UPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = new UPlot(optionsOf(props, element), props.columns as UPlot.AlignedData, element);
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const stop = onTheme(draw);
    return () => {
      stop();
      resized.disconnect();
      plot?.destroy();
    };
  }, [props]);
  return <div class="chart" ref={place} aria-hidden="true" />;
}

function optionsOf({ columns, series, x, format, range }: ChartProps, element: HTMLElement): UPlot.Options {
  const style = getComputedStyle(element);
  const token = colourReader(element);
  const axis: UPlot.Axis = {
    stroke: token('--ink-soft'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: token('--line'), width: 1 },
    ticks: { stroke: token('--line'), width: 1 },
  };
  const bands = series.findIndex(({ kind }) => kind === 'edge') + 1;
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: x === 'time', range: (_, min, max) => padded(min, max) },
      y: { range: (_, __, max) => (range ? range(columns) : [0, max > 0 ? 1.08 * max : 1]) },
    },
    axes: [
      { ...axis, size: 34, ...(x === 'time' ? { values: timesOf } : {}) },
      { ...axis, size: 68, values: (_, values) => values.map(format) },
    ],
    series: [{}, ...series.map((one) => seriesOf(one, token))],
    ...(bands > 0 ? { bands: [{ series: [bands + 1, bands] as [number, number], fill: token('--accent-soft') }] } : {}),
  };
}

/** Room beside the first and the last, so that no point is cut in two. */
function padded(min: number, max: number): [number, number] {
  const room = max > min ? 0.03 * (max - min) : 1;
  return [min - room, max + room];
}

/** As fine as the steps between them, by a clock of 24 hours. */
function timesOf(_: UPlot, splits: number[], __: number, ___: number, stepS: number): string[] {
  const options: Intl.DateTimeFormatOptions =
    stepS >= 86_400
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', ...(stepS < 60 ? { second: '2-digit' } : {}) };
  return splits.map((timeS) => new Date(1_000 * timeS).toLocaleString('en-GB', options));
}

function seriesOf({ label, color, kind }: ChartSeries, token: (name: string) => string): UPlot.Series {
  const stroke = token(color);
  if (kind === 'points') return { label, stroke, paths: () => null, points: { show: true, size: 5, fill: stroke, width: 0 } };
  if (kind === 'edge') return { label, stroke, width: 1, dash: [4, 4], points: { show: false } };
  const bars = UPlot.paths.bars?.({ size: [0.8, 40] });
  if (kind === 'bars' && bars) return { label, stroke, fill: stroke, width: 0, paths: bars, points: { show: false } };
  return { label, stroke, width: 2, points: { show: false } };
}

/** What a token is in the theme that is shown: a canvas knows no `light-dark()`. */
function colourReader(element: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('span');
    probe.style.color = `var(${name})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
