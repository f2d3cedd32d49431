// Drawing 28 x 28 pixels by hand, and keeping the drawing in an address.
const SIGN = "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"; // letters that an address carries

/** 784 bytes, rounded to 16 shades, as text: three pixels stand in two letters. */
export function writeDrawing(pixels) {
  let text = "";
  for (let at = 0; at < 784; at += 3) {
    const bits = [0, 1, 2].reduce((sum, step) => (sum << 4) | Math.round((pixels[at + step] ?? 0) / 17), 0);
    text += SIGN[bits >> 6] + SIGN[bits & 63];
  }
  return text;
}

/** The inverse of `writeDrawing`; null for a text that is no drawing. */
export function readDrawing(text) {
  if (text.length !== 524 || [...text].some((letter) => !SIGN.includes(letter))) return null;
  const pixels = new Uint8Array(786);
  for (let at = 0; at < 786; at += 3) {
    const bits = (SIGN.indexOf(text[(at / 3) * 2]) << 6) | SIGN.indexOf(text[(at / 3) * 2 + 1]);
    pixels.set([(bits >> 8) * 17, ((bits >> 4) & 15) * 17, (bits & 15) * 17], at);
  }
  return pixels.slice(0, 784);
}

/** `pixels` with ink (or without, where `erase`) around a point given in pixels; a soft round brush. */
export function brush(pixels, row, column, erase) {
  return pixels.map((old, at) => {
    const ink = clamp(1.7 - Math.hypot(Math.floor(at / 28) + 0.5 - row, (at % 28) + 0.5 - column), 0, 1);
    return erase ? (ink > 0 ? 0 : old) : Math.max(old, Math.round(ink * 15) * 17);
  });
}

/** `pixels` moved by rows and columns; white moves in. */
export const moved = (pixels, down, right) => pixels.map((_, at) => {
  const row = Math.floor(at / 28) - down, column = (at % 28) - right;
  return row >= 0 && row < 28 && column >= 0 && column < 28 ? pixels[row * 28 + column] : 0;
});
