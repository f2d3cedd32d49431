// What a replay counts and says: answers, confusions, changes, stories. It stands before replay.js.
/** The class of every picture at each of `moments`. A byte is 16 times the moments since the one before, plus a class; 0 moments begin a picture. */
export function answersOf(packed, moments) {
  const pictures = packed.filter((byte) => byte < 16).length, answers = Array.from({ length: moments }, () => new Uint8Array(pictures));
  let picture = -1, moment = 0;
  for (const byte of packed) {
    if (byte < 16) [picture, moment] = [picture + 1, 0];
    moment += byte >> 4;
    for (let at = moment; at < moments; at++) answers[at][picture] = byte & 15;
  }
  return answers;
}

/** The 784 shades, from 0 to 15, of the picture number `at`; two of them stand in a byte. */
export const shadesOf = (packed, at) => [...packed.subarray(392 * at, 392 * (at + 1))].flatMap((byte) => [byte >> 4, byte & 15]);

/** How many pictures of each class were taken for which: `kinds` x `kinds` counts, row = true class. */
export function confusionOf(answers, labels, kinds) {
  const counts = Array(kinds * kinds).fill(0);
  labels.forEach((label, at) => { counts[label * kinds + answers[at]] += 1; });
  return counts;
}

const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** The share of pictures on the diagonal. */
export const accuracyOf = (counts, kinds) => total(counts.filter((_, at) => at % (kinds + 1) === 0)) / total(counts);

/** How many pictures became right and how many became wrong between two moments. */
export function turned(before, after, labels) {
  const found = { learned: 0, lost: 0 };
  labels.forEach((label, at) => {
    if (before[at] !== label && after[at] === label) found.learned += 1;
    if (before[at] === label && after[at] !== label) found.lost += 1;
  });
  return found;
}

/** The length of the change of the filters, as a share of their length before. */
export const changeOf = (before, after) => Math.sqrt(total([...after].map((value, at) => (value - before[at]) ** 2)) / total([...before].map((value) => value ** 2)));

/** The most frequent mistake: [row, column]. */
export function worstOf(counts, kinds) {
  const mistakes = counts.map((count, at) => (at % (kinds + 1) ? count : 0)), at = mistakes.indexOf(Math.max(...mistakes));
  return [Math.floor(at / kinds), at % kinds];
}

/** The pictures of a cell of the matrix, by their place in the test set. */
export const pictures = (answers, labels, [row, column]) => [...labels.keys()].filter((at) => labels[at] === row && answers[at] === column);

const percent = (share) => `${number(100 * share, 1)} %`;
const many = (count, word = "picture") => `${number(count)} ${word}${count === 1 ? "" : "s"}`;
const before = (moment) => (moment > 1 ? `epoch ${moment - 1}` : "the start");
const nameOf = ([row, column], classes) => (row === column ? `${classes[row]}, recognized` : `${classes[row]} taken for ${classes[column]}`);

/** What there is to say about a moment of `run`. */
export function tellMoment(run, moment, labels, classes) {
  const counts = run.counts[moment], [row, column] = worstOf(counts, classes.length);
  const right = `${percent(accuracyOf(counts, classes.length))} of ${many(labels.length, "test picture")} right`;
  const worst = ` Most frequent mistake: ${nameOf([row, column], classes)}, ${number(counts[row * classes.length + column])}.`;
  if (!moment) return `Before training: ${right}.${worst}`;
  const { learned, lost } = turned(run.answers[moment - 1], run.answers[moment], labels);
  return `After epoch ${moment}: ${right} (training: ${percent(run.training[moment - 1])}). Since ${before(moment)}, ${number(learned)} became right and ` +
    `${number(lost)} became wrong; the first kernels changed by ${number(100 * changeOf(run.kernels[moment - 1], run.kernels[moment]))} %.${worst}`;
}

/** What there is to say about a cell at a moment, of which `shown` pictures are shown (null: none are at hand). */
export function tellCell(run, moment, cell, labels, classes, shown) {
  const now = pictures(run.answers[moment], labels, cell), name = nameOf(cell, classes);
  if (!now.length) return `${name}: no picture at this moment.`;
  const stayed = moment ? now.filter((at) => run.answers[moment - 1][at] === cell[1]).length : 0;
  return `${name}: ${many(now.length)}, ${shown === null ? "not at hand, since this page was built without the real data" : `${number(shown)} of them shown`}.` +
    (moment ? ` ${number(stayed)} of the ${number(now.length)} were here at ${before(moment)} too.` : "");
}

/** What the model holds, unpacked: for each run its answers, counts and kernels by moment. */
export function unpack(model) {
  const labels = byteArray(model.get("labels")), packed = byteArray(model.get("answers")), view = model.get("filters"), kinds = model.get("classes").length;
  const weights = new Int8Array(view.buffer, view.byteOffset, view.byteLength);
  let byte = 0, weight = 0;
  return { labels, runs: model.get("runs").map((run) => {
    const moments = run.training.length + 1, size = run.kernels[2], answers = answersOf(packed.slice(byte, byte += run.bytes), moments);
    const kernels = answers.map(() => weights.slice(weight, weight += size));
    return { ...run, answers, kernels, shape: run.kernels, counts: answers.map((each) => confusionOf(each, labels, kinds)) };
  }) };
}
