import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const css = readFileSync(join(__dirname, '../shared/tokens.css'), 'utf8');
type Theme = 'light' | 'dark';
type Colour = [lightness: number, chroma: number, hue: number];

const colours = new Map(
  [...css.matchAll(/--([a-z-]+): light-dark\(oklch\(([^)]+)\), oklch\(([^)]+)\)\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light: parse(light), dark: parse(dark) }],
  ),
);

function parse(text: string): Colour {
  const [lightness = '', chroma = '', hue = ''] = text.split(' ');
  return [Number.parseFloat(lightness) / 100, Number(chroma), Number(hue)];
}

/** Relative luminance (WCAG 2), by way of OKLab and linear sRGB, cut to what a screen can show. */
function luminanceOf([lightness, chroma, hue]: Colour): number {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const [red, green, blue] = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((channel) => Math.min(1, Math.max(0, channel))) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string, theme: Theme): number {
  const [darker, lighter] = [one, other]
    .map((name) => {
      const colour = colours.get(name);
      if (colour === undefined) throw new Error(`tokens.css has no --${name}`);
      return luminanceOf(colour[theme]);
    })
    .sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

const surfaces = ['surface', 'surface-raised', 'surface-sunken', 'surface-hover'];
const kinds = ['good', 'waiting', 'bad', 'info'];
const texts: [text: string, on: string][] = [
  ...['text', 'text-quiet', 'accent', ...kinds].flatMap((text) =>
    surfaces.map((surface): [string, string] => [text, surface]),
  ),
  ...kinds.map((kind): [string, string] => [kind, `${kind}-soft`]),
  ...[...kinds, 'accent'].map((kind): [string, string] => ['text', `${kind}-soft`]),
  ['accent', 'accent-soft'],
  ['accent-text', 'accent'],
  ['accent-text', 'accent-hover'],
];

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  it.each(texts)('%s on %s has a contrast of 4.5', (text, on) => {
    expect(contrast(text, on, theme)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(surfaces.slice(0, 2))('the border of a control on %s has a contrast of 3', (surface) => {
    expect(contrast('line-strong', surface, theme)).toBeGreaterThanOrEqual(3);
  });
});
