// The forward pass of the textbook LeNet-5 (tanh, averages), every intermediate number kept.
const SHAPES = [ // name, maps, side; the dense layers are maps of one unit
  ["image", 1, 28], ["C1", 6, 28], ["S2", 6, 14], ["C3", 16, 10], ["S4", 16, 5], ["C5", 120, 1], ["F6", 84, 1], ["scores", 10, 1],
];
const WEIGHTS = { C1: [6, 1, 5], C3: [16, 6, 5], C5: [120, 400, 1], F6: [84, 120, 1], scores: [10, 84, 1] }; // maps, inputs, side of the kernel

/** A number of 16 bits, as IEEE 754 stores it. */
export function halfFloat(bits) {
  const exponent = (bits >> 10) & 31, fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14);
}

/** The weights and biases of each layer from a DataView of 61,706 numbers of 16 bits, in PyTorch's order. */
export function readWeights(view) {
  let at = 0;
  const take = (count) => Float32Array.from({ length: count }, () => halfFloat(view.getUint16(2 * at++, true)));
  return Object.fromEntries(Object.entries(WEIGHTS).map(([name, [maps, inputs, side]]) =>
    [name, { weight: take(maps * inputs * side * side), bias: take(maps) }]));
}

/** The unit of `layer`: which part of the layer below it reads, and the weights that it reads it with. */
export function unitOf(layer, map, row, column) {
  const at = SHAPES.findIndex(([name]) => name === layer), [below, maps, side] = SHAPES[at - 1];
  if (layer[0] === "S" && WEIGHTS[layer] === undefined) return { below, maps: [map], side, top: 2 * row, left: 2 * column, size: 2, average: true };
  const [, , kernel] = WEIGHTS[layer], padding = layer === "C1" ? 2 : 0;
  if (kernel === 1) return { below, maps: [...Array(maps).keys()], side, top: 0, left: 0, size: side };
  return { below, maps: [...Array(maps).keys()], side, top: row - padding, left: column - padding, size: kernel };
}

/** What a unit sees of the image: [top, left, size], which may reach over its edge. */
export function fieldOf(layer, row, column) {
  if (["C5", "F6", "scores"].includes(layer)) return [-2, -2, 32];
  const [start, step, size] = { image: [0, 1, 1], C1: [-2, 1, 5], S2: [-2, 2, 6], C3: [-2, 2, 14], S4: [-2, 4, 16] }[layer];
  return [start + step * row, start + step * column, size];
}

/** The terms of a unit's sum: values below, weights, products (all maps one after the other), bias, sum and value. */
export function sumOf(network, values, layer, map, row, column) {
  const unit = unitOf(layer, map, row, column), { weight, bias } = network[layer] ?? {};
  const inputs = [], weights = [];
  unit.maps.forEach((from, index) => {
    for (let y = 0; y < unit.size; y++) {
      for (let x = 0; x < unit.size; x++) {
        const down = unit.top + y, right = unit.left + x, inside = down >= 0 && right >= 0 && down < unit.side && right < unit.side;
        inputs.push(inside ? values[unit.below][(from * unit.side + down) * unit.side + right] : 0);
        weights.push(unit.average ? 0.25 : weight[((map * unit.maps.length + index) * unit.size + y) * unit.size + x]);
      }
    }
  });
  const products = inputs.map((value, at) => value * weights[at]);
  const sum = products.reduce((total, term) => total + term, 0) + (unit.average ? 0 : bias[map]);
  return { ...unit, inputs, weights, products, bias: unit.average ? 0 : bias[map], sum, value: unit.average || layer === "scores" ? sum : Math.tanh(sum) };
}

function convolve(input, channels, side, { weight, bias }, maps, padding) {
  const out = side + 2 * padding - 4, result = new Float32Array(maps * out * out);
  for (let map = 0; map < maps; map++) {
    for (let row = 0; row < out; row++) {
      for (let column = 0; column < out; column++) {
        let sum = bias[map];
        for (let channel = 0; channel < channels; channel++) {
          for (let y = Math.max(0, padding - row); y < 5 && row + y - padding < side; y++) {
            const line = (channel * side + row + y - padding) * side - padding, kernel = ((map * channels + channel) * 5 + y) * 5;
            for (let x = Math.max(0, padding - column); x < 5 && column + x - padding < side; x++) sum += weight[kernel + x] * input[line + column + x];
          }
        }
        result[(map * out + row) * out + column] = Math.tanh(sum);
      }
    }
  }
  return result;
}

function average(input, maps, side) {
  const out = side / 2, result = new Float32Array(maps * out * out);
  for (let map = 0, at = 0; map < maps; map++) {
    for (let row = 0; row < out; row++) {
      for (let column = 0; column < out; column++) {
        const corner = (map * side + 2 * row) * side + 2 * column;
        result[at++] = (input[corner] + input[corner + 1] + input[corner + side] + input[corner + side + 1]) / 4;
      }
    }
  }
  return result;
}

function dense(input, { weight, bias }, squash) {
  return Float32Array.from(bias, (start, unit) => {
    let sum = start;
    for (let from = 0; from < input.length; from++) sum += weight[unit * input.length + from] * input[from];
    return squash ? Math.tanh(sum) : sum;
  });
}

/** The values of every layer for an image of 784 numbers of mean 0 and spread 1. */
export function forward(network, image) {
  const C1 = convolve(image, 1, 28, network.C1, 6, 2), S2 = average(C1, 6, 28);
  const C3 = convolve(S2, 6, 14, network.C3, 16, 0), S4 = average(C3, 16, 10);
  const C5 = dense(S4, network.C5, true), F6 = dense(C5, network.F6, true);
  return { image, C1, S2, C3, S4, C5, F6, scores: dense(F6, network.scores, false) };
}

/** Probabilities from scores. */
export function softmax(scores) {
  const top = Math.max(...scores), powers = Array.from(scores, (score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
